"""Tests of the venue — the port as the runner uses it, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from botmm.clock import SystemClock, UnixNanos
from botmm.errors import ConfigError, VenueError
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.session import VOID_MS
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.ports import Cancel, CancelAll, RestingOrder, Venue
from tests.fakes.fake_hyperliquid import FakeHyperliquid
from tests.unit.exchanges.hyperliquid.listing import ADDRESS, KEY, cancel, cloid, place

Script = Callable[[FakeHyperliquid, HyperliquidVenue], Awaitable[None]]


START_MS = 1_000_000
"""What time it is at the fake venue."""


class InStep(SystemClock):
    """A clock that begins with the fake venue's."""

    def __init__(self) -> None:
        self._began = super().now()

    def now(self) -> UnixNanos:
        return UnixNanos(super().now() - self._began + START_MS * 1_000_000)


def play(
    script: Script,
    server: FakeHyperliquid | None = None,
    symbols: str = "BTC ETH",
    *,
    reserved: int = 0,
    settled: bool = False,
) -> None:
    async def whole() -> None:
        async with server or FakeHyperliquid() as fake:
            host = host_of(fake.url)
            spec = VenueSpec(
                host=host, account=ADDRESS, symbols=tuple(symbols.split()), deadline_s=0.3
            )
            signer = Signer(KEY, agent=ADDRESS, host=host)
            nonces = Nonces(reserved, lambda upto: None, settled=settled)
            async with HyperliquidVenue(spec, signer, nonces, InStep()) as venue:
                await asyncio.wait_for(script(fake, venue), 12)

    asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def answers(events: list[Any]) -> list[Any]:
    return [event["answer"] for event in events]


@pytest.mark.parametrize(
    ("ahead_ms", "waits"), [(-60_000, False), (-200, False), (-50, True), (5_000, True)]
)
def test_a_run_waits_until_what_an_earlier_one_sent_is_void(ahead_ms: int, *, waits: bool) -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.info["exchangeStatus"]["time"] = START_MS + VOID_MS - 100
        waiting = asyncio.create_task(venue.outlive())
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert bool(done) != waits
        fake.info["exchangeStatus"]["time"] = START_MS + VOID_MS + 10_000
        await asyncio.wait_for(waiting, 5)

    play(script, reserved=START_MS + ahead_ms)


@pytest.mark.parametrize("settled", [False, True], ids=["first", "after a clean end"])
def test_a_run_that_has_nothing_before_it_waits_for_nobody(*, settled: bool) -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.info.pop("exchangeStatus")
        await asyncio.wait_for(venue.outlive(), 0.3)

    play(script, reserved=START_MS if settled else 0, settled=settled)


def test_it_is_a_venue_and_its_link_counts_connections() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        port: Venue = venue
        assert port.up
        link = port.link
        await fake.sockets[1].close()
        await until(lambda: not port.up)
        await until(lambda: port.up)
        assert port.link == link + 1

    play(script)


def test_orders_are_placed_and_cancelled_through_the_socket() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        placed = await venue.act([place(1), place(2)])
        assert [list(a) for a in answers(placed)] == [["Resting"], ["Resting"]]
        gone = await venue.act([cancel(1), cancel(3)])
        assert answers(gone) == [{"Cancelled": {"reason": "Asked"}}, "CancelRefused"]
        assert [way for way, _ in fake.actions] == ["ws", "ws"]
        nonces = [posted["nonce"] for _, posted in fake.actions]
        assert nonces == sorted(set(nonces))
        assert all(p["expiresAfter"] > p["nonce"] for _, p in fake.actions)

    play(script)


def test_an_order_that_breaks_the_venues_rules_is_refused_here() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        events = await venue.act([place(1, px=500_011), place(2)])
        assert {"Rejected": {"reason": "Invalid"}} in answers(events)
        assert list(fake.orders) == [cloid(2)]

    play(script)


def test_everything_is_cancelled_and_a_symbol_alone() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await venue.act([place(1), place(2), place(3, symbol=1, px=300_000)])
        await venue.act([CancelAll(symbol=1)])
        assert [o["status"] for o in fake.orders.values()] == ["open", "open", "canceled"]
        events = await venue.act([CancelAll(symbol=None)])
        assert answers(events) == [{"Cancelled": {"reason": "Asked"}}] * 2
        assert await venue.act([CancelAll(symbol=None)]) == []

    play(script)


def test_a_lost_answer_is_unknown_then_adopted_and_the_other_way_is_taken() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.mute.add("ws")
        assert answers(await venue.act([place(1)])) == ["Unknown"]
        event = await venue.prove(0, cloid(1))
        assert event is not None
        assert event["answer"] == {"Resting": {"oid": 100, "left": 200}}
        await venue.act([place(2)])
        sent = [(way, p["action"]["type"]) for way, p in fake.actions]
        assert sent == [("ws", "order"), ("rest", "noop"), ("rest", "order")]
        assert fake.actions[0][1]["nonce"] == fake.actions[1][1]["nonce"]

    play(script)


