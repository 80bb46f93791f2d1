"""Tests of the recorder's socket — it ends when it is told to, whatever happens at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from websockets.asyncio.server import ServerConnection, serve

from botmm.clock import SystemClock
from botmm.data.capture.kinds import Kind
from botmm.record.recorder import Label
from botmm.record.socket import LostError, Socket


class Refusing:
    """A venue's tongue that gives the first frame up, and has the task cancelled meanwhile."""

    hello: Sequence[str] = ("hello",)
    ping: str | None = None

    def __init__(self, cancelled: list[asyncio.Task[None]]) -> None:
        self._cancelled = cancelled

    def begin(self) -> None:
        return

    def label(self, frame: bytes) -> Label | None:
        return None

    def heard(self, frame: bytes) -> str | None:
        self._cancelled[0].cancel()
        raise LostError("the venue refused")

    def answered(self, path: str, body: bytes) -> bool:
        return True


def test_it_ends_when_it_is_cancelled_while_the_connection_fails() -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send("first")
        await ws.wait_closed()

    async def script() -> None:
        running: list[asyncio.Task[None]] = []
        taken: list[bytes] = []

        def take(frame: bytes, kind: Kind = Kind.FRAME) -> None:
            taken.append(frame)

        async with serve(handler, "127.0.0.1", 0, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            socket = Socket(
                name="test", group="test", url=f"ws://127.0.0.1:{port}", rest="",
                dialect=Refusing(running), clock=SystemClock(), seed=1,
            )  # fmt: skip
            running.append(asyncio.create_task(socket.run(take, lambda why: None)))
            await asyncio.wait(running, timeout=3)
            assert running[0].cancelled()
            assert taken == [b"first"]

    asyncio.run(script())
