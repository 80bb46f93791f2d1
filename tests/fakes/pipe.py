"""Pipe — a TCP line between the daemon and an exchange that cuts what it carries, or is slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK = 65_536


@dataclass
class Pipe:
    """How what comes from the exchange is handed on; what goes there is not touched."""

    # Bytes at a time; None is as they come.
    piece: int | None = None
    # Bytes a second; None is without a limit.
    rate: int | None = None
    # Wait so long for more, so that several frames come at once.
    gather_s: float = 0.0
    carried: int = 0

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[str]:
        """Yield the address of a line to a server of this machine."""
        there = urlsplit(url)
        tasks: set[asyncio.Task[None]] = set()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)
            both = (
                asyncio.create_task(_copy(reader, far_writer)),
                asyncio.create_task(self._bring(far_reader, writer)),
            )
            tasks.update(both)
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for end in (writer, far_writer):
                end.transport.abort()
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            try:
                yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            finally:
                for task in tasks:
                    task.cancel()

    async def _bring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if self.gather_s:
                    await asyncio.sleep(self.gather_s)
                size = self.piece or len(data)
                for at in range(0, len(data), size):
                    writer.write(data[at : at + size])
                    await writer.drain()
                    self.carried += size
                    if self.rate:
                        await asyncio.sleep(size / self.rate)
                    elif self.piece:
                        await asyncio.sleep(0)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