def test_an_order_that_never_arrived_is_proven_lost_by_its_fence() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.lose.add("order")
        assert answers(await venue.act([place(1)])) == ["Unknown"]
        event = await venue.prove(0, cloid(1))
        assert event is not None
        assert event["answer"] == {"Rejected": {"reason": "Lost"}}

    play(script)


def test_an_error_page_for_an_order_that_was_taken_is_a_doubt() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await fake.sockets[1].close()
        await until(lambda: not venue.up)
        fake.broken["exchange"] = 502
        assert answers(await venue.act([place(1)])) == ["Unknown"]
        assert list(fake.orders) == [cloid(1)]

    play(script)


def test_what_the_stream_told_is_not_asked_again() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.mute.add("ws")
        await venue.act([place(1)])
        order = fake.orders[cloid(1)] | {"sz": "0.001"}
        await fake.push("orderUpdates", [{"order": order, "status": "open"}])
        await until(lambda: len(venue.inbox) > 0)
        event = await venue.prove(0, cloid(1))
        assert event is not None
        assert event["answer"] == {"Resting": {"oid": 100, "left": 100}}
        assert "orderStatus" not in fake.asked

    play(script)


def test_what_the_stream_told_before_a_cancel_is_asked_again() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.mute.add("ws")
        await venue.act([place(1)])
        await fake.push("orderUpdates", [{"order": fake.orders[cloid(1)], "status": "open"}])
        await until(lambda: len(venue.inbox) > 0)
        fake.broken["exchange"] = 502  # the cancel runs, and nobody is told
        assert answers(await venue.act([Cancel(symbol=0, cloid=cloid(1))])) == ["Unknown"]
        assert fake.orders[cloid(1)]["status"] == "canceled"
        event = await venue.prove(0, cloid(1))
        assert event is not None
        assert event["answer"] == {"Cancelled": {"reason": "Asked", "left": 200}}

    play(script)


def test_fills_of_a_proven_end_come_before_it() -> None:
    fill = {
        "coin": "BTC", "px": "50000.0", "sz": "0.002", "side": "B", "time": 1_000_000,
        "startPosition": "0.0", "oid": 100, "crossed": False, "fee": "0.015", "tid": 5,
        "cloid": cloid(1), "feeToken": "USDC",
    }  # fmt: skip

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.mute.add("ws")
        await venue.act([place(1)])
        fake.orders[cloid(1)] |= {"status": "filled", "sz": "0.0"}
        fake.info["userFillsByTime"] = [fill]
        seen: list[bytes] = []

        async def read() -> None:
            frames = venue.frames()
            while True:
                seen.append(await anext(frames))

        reading = asyncio.create_task(read())
        event = await venue.prove(0, cloid(1))
        assert event is not None
        assert event["answer"] == "Filled"
        assert json.loads(seen[-1])["data"]["fills"] == [fill]
        reading.cancel()

    play(script)


def test_fills_of_which_one_is_missing_do_not_lead_to_the_position() -> None:
    base = {
        "coin": "BTC", "px": "50000.0", "sz": "0.002", "side": "B", "time": 1_000_000,
        "startPosition": "0.0", "oid": 100, "crossed": False, "fee": "0.015", "tid": 5,
        "cloid": cloid(1), "feeToken": "USDC",
    }  # fmt: skip
    fills = [
        base,
        {**base, "time": 1_001_000, "startPosition": "0.002", "side": "A", "tid": 6},
        {**base, "time": 1_002_000, "tid": 7},
        {**base, "time": 1_009_000, "startPosition": "0.002", "tid": 8},
    ]

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        async def read() -> None:
            async for _ in venue.frames():
                pass

        reading = asyncio.create_task(read())
        there = replace(await venue.standing(), at_ns=1_003_000 * 10**6, positions={0: 200})
        for known, whole in ((4, True), (3, True), (2, False), (0, True)):
            fake.info["userFillsByTime"] = fills[:known]
            assert await venue.retell_fills(there) is whole
        fake.info["userFillsByTime"] = [fills[0], *fills[2:]]
        assert not await venue.retell_fills(there)
        assert await venue.retell_fills()
        reading.cancel()

    play(script)


def test_a_standing_is_whole_or_an_error() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await venue.act([place(1)])
        standing = await venue.standing()
        assert standing.account_value == 1_000_000_000
        assert (standing.maker_rate, standing.taker_rate) == (0.00015, 0.00045)
        assert standing.budget_left <= 10_000
        assert standing.orders == [
            RestingOrder(symbol=0, oid=100, cloid=cloid(1), side="bid", px=500_000, left=200)
        ]
        state = fake.info["clearinghouseState"]
        for key in ("marginSummary", "assetPositions", "time"):
            fake.info["clearinghouseState"] = {k: v for k, v in state.items() if k != key}
            with pytest.raises(VenueError, match=key):
                await venue.standing()

    play(script)


