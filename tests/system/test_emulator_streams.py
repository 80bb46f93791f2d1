"""Emulator streams — acknowledgements, errors, clocks, posts and faults of its WebSocket."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from botmm.clock import ManualClock, SystemClock
from botmm.exchanges.emulator import Emulator, EmulatorConfig, LimitNumbers, test_account
from tests.fakes.emulated_time import pass_time
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.signed import cloid, order, signed

ONE, TWO = test_account(0), test_account(1)


class Socket:
    """One client socket; frames are read until the wanted one comes."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws
        self.frames: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any] | str) -> None:
        await self.ws.send_str(message if isinstance(message, str) else json.dumps(message))

    async def subscribe(self, **wanted: Any) -> dict[str, Any]:
        await self.send({"method": "subscribe", "subscription": wanted})
        return await self.heard("subscriptionResponse")

    async def heard(self, channel: str, seconds: float = 5.0) -> dict[str, Any]:
        """Return the next frame of a channel; the others are kept."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self.ws.receive()
                assert message.type == WSMsgType.TEXT, f"{message} instead of {channel}"
                frame: dict[str, Any] = json.loads(message.data)
                self.frames.append(frame)
                if frame["channel"] == channel:
                    return frame

    async def ended(self, seconds: float = 5.0) -> int | None:
        """Return the close code once the server has left; 1006 is without a word."""
        async with asyncio.timeout(seconds):
            while (message := await self.ws.receive()).type in (WSMsgType.TEXT,):
                self.frames.append(json.loads(message.data))
        return self.ws.close_code

    async def is_quiet(self, seconds: float) -> bool:
        """Whether nothing comes for a while."""
        try:
            message = await asyncio.wait_for(self.ws.receive(), seconds)
        except TimeoutError:
            return True
        assert message.type == WSMsgType.TEXT
        return False


@asynccontextmanager
async def there(
    clock: ManualClock | None = None, **config: Any
) -> AsyncIterator[tuple[Emulator, Socket]]:
    """Run a local exchange with one coin, and a socket to it."""
    settings: dict[str, Any] = {
        "symbols": ("BTC",),
        "speed": 10.0 if clock is None else 1.0,
        "warm_up_s": 20,
        "limits": GENEROUS,
        **config,
    }
    async with (
        Emulator(EmulatorConfig(**settings), clock) as emulator,
        connected(emulator) as socket,
    ):
        yield emulator, socket


@asynccontextmanager
async def connected(emulator: Emulator) -> AsyncIterator[Socket]:
    async with ClientSession(emulator.url) as client, client.ws_connect("/ws") as ws:
        yield Socket(ws)


async def place(emulator: Emulator, px: str, **more: Any) -> Any:
    async with (
        ClientSession(emulator.url) as client,
        client.post("/exchange", json=signed(ONE.key, order(px, **more))) as reply,
    ):
        return await reply.json()


def low(emulator: Emulator) -> str:
    return str(round(emulator.desk.mark(emulator.desk.coins[0]) * 0.97 / 1e8))


def high(emulator: Emulator) -> str:
    return str(round(emulator.desk.mark(emulator.desk.coins[0]) * 1.03 / 1e8))


# Control messages


@pytest.mark.asyncio
async def test_acknowledgements_fill_in_defaults_and_come_first() -> None:
    async with there() as (_, socket):
        ack = await socket.subscribe(type="l2Book", coin="BTC")
        filled = {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None}
        assert ack["data"] == {"method": "subscribe", "subscription": {**filled, "fast": False}}
        assert socket.frames[0] == ack
        upper = "0x" + ONE.address[2:].upper()
        ack = await socket.subscribe(type="userFills", user=upper)
        assert ack["data"]["subscription"] == {
            "type": "userFills",
            "user": ONE.address,
            "aggregateByTime": False,
        }
        await socket.send({"method": "ping"})
        assert await socket.heard("pong") == {"channel": "pong"}


@pytest.mark.asyncio
async def test_errors_are_told_and_the_socket_lives_on() -> None:
    async with there() as (_, socket):
        await socket.subscribe(type="bbo", coin="BTC")
        await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        error = await socket.heard("error")
        assert error["data"] == 'Already subscribed: {"type":"bbo","coin":"BTC"}'
        await socket.send({"method": "unsubscribe", "subscription": {"type": "allMids"}})
        error = await socket.heard("error")
        assert error["data"] == 'Already unsubscribed: {"type":"allMids"}'
        for text in (
            '{"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}',
            '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC","ETH"]}}',
            '{"method":"subscribe"}',
            '{"method":"post","request":{"type":"info","payload":{}}}',
            "[" * 100_000,
            "not json",
        ):
            await socket.send(text)
            error = await socket.heard("error")
            known = f"Error parsing JSON into valid websocket request: {text}"
            assert error["data"] == known


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "bbo", "coin": "btc"},
        {"type": "trades", "coin": "NONE"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 2},
    ],
)
@pytest.mark.asyncio
async def test_what_is_not_listed_ends_the_socket_without_a_word(wanted: dict[str, Any]) -> None:
    async with there() as (_, socket):
        await socket.send({"method": "subscribe", "subscription": wanted})
        assert await socket.ended() == 1006


@pytest.mark.asyncio
async def test_a_minute_of_silence_ends_the_socket_and_a_pong_breaks_it() -> None:
    clock = ManualClock(SystemClock().now())
    async with there(clock, warm_up_s=0) as (emulator, socket):
        for _ in range(2):
            await pass_time(clock, emulator, 40)
            await socket.send({"method": "ping"})
            await socket.heard("pong")
        await pass_time(clock, emulator, 61)
        assert await socket.ended() == 1006


# Streams


@pytest.mark.asyncio
async def test_books_come_by_two_clocks() -> None:
    async with there() as (_, socket):
        await socket.subscribe(type="l2Book", coin="BTC")
        await socket.subscribe(type="l2Book", coin="BTC", fast=True)
        fast, full = [], []
        while len(fast) < 12 or len(full) < 5:
            data = (await socket.heard("l2Book"))["data"]
            (fast if data.get("fast") else full).append(data)
        assert {len(side) for data in fast for side in data["levels"]} == {5}
        assert {len(side) for data in full for side in data["levels"]} == {20}
        for books, period in ((fast[1:], 540), (full[1:], 5_400)):
            times = [data["time"] for data in books]
            # The first is sent on subscribing. A busy machine may hold one up, but not most.
            gaps = [b - a for a, b in itertools.pairwise(times)]
            assert abs(statistics.median(gaps) - period) <= 80, gaps


@pytest.mark.asyncio
async def test_subscribing_replays_thirty_trades_oldest_first() -> None:
    async with there(warm_up_s=60) as (_emulator, socket):
        await socket.subscribe(type="trades", coin="BTC")
        backlog = (await socket.heard("trades"))["data"]
        times = [row["time"] for row in backlog]
        assert len(backlog) == 30
        assert times == sorted(times)
        newer = (await socket.heard("trades"))["data"]
        assert not {row["tid"] for row in newer} & {row["tid"] for row in backlog}


@pytest.mark.asyncio
async def test_order_updates_are_not_replayed_and_go_through_a_life() -> None:
    async with there() as (emulator, socket):
        await place(emulator, low(emulator), cloid=cloid(1))
        await socket.subscribe(type="orderUpdates", user=ONE.address)
        placed = await place(emulator, low(emulator), cloid=cloid(2))
        (update,) = (await socket.heard("orderUpdates"))["data"]
        oid = placed["response"]["data"]["statuses"][0]["resting"]["oid"]
        assert (update["status"], update["order"]["oid"]) == ("open", oid)
        await place(emulator, high(emulator), tif="Ioc")
        rows = (await socket.heard("orderUpdates"))["data"]
        assert next(row["status"] for row in rows) == "open"
        assert rows[-1]["status"] == "filled"
        assert rows[-1]["order"]["sz"] == "0.0"
        await place(emulator, high(emulator), cloid=cloid(3))
        (refused,) = (await socket.heard("orderUpdates"))["data"]
        assert refused["status"] == "badAloPxRejected"


@pytest.mark.asyncio
async def test_own_orders_that_meet_are_cancelled_and_told_as_the_venues() -> None:
    async with there() as (emulator, socket):
        await socket.subscribe(type="userEvents", user=ONE.address)
        coin = emulator.desk.coins[0]
        bid = emulator.desk.book(coin, 1)["bids"][0][0]
        # A bid of our own, then a sale of ours through it.
        await emulator.control({"do": "deposit", "user": ONE.address, "usd": "100000000"})
        await place(emulator, coin.px(bid - 200).removesuffix(".0"))
        await place(emulator, low(emulator), tif="Ioc", buy=False, size="4000")
        async with asyncio.timeout(5):
            while "nonUserCancel" not in (await socket.heard("user"))["data"]:
                pass


@pytest.mark.asyncio
async def test_private_states_follow_what_changes_them() -> None:
    async with there() as (emulator, socket):
        for kind in ("openOrders", "clearinghouseState", "webData3"):
            await socket.subscribe(type=kind, user=ONE.address)
            await socket.heard(kind)
        await place(emulator, low(emulator), cloid=cloid(1))
        shown = (await socket.heard("openOrders"))["data"]
        assert [row["cloid"] for row in shown["orders"]] == [cloid(1)]
        await emulator.control({"do": "deposit", "user": ONE.address, "usd": "5"})
        state = (await socket.heard("clearinghouseState"))["data"]["clearinghouseState"]
        while state["withdrawable"] != "10005.0":
            state = (await socket.heard("clearinghouseState"))["data"]["clearinghouseState"]


# Posts


@pytest.mark.asyncio
async def test_posts_answer_questions_and_actions() -> None:
    async with there() as (emulator, socket):
        ask = {"type": "info", "payload": {"type": "l2Book", "coin": "NONE"}}
        await socket.send({"method": "post", "id": 7, "request": ask})
        reply = await socket.heard("post")
        nothing = {"type": "info", "payload": {"type": "l2Book", "data": None}}
        assert reply["data"] == {"id": 7, "response": nothing}
        body = signed(ONE.key, order(low(emulator)))
        await socket.send(
            {"method": "post", "id": 8, "request": {"type": "action", "payload": body}}
        )
        reply = await socket.heard("post")
        assert reply["data"]["id"] == 8
        assert reply["data"]["response"]["type"] == "action"
        assert reply["data"]["response"]["payload"]["status"] == "ok"
        bad = {"type": "info", "payload": {"type": "noSuchType"}}
        await socket.send({"method": "post", "id": 9, "request": bad})
        reply = await socket.heard("post")
        text = "422 Failed to deserialize the JSON body into the target type"
        assert reply["data"] == {"id": 9, "response": {"type": "error", "payload": text}}


@pytest.mark.asyncio
async def test_a_lost_reply_to_a_post_leaves_the_order_and_the_socket() -> None:
    async with there() as (emulator, socket):
        await emulator.control({"do": "fault", "kind": "lose_reply", "count": 1, "way": "ws"})
        body = signed(ONE.key, order(low(emulator), cloid=cloid(5)))
        request = {"type": "action", "payload": body}
        await socket.send({"method": "post", "id": 1, "request": request})
        async with asyncio.timeout(5):
            while not emulator.desk.rows("orders", ONE.address):
                await asyncio.sleep(0.005)
        assert await socket.is_quiet(0.1)
        await socket.send({"method": "ping"})
        await socket.heard("pong")


# Faults and limits


@pytest.mark.asyncio
async def test_private_frames_come_twice_late_or_never() -> None:
    async with there() as (emulator, socket):
        await socket.subscribe(type="orderUpdates", user=ONE.address)
        told = []
        for number, kind in ((1, "dup_user"), (2, "reorder_user"), (3, "drop_user"), (4, None)):
            if kind is not None:
                await emulator.control({"do": "fault", "kind": kind, "count": 1})
            await place(emulator, low(emulator), cloid=cloid(number))
            if kind == "reorder_user":
                await place(emulator, low(emulator), cloid=cloid(20))
        while not told or told[-1] != 4:
            (update,) = (await socket.heard("orderUpdates"))["data"]
            told.append(int(update["order"]["cloid"], 16))
        assert told == [1, 1, 20, 2, 4]


@pytest.mark.asyncio
async def test_one_channel_can_go_mute_while_others_go_on() -> None:
    async with there() as (emulator, socket):
        await emulator.control({"do": "fault", "kind": "mute", "only": "l2Book"})
        await socket.subscribe(type="l2Book", coin="BTC", fast=True)
        await socket.subscribe(type="activeAssetCtx", coin="BTC")
        for _ in range(4):
            await socket.heard("activeAssetCtx")
        assert not [frame for frame in socket.frames if frame["channel"] == "l2Book"]
        await emulator.control({"do": "clear"})
        await socket.heard("l2Book")


@pytest.mark.asyncio
async def test_sockets_end_as_asked_for() -> None:
    async with there() as (emulator, socket):
        await socket.subscribe(type="userFills", user=ONE.address)
        async with connected(emulator) as other, connected(emulator) as third:
            await other.subscribe(type="allMids")
            ended = await emulator.control({"do": "drop", "how": "abort", "user": ONE.address})
            assert ended == {"sockets": 1}
            assert await socket.ended() == 1006
            await emulator.control({"do": "frame", "text": '{"channel":"strange"}'})
            await other.heard("strange")
            await third.heard("strange")
            await emulator.control({"do": "drop", "how": "half_open"})
            await third.send({"method": "ping"})
            assert await third.is_quiet(0.3)
            await emulator.control({"do": "drop", "how": "close", "code": 1012})
            assert await third.ended() == 1012


@pytest.mark.asyncio
async def test_handshakes_are_refused_by_limit_and_by_fault() -> None:
    few = LimitNumbers(sockets=2, new_sockets_per_minute=3)
    async with there(limits=few) as (emulator, _):
        async with connected(emulator):
            with pytest.raises(WSServerHandshakeError, match="429"):
                async with connected(emulator):
                    pass
        async with asyncio.timeout(5):
            while len(emulator.server.sockets) > 1:
                await asyncio.sleep(0.005)
        await emulator.control({"do": "fault", "kind": "refuse_socket", "status": 403, "count": 1})
        with pytest.raises(WSServerHandshakeError, match="403"):
            async with connected(emulator):
                pass
        async with connected(emulator):
            pass
        async with asyncio.timeout(5):
            while len(emulator.server.sockets) > 1:
                await asyncio.sleep(0.005)
        with pytest.raises(WSServerHandshakeError, match="429"):  # the fourth of the minute
            async with connected(emulator):
                pass


@pytest.mark.asyncio
async def test_a_socket_can_be_taken_in_and_dropped() -> None:
    async with there() as (emulator, _):
        await emulator.control({"do": "fault", "kind": "drop_on_open", "count": 1})
        async with connected(emulator) as socket:
            assert await socket.ended() == 1006
        async with connected(emulator) as socket:
            await socket.send({"method": "ping"})
            await socket.heard("pong")


@pytest.mark.asyncio
async def test_a_frame_can_be_cut_in_the_middle() -> None:
    async with there() as (emulator, socket):
        await emulator.control({"do": "fault", "kind": "garble", "count": 1, "only": "pong"})
        await socket.send({"method": "ping"})
        message = await socket.ws.receive(timeout=5)
        assert message.data == '{"channel'


@pytest.mark.asyncio
async def test_one_address_listens_to_few_users() -> None:
    async with there(limits=LimitNumbers(users=1)) as (_emulator, socket):
        await socket.subscribe(type="userFills", user=ONE.address)
        wanted = {"type": "userFills", "user": TWO.address}
        await socket.send({"method": "subscribe", "subscription": wanted})
        assert (await socket.heard("error"))["data"] == "Cannot track more than 1 total users."
        await socket.send(
            {"method": "unsubscribe", "subscription": {"type": "userFills", "user": ONE.address}}
        )
        await socket.heard("subscriptionResponse")
        await socket.subscribe(**wanted)


# Recorded frames


@pytest.mark.asyncio
async def test_frames_have_the_keys_of_recorded_ones(recordings: Path) -> None:
    recorded: dict[str, Any] = {}
    for path in sorted((recordings / "hyperliquid-payloads").glob("ws_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            frame = json.loads(line)["frame"]
            channel = frame.get("channel") if isinstance(frame, dict) else None
            if channel in _COMPARED and "delisted" not in line:
                recorded.setdefault(channel, frame)
    if not recorded:
        pytest.skip("no recorded frames here")
    assert set(recorded) == _COMPARED
    async with there(warm_up_s=60) as (emulator, socket):
        for kind in ("l2Book", "bbo", "trades", "activeAssetCtx"):
            await socket.subscribe(type=kind, coin="BTC")
        await socket.subscribe(type="candle", coin="BTC", interval="1m")
        for kind in ("orderUpdates", "userEvents"):
            await socket.subscribe(type=kind, user=ONE.address)
        await place(emulator, high(emulator), tif="Ioc")
        while not {frame["channel"] for frame in socket.frames} >= _COMPARED - {"orderUpdates"}:
            await socket.heard("user" if "user" in _missing(socket) else _missing(socket).pop())
        await place(emulator, low(emulator), cloid=cloid(1))
        last = {"orderUpdates": await socket.heard("orderUpdates")}
        for channel in _COMPARED:
            ours = last.get(channel) or next(f for f in socket.frames if f["channel"] == channel)
            assert _keys(ours) == _keys(recorded[channel]), channel


_COMPARED = {"l2Book", "bbo", "trades", "activeAssetCtx", "candle", "orderUpdates", "user"}


def _missing(socket: Socket) -> set[str]:
    return _COMPARED - {"orderUpdates"} - {frame["channel"] for frame in socket.frames}


def _keys(value: Any) -> Any:
    """Return names and types of a frame; of a list those of its first row."""
    if isinstance(value, dict):
        rows = {key: _keys(inner) for key, inner in value.items()}
        rows.pop("cloid", None)  # there only where an order has one
        rows.pop("fast", None)
        return rows
    if isinstance(value, list):
        return [_keys(value[0])] if value else []
    return type(value).__name__
