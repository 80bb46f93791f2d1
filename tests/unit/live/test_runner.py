"""Tests of the runner — quotes stand only on a link, records and account that are sound."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from botmm.clock import SystemClock
from botmm.errors import BotmmError, VenueError
from botmm.live import records
from botmm.live.engine import Engine
from botmm.live.parity import replay_journal
from botmm.live.records import RECORDS
from botmm.live.runner import Runner
from botmm.live.tags import tag_of
from botmm.ports import RestingOrder
from tests.fakes.fake_venue import FakeVenue, book

TAG = tag_of(1_700_000_000_000_000_000)
PARAMS = {"toxicity": False, "bias_strength": 0.0, "mode": "fixed"}


@dataclass(frozen=True)
class Row:
    kind: int
    recv_ns: int
    payload: bytes


class Pages:
    """A journal in memory."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def append(self, kind: int, recv_ns: int, payload: bytes) -> None:
        self.rows.append(Row(kind, recv_ns, payload))


class Case:
    """A runner on a fake venue that shows a book all the time."""

    def __init__(self, *, cancel_foreign: bool = False) -> None:
        self.venue, self.pages, self.alarms = FakeVenue(), Pages(), list[tuple[str, str]]()
        clock = SystemClock()
        spec = {
            "symbols": [{"symbol": "BTC", "size_decimals": 5, "params": PARAMS}],
            "capital_usd": 1000.0,
            "fees": {"maker": 0.00015, "taker": 0.00045},
            "tag": TAG,
            "now": int(clock.now()),
        }
        self.runner = Runner(
            Engine(json.dumps(spec)),
            self.venue,
            self.pages,
            clock,
            tag=TAG,
            reconcile_s=0.05,
            cancel_foreign=cancel_foreign,
            alarm=lambda key, words: self.alarms.append((key, words)),
        )

    async def show(self) -> None:
        clock = SystemClock()
        mid = 50_000
        while True:
            self.venue.say(book("BTC", mid, int(clock.now()) // 1_000_000))
            await asyncio.sleep(0.01)

    def play(self, script: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            async def then_stop() -> None:
                await asyncio.wait_for(script(), 10)
                self.runner.stopping.set()

            await asyncio.wait_for(self.runner.run(self.show, then_stop), 20)

        asyncio.run(whole())


def earlier_order() -> RestingOrder:
    """Return an order that a run of before left."""
    cloid = f"0x{TAG - 5_000:016x}{7:016x}"
    return RestingOrder(symbol=0, oid=999_999, cloid=cloid, side="bid", px=1, left=1)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_stop_leaves_no_order_and_the_journal_plays_again() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: case.runner.report()["frames"] > 5 and len(case.venue.orders) == 4)

    case.play(script)
    assert case.venue.orders == {}
    parity = replay_journal(case.pages.rows)
    assert parity.holds, parity.where
    assert parity.commands >= 2
    assert parity.frames > 5


def test_nothing_is_sent_while_requests_of_an_earlier_run_may_be_executed() -> None:
    case, void = Case(), asyncio.Event()
    case.venue.outlive = void.wait  # type: ignore[method-assign, assignment]

    async def script() -> None:
        await asyncio.sleep(0.3)
        assert case.venue.sent == []
        void.set()
        await until(lambda: len(case.venue.orders) == 4)

    case.play(script)


def test_orders_of_an_earlier_run_go_before_its_requests_are_void() -> None:
    case, void = Case(), asyncio.Event()
    case.venue.outlive = void.wait  # type: ignore[method-assign, assignment]
    case.venue.strangers.append(earlier_order())

    async def script() -> None:
        await until(lambda: case.venue.strangers == [])
        assert case.venue.sent == []
        case.venue.strangers.append(earlier_order())  # what was under way
        void.set()
        await until(lambda: bool(case.venue.places()))
        assert case.venue.strangers == []

    case.play(script)


def test_a_stop_that_the_venue_does_not_confirm_ends_with_an_error() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.silent = True

    with pytest.raises(VenueError, match="does not confirm that every order is gone"):
        case.play(script)
    assert [key for key, _ in case.alarms if key == "stop"]


def test_a_journal_with_another_command_is_found_out() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)

    case.play(script)
    at = next(i for i, row in enumerate(case.pages.rows) if row.kind == 3)
    row = case.pages.rows[at]
    case.pages.rows[at] = Row(3, row.recv_ns, row.payload.replace(b'"bid"', b'"ask"', 1))
    assert replay_journal(case.pages.rows).unlike == 1
    del case.pages.rows[at]
    assert replay_journal(case.pages.rows).unlike == 1


def test_nothing_is_quoted_while_the_link_is_down() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.disconnect()
        await until(lambda: not case.venue.orders)
        case.venue.connect()
        await until(lambda: len(case.venue.orders) >= 2)

    case.play(script)
    assert case.runner.health.reconnects == 1


def test_a_link_that_came_back_within_a_moment_is_compared_and_no_news_holds_nothing() -> None:
    case = Case()

    def holds() -> int:
        return sum(b'"link"' in row.payload for row in case.pages.rows)

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        assert holds() == 2
        case.venue.disconnect()
        case.venue.connect()
        await until(lambda: case.runner.health.reconnects == 1)
        await until(lambda: holds() == 4)
        case.venue.linking.set()
        await until(lambda: not case.venue.linking.is_set())
        await asyncio.sleep(0)
        assert holds() == 4

    case.play(script)


def test_lost_answers_are_proven_and_never_doubled() -> None:
    case = Case()
    case.venue.lose_answers = 2

    async def script() -> None:
        await until(lambda: case.runner.gateway.sent.unknown >= 2)
        await until(lambda: case.runner.gateway.doubtful == 0)

    case.play(script)
    ids = [place.cloid for place in case.venue.places()]
    assert len(ids) == len(set(ids))
    # Three orders of 150 dollars a side fit the limit of 500: those in doubt count, too.
    assert case.venue.most_orders <= 6


def test_a_foreign_order_withdraws_the_quotes_or_is_withdrawn() -> None:
    stranger = RestingOrder(symbol=0, oid=999_999, cloid=None, side="bid", px=1, left=1)
    case = Case()

    async def appears() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.strangers.append(stranger)
        await until(lambda: not case.venue.orders)
        assert case.venue.strangers == [stranger]
        case.venue.strangers.clear()
        await until(lambda: len(case.venue.orders) >= 2)

    case.play(appears)
    assert any(key == "foreign_orders" for key, _ in case.alarms)
    case = Case(cancel_foreign=True)
    case.venue.strangers.append(stranger)

    async def goes() -> None:
        await until(lambda: len(case.venue.orders) == 4)

    case.play(goes)
    assert case.venue.strangers == []


def test_nothing_is_quoted_beside_an_order_of_an_earlier_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "CLEARED_AGAIN_S", 0.01)
    monkeypatch.setattr(records, "ANEW_FIRST_S", 0.01)
    case = Case()
    case.venue.strangers.append(earlier_order())
    # More than the tries of one beginning.
    case.venue.lose_withdrawals = 2 * records.CLEARED_TRIES + 1

    async def script() -> None:
        await until(lambda: bool(case.venue.places()))
        assert case.venue.strangers == []
        assert case.venue.lose_withdrawals == 0

    case.play(script)