def test_a_stop_may_ask_what_rests_when_the_weight_for_all_else_is_used_up() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await venue.act([place(1)])
        now = round(SystemClock().monotonic() * 10**9)
        venue.weights.spend(venue.weights.limit * 9 // 10 - venue.weights.used(now), now)
        with pytest.raises(VenueError, match="our own limit of weight"):
            await venue.standing()
        assert [one.cloid for one in await venue.resting()] == [cloid(1)]

    play(script)


def test_questions_take_the_other_way_when_rest_is_dead() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.reset_rest = True
        assert (await venue.standing()).positions == {}

    play(script)


def test_strangers_are_withdrawn_by_the_venues_ids() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await venue.act([place(1), place(2)])
        await venue.withdraw((await venue.standing()).orders)
        assert (await venue.standing()).orders == []

    play(script)


def test_the_cancel_reserve_of_the_address_is_never_spent_on_orders() -> None:
    server = FakeHyperliquid()
    server.info["userRateLimit"]["nRequestsUsed"] = 8_000

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        events = await venue.act([place(1)])
        assert answers(events) == [{"Rejected": {"reason": "Lost"}}]
        await venue.act([place(2, reduce_only=True, tif="ioc")])
        assert list(fake.orders) == [cloid(2)]
        assert answers(await venue.act([cancel(2)])) == [{"Cancelled": {"reason": "Asked"}}]

    play(script, server)


def test_a_symbol_that_is_not_listed_or_a_dead_venue_ends_the_start() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match="DOGE"):
        play(script, symbols="DOGE")
    server = FakeHyperliquid()
    server.broken["info"] = 502
    with pytest.raises(VenueError, match="502"):
        play(script, server)


@pytest.mark.parametrize(("ahead_s", "is_kept"), [(3, False), (1, True), (-50, True), (-70, False)])
def test_a_venue_whose_clock_would_void_our_requests_is_no_place_to_trade(
    ahead_s: int, *, is_kept: bool
) -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        assert venue.up

    server = FakeHyperliquid()
    server.info["exchangeStatus"]["time"] = START_MS + ahead_s * 1_000
    if is_kept:
        play(script, server)
    else:
        with pytest.raises(VenueError, match=f"clock is \\{ahead_s:+d}.0 s from ours"):
            play(script, server)


def test_an_error_of_the_caller_comes_out_as_it_is() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        raise VenueError("planted")

    with pytest.raises(VenueError, match="planted"):
        play(script)


def test_leverage_and_the_dead_mans_switch() -> None:
    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        await venue.set_leverage(0, leverage=3, cross=True)
        assert await venue.schedule_cancel(1_700_000_000_000) == ""
        assert await venue.venue_time() == 1_000_000 * 1_000_000
        assert [p["action"]["type"] for _, p in fake.actions] == [
            "updateLeverage",
            "scheduleCancel",
        ]

    play(script)


def test_funding_is_told_once_over_snapshots_and_never_that_of_another_run() -> None:
    row = {"coin": "BTC", "time": 2_000_000, "usdc": "-0.1234567", "szi": "1.0"}
    rows = [
        row,
        row,
        row | {"time": 999_999},
        row | {"coin": "DOGE"},
        row | {"coin": "ETH", "usdc": "2"},
    ]

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        payments = venue.payments()
        for snapshot in (True, False):
            await fake.push("userFundings", {"user": "x", "fundings": rows, "isSnapshot": snapshot})
        await fake.push("userFundings", {"user": "x", "fundings": [{"coin": "BTC"}]})
        await fake.push("userFundings", {"user": "x", "fundings": [row | {"time": 3_000_000}]})
        told = [await anext(payments) for _ in range(3)]
        assert [(event["symbol"], event["received"]) for event in told] == [
            (0, -123_457),
            (1, 2_000_000),
            (0, -123_457),
        ]

    play(script)


def test_funding_whose_news_was_lost_is_told_and_no_other() -> None:
    row = {"coin": "BTC", "time": 2_000_000, "usdc": "-0.5", "szi": "1.0"}
    late = row | {"time": 5_600_000, "usdc": "-0.25"}

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        payments = venue.payments()
        await fake.push("userFundings", {"user": "x", "fundings": [row]})
        assert (await anext(payments))["received"] == -500_000
        before = len(venue.inbox)
        for rows in ([row], [row, late], [late]):
            frame = {"channel": "userFundings", "data": {"user": "x", "fundings": rows}}
            venue._recall("userFundings", json.dumps(frame).encode())
        assert len(venue.inbox) == before + 1, "the journal hears what is new, once"
        assert (await anext(payments))["received"] == -250_000
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(payments), 0.05)

    play(script)


def test_only_closed_minutes_are_told_and_malformed_ones_are_an_error() -> None:
    row = {"t": 0, "T": 59_999, "o": "1.5", "h": "2.0", "l": "1.0", "c": "1.25", "v": "0.1"}

    async def script(fake: FakeHyperliquid, venue: HyperliquidVenue) -> None:
        fake.info["candleSnapshot"] = [row, row | {"t": 60_000, "T": 10**15}]
        assert await venue.minutes(0, 2) == [(0, 1.5, 2.0, 1.0, 1.25, 0.1)]
        for wrong in ([row | {"o": "NaN"}], None):
            fake.info["candleSnapshot"] = wrong
            with pytest.raises(VenueError):
                await venue.minutes(0, 2)

    play(script)
