"""Tests of the socket — it comes back from every way of dying, and says when it is down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from botmm.clock import SystemClock
from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.liveness import Liveness
from botmm.exchanges.hyperliquid.stream import Stream, StreamSpec
from botmm.exchanges.hyperliquid.subscriptions import channel_of, name_of

MS = 1_000_000
BOOK = {"type": "l2Book", "coin": "BTC", "fast": True}
TRADES = {"type": "trades", "coin": "BTC"}
FRAME = b'{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[],[]],"fast":true}}'

Handler = Callable[[ServerConnection, int], Awaitable[None]]


class Case:
    """A stream beside a server whose every connection the test decides."""

    def __init__(self, handler: Handler, **other: Any) -> None:
        self.connections = 0
        self.heard: list[tuple[str, bytes]] = []
        self.controls: list[dict[str, Any]] = []
        self.room = True
        self._handler = handler
        self._other = other
        self.stream: Stream

    async def _serve(self, ws: ServerConnection) -> None:
        self.connections += 1
        await self._handler(ws, self.connections)

    def _take(self, channel: str, frame: bytes) -> bool:
        self.heard.append((channel, frame))
        return self.room

    def play(self, script: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with serve(self._serve, "127.0.0.1", 0, compression=None) as server:
                port = server.sockets[0].getsockname()[1]
                row: dict[str, Any] = {
                    "name": "test", "url": f"ws://127.0.0.1:{port}/ws",
                    "subscriptions": {"fast BTC": BOOK, "trades BTC": TRADES}, "silences": {},
                    "size_max": 1 << 16, "ping_ns": 30_000 * MS,
                }  # fmt: skip
                self.stream = Stream(
                    StreamSpec(**row | self._other), SystemClock(), seed=1, take=self._take
                )
                async with asyncio.TaskGroup() as tasks:
                    running = tasks.create_task(self.stream.run())
                    await asyncio.wait_for(script(), 8)
                    running.cancel()

        asyncio.run(whole())

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    async def acknowledge(self, ws: ServerConnection, count: int = 2) -> None:
        for _ in range(count):
            request = json.loads(await ws.recv())
            self.controls.append(request)
            await ws.send(json.dumps({"channel": "subscriptionResponse", "data": request}))


def test_it_is_up_when_every_subscription_is_acknowledged() -> None:
    gate = asyncio.Event()

    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws, 1)
        await gate.wait()
        await case.acknowledge(ws, 1)
        await ws.send(FRAME.decode())
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: len(case.controls) == 1)
        assert not case.stream.up
        gate.set()
        await case.until(lambda: case.stream.up)
        await case.until(lambda: ("l2Book", FRAME) in case.heard)

    case = Case(handler)
    case.play(script)
    assert [row["subscription"] for row in case.controls] == [BOOK, TRADES]


async def close_cleanly(ws: ServerConnection) -> None:
    await ws.close(1001)


async def reset(ws: ServerConnection) -> None:
    ws.transport.abort()


async def reset_within_a_frame(ws: ServerConnection) -> None:
    ws.transport.write(b"\x81\x7e\x10\x00" + b"x" * 100)
    await asyncio.sleep(0.02)
    ws.transport.abort()


async def oversize(ws: ServerConnection) -> None:
    await ws.send("x" * (1 << 17))
    await ws.wait_closed()


async def no_utf8(ws: ServerConnection) -> None:
    ws.transport.write(b"\x83\x02\xff\xfe")
    await ws.wait_closed()


@pytest.mark.parametrize("end", [close_cleanly, reset, reset_within_a_frame, oversize, no_utf8])
def test_it_connects_again_however_the_connection_ends(
    end: Callable[[ServerConnection], Awaitable[None]],
) -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        if number == 1:
            await end(ws)
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: case.stream.links == 2 and case.stream.up)

    case = Case(handler)
    case.play(script)
    assert case.connections == 2


def test_a_connection_that_is_closed_at_once_is_tried_again() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        if number == 1:
            return
        await case.acknowledge(ws)
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: case.stream.up)

    case = Case(handler)
    case.play(script)
    assert case.connections == 2


def test_a_half_open_connection_is_given_up() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: case.stream.links == 2)

    case = Case(handler, silences={"fast BTC": 200 * MS})
    case.play(script)


@pytest.mark.parametrize("answers", [True, False])
def test_a_socket_in_doubt_is_down_until_it_says_anything(answers: bool) -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        case.controls.append(json.loads(await ws.recv()))
        if answers:
            await ws.send('{"channel":"pong"}')
        await ws.wait_closed()

    async def script() -> None:
        loop = asyncio.get_running_loop()
        await case.until(lambda: case.stream.up)
        began = loop.time()
        case.stream.doubt()
        assert not case.stream.up
        await case.until(lambda: case.stream.up)
        assert case.stream.links == (1 if answers else 2)
        assert loop.time() - began < (1 if answers else 4)

    case = Case(handler)
    case.play(script)
    assert case.controls[2] == {"method": "ping"}


def test_a_silent_channel_is_subscribed_again_before_the_socket_is_given_up() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        for _ in range(2):
            case.controls.append(json.loads(await ws.recv()))
        while True:
            await ws.send(FRAME.decode())
            await asyncio.sleep(0.05)

    async def script() -> None:
        await case.until(lambda: len(case.controls) == 4)
        seen = len(case.heard)
        await case.until(lambda: len(case.heard) > seen + 15)
        assert case.stream.links == 1

    case = Case(handler, silences={"fast BTC": 300 * MS})
    case.play(script)
    assert [row["method"] for row in case.controls[2:]] == ["unsubscribe", "subscribe"]


def test_a_reader_that_has_no_room_ends_the_connection() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: case.connections >= 2)

    case = Case(handler)
    case.room = False
    case.play(script)


def test_it_ends_when_it_is_cancelled_while_the_connection_fails() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        await ws.wait_closed()

    async def script() -> None:
        asked: list[asyncio.Task[None]] = []

        def take(channel: str, frame: bytes) -> bool:
            asked[0].cancel()
            return False

        second = asyncio.create_task(
            Stream(case.stream.spec, SystemClock(), seed=1, take=take).run()
        )
        asked.append(second)
        await asyncio.wait([second], timeout=3)
        assert second.cancelled()

    case = Case(handler)
    case.play(script)


def test_posts_are_answered_by_their_number_in_any_order() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        wanted = [json.loads(await ws.recv()) for _ in range(2)]
        for request in reversed(wanted):
            payload = {"status": "ok", "echo": request["request"]["payload"]}
            response = {"type": "action", "payload": payload}
            data = {"id": request["id"], "response": response}
            await ws.send(json.dumps({"channel": "post", "data": data}))
        await ws.wait_closed()

    async def script() -> None:
        await case.until(lambda: case.stream.up)
        replies = await asyncio.gather(
            *(case.stream.post("action", b"[%d]" % n, deadline_s=2) for n in (1, 2))
        )
        assert [json.loads(r.body or b"")["echo"] for r in replies] == [[1], [2]]

    case = Case(handler)
    case.play(script)


def test_a_post_without_an_answer_is_a_doubt_and_one_without_a_socket_is_none() -> None:
    async def handler(ws: ServerConnection, number: int) -> None:
        await case.acknowledge(ws)
        if number == 1:
            await ws.recv()
            await ws.recv()
            ws.transport.abort()
        await ws.wait_closed()

    async def script() -> None:
        first = await case.stream.post("action", b"{}", deadline_s=1)
        assert not first.sent
        await case.until(lambda: case.stream.up)
        late = await case.stream.post("action", b"{}", deadline_s=0.05)
        assert (late.status, late.sent) == (None, True)
        torn: RawReply = await case.stream.post("action", b"{}", deadline_s=2)
        assert (torn.status, torn.sent) == (None, True)

    case = Case(handler)
    case.play(script)


def test_the_venue_is_pinged_and_a_missing_pong_is_noticed() -> None:
    live = Liveness({}, 0, ping_ns=100, pong_ns=50)
    assert live.tick(99) == []
    assert len(live.tick(100)) == 1
    assert live.tick(149) == []
    assert "ping" in live.tick(150)[0].why  # type: ignore[union-attr]
    live.heard("pong", 151)
    assert live.tick(160) == []


def test_frames_are_told_apart_without_reading_them_whole() -> None:
    assert (channel_of(FRAME), name_of("l2Book", FRAME)) == ("l2Book", "fast BTC")
    slow = FRAME.replace(b',"fast":true', b"")
    assert name_of("l2Book", slow) == "l2Book BTC"
    assert channel_of(b'{"data":[],"channel":"trades"}') == "trades"
    assert [channel_of(junk) for junk in (b"", b"hello", b"[1]", b'{"channel":7}')] == [""] * 4