def test_a_position_that_differs_twice_is_corrected() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.position = 200
        await until(lambda: case.runner.report()["symbols"][0]["position"] == 200)

    case.play(script)
    assert case.runner.health.corrected_positions == 1
    assert case.venue.retold >= 2, "fills explain it first, if anything does"
    assert any(key == "position" for key, _ in case.alarms)


def test_nothing_is_corrected_to_a_position_that_came_after_the_fills_that_were_read() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.drift = 1
        await until(lambda: RECORDS in case.runner.health.holds)
        assert case.runner.health.corrected_positions == 0
        case.venue.drift = 0
        await until(lambda: case.runner.health.corrected_positions == 1)

    case.play(script)
    assert case.runner.report()["symbols"][0]["position"] == case.venue.position


def test_nothing_is_corrected_while_the_fills_cannot_be_read() -> None:
    case = Case()
    case.venue.mute_fills = True

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.position = 200
        await until(lambda: not case.venue.orders)
        assert RECORDS in case.runner.health.holds
        assert case.runner.report()["symbols"][0]["position"] == 0
        case.venue.mute_fills = False
        await until(lambda: case.runner.report()["symbols"][0]["position"] == 200)

    case.play(script)
    assert case.runner.health.corrected_positions == 1


def test_a_venue_that_does_not_answer_is_not_a_flat_one() -> None:
    case = Case()
    case.venue.position = 300

    async def script() -> None:
        await until(lambda: len(case.venue.orders) >= 2)
        case.venue.silent = True
        await until(lambda: not case.venue.orders)
        assert case.runner.report()["symbols"][0]["position"] == 300
        case.venue.silent = False
        await until(lambda: len(case.venue.orders) >= 2)

    case.play(script)


def test_a_task_that_dies_ends_the_run_without_orders() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        raise VenueError("planted")

    with pytest.raises(BotmmError, match="planted"):
        case.play(script)
    assert case.venue.orders == {}


def test_a_small_budget_ends_quoting_before_it_is_gone() -> None:
    case = Case()

    async def script() -> None:
        await until(lambda: len(case.venue.orders) == 4)
        case.venue.budget = 1_999
        await until(lambda: not case.venue.orders)

    case.play(script)
    assert "budget" in case.runner.health.holds
