"""Tests of the REST client — it answers within its deadline whatever the other side does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from botmm.clock import SystemClock
from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.rest import Rest

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
DEADLINE_S = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def ask(serve: Serve, **bounds: int) -> tuple[RawReply, float]:
    """Return the reply of a server that lives for one question, and how long it took."""

    async def whole() -> tuple[RawReply, float]:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await serve(reader, writer)
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(client, "127.0.0.1", 0)
        host = host_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        clock = SystemClock()
        async with server, Rest(host, deadline_s=DEADLINE_S, **bounds) as rest:
            began = clock.monotonic()
            reply = await rest.post("/info", b"{}")
            return reply, clock.monotonic() - began

    return asyncio.run(whole())


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 1_000)
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("serve", [silence, drip])
def test_the_deadline_holds_for_the_whole_call(serve: Serve) -> None:
    reply, took = ask(serve)
    assert (reply.status, reply.body, reply.sent) == (None, None, True)
    assert DEADLINE_S * 0.9 <= took < DEADLINE_S + 0.5


def test_a_reply_in_single_bytes_is_whole() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in (HEAD % 4) + b"null":
            writer.write(bytes([byte]))
            await writer.drain()

    assert ask(serve)[0] == RawReply(status=200, body=b"null")


def test_an_oversize_reply_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % 10_000_000)
        for _ in range(1_000):
            writer.write(b"x" * 10_000)
            await writer.drain()

    reply, _ = ask(serve, body_max=50_000)
    assert reply.body is None
    assert reply.sent
    assert "longer than" in reply.why


def test_a_gateways_page_is_a_reply() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        page = b"<html>502 Bad Gateway</html>"
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
        await writer.drain()

    assert ask(serve)[0].status == 502


@pytest.mark.parametrize("sent", [0, 10, 60, 120])
def test_a_reset_at_any_byte_is_a_doubt(sent: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(((HEAD % 100) + b"[" * 50)[:sent])
        await writer.drain()
        writer.transport.abort()

    reply, _ = ask(serve)
    assert (reply.status, reply.body, reply.sent) == (None, None, True)


def test_a_redirect_is_not_followed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )
        await writer.drain()

    assert ask(serve)[0].status == 307


def test_only_a_connection_that_never_was_proves_that_nothing_left() -> None:
    async def whole() -> RawReply:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with Rest(host_of(f"http://127.0.0.1:{port}")) as rest:
            return await rest.post("/exchange", b"{}")

    reply = asyncio.run(whole())
    assert not reply.sent
    assert "no connection" in reply.why


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((HEAD % 2) + b"{}")
        await writer.drain()

    assert ask(serve)[0] == RawReply(status=200, body=b"{}")
