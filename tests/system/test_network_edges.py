"""Network edge tests — a name that does not resolve, and a server that is not who it says it is."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from botmm.clock import SystemClock
from botmm.errors import VenueError
from botmm.exchanges.emulator import test_account
from botmm.exchanges.hyperliquid.hosts import Host
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.stream import Stream, StreamSpec
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from tests.fakes.processes import DAEMON, SECONDS, python, settings

SECRET = b'{"action":"signed"}'


def host(base: str) -> Host:
    """Return a server that no configuration could name."""
    return Host(base=base, ws=f"ws{base[4:]}/ws", mainnet=False)


def stream_to(there: Host) -> Stream:
    spec = StreamSpec(
        name="market",
        url=there.ws,
        subscriptions={"trades": {"type": "trades", "coin": "BTC"}},
        silences={},
        size_max=1 << 20,
        ping_ns=10**10,
    )
    return Stream(spec, SystemClock(), seed=1, take=lambda channel, frame: True)


async def why_down(stream: Stream) -> str:
    """Return what a stream complains of after its first try."""
    task = asyncio.create_task(stream.run())
    async with asyncio.timeout(10):
        while stream.why == "not connected yet":
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (stream.up, stream.links) == (False, 0)
    return stream.why


def test_a_name_that_does_not_resolve_is_a_connection_that_was_never_made() -> None:
    async def script() -> None:
        there = host("https://no-such-venue.invalid")
        async with Rest(there) as rest:
            reply = await rest.post("/exchange", SECRET)
        assert (reply.status, reply.body, reply.sent) == (None, None, False)
        assert await why_down(stream_to(there))
        owner = test_account(0)
        spec = VenueSpec(host=there, account=owner.address, symbols=("BTC",))
        signer = Signer(owner.key, agent=owner.address, host=there)
        with pytest.raises(VenueError, match="meta: no connection"):
            async with HyperliquidVenue(spec, signer, Nonces(0, lambda upto: None), SystemClock()):
                pass

    asyncio.run(script())


@asynccontextmanager
async def impostor(folder: Path, name: str, heard: list[bytes]) -> AsyncIterator[int]:
    """Serve TLS on this machine under a certificate that nobody vouches for; yield the port."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1")
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1")
    out = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(["openssl", "req", "-x509", *made, *subject, *out], check=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_a_server_under_a_certificate_of_its_own_hears_not_one_byte(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def script() -> None:
        async with impostor(tmp_path, "localhost", heard) as port:
            for name in ("localhost", "127.0.0.1"):
                there = host(f"https://{name}:{port}")
                async with Rest(there) as rest:
                    reply = await rest.post("/exchange", SECRET)
                assert (reply.status, reply.sent) == (None, False)
                assert "certificate" in reply.why.lower()
                assert "certificate" in (await why_down(stream_to(there))).lower()
            # The same server is heard by one who trusts it: it was not deaf.
            trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
            _, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
            writer.write(b"hello")
            await writer.drain()
            async with asyncio.timeout(5):
                while not any(heard):
                    await asyncio.sleep(0.02)
            writer.close()

    asyncio.run(script())
    assert [said for said in heard if said] == [b"hello"]


def test_a_server_that_is_not_the_venue_hears_nothing_of_the_daemon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        url = f"http://127.0.0.2:{listener.getsockname()[1]}"
        process = python(DAEMON, "--paper", *settings(url, tmp_path))
        try:
            _, words = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        assert process.returncode == 2, words
        assert f"{url}: not a server that orders may go to" in words
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
