"""Campaign tests — minutes of a simulated day with faults, and bugs that the judge must see."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from botmm.exchanges.base import RawReply, SignedRequest
from botmm.exchanges.hyperliquid.encode import Action
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.ports import Event, Standing
from tests.campaign import virtual
from tests.campaign.apart import grow
from tests.campaign.bot import Life
from tests.campaign.drive import Campaign, Plan, play
from tests.campaign.judge import GuiltyError, Judge
from tests.fakes.tiers import NIGHTLY


def test_minutes_with_faults_leave_the_books_exact_and_no_order_doubled(tmp_path: Path) -> None:
    rounds = 12 if NIGHTLY else 2
    campaign = play(Plan(rounds=rounds, round_s=600 if NIGHTLY else 120, seed=7), tmp_path)
    record, judge = campaign.record, campaign.judge
    print(record.struck, judge.orders, judge.executions, record.unknown, record.heal_s)
    assert record.rounds == rounds
    assert min(record.orders) >= 50
    assert judge.executions >= 5 * rounds
    assert sum(record.struck.values()) >= 10 * rounds
    assert record.unknown >= rounds


def test_no_time_passes_while_a_thread_works() -> None:
    async def script() -> float:
        began, free = asyncio.get_running_loop().time(), threading.Event()
        work = asyncio.create_task(asyncio.to_thread(free.wait, 5.0))
        # A timer that is due long before the thread is done.
        waits = asyncio.create_task(asyncio.sleep(3_600))
        threading.Timer(0.05, free.set).start()
        await work
        passed = asyncio.get_running_loop().time() - began
        await waits
        assert asyncio.get_running_loop().time() - began == 3_600
        return passed

    assert virtual.run(script()) == 0


def test_a_daemon_in_a_process_of_its_own_trades_in_the_time_of_its_exchange(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    plan = Plan(rounds=2, round_s=60, block_ms=1000, seed=1, thin=True)
    growth = virtual.lead(lambda share: grow(plan, str(tmp_path), share, said.append))
    assert growth.orders >= 50
    assert growth.executions >= 5
    assert [round(days * 86_400) for days, _ in growth.daemon] == [60, 120]
    assert all(size > 2**20 for _, size in growth.daemon + growth.exchange)
    assert len(said) == 2


def _life(row: dict[str, int], *, trades: list[int]) -> Life:
    """Return a run that was told at 1 s that it holds nothing, these trades included."""
    zero = ("proven", "position", "maker_fills", "taker_fills", "volume", "fees2")
    row = dict.fromkeys((*zero, "funding2", "capture2", "inventory2"), 0) | row
    runner = SimpleNamespace(report=lambda: {"symbols": [row]})
    baseline = {"since": 1_000_000_000, "position": 0, "trades": trades}
    life = SimpleNamespace(daemon=SimpleNamespace(runner=runner), since_ms=1_000, baseline=baseline)
    return cast("Life", life)


def test_the_judge_counts_what_a_run_was_told_for_no_execution_of_its_own() -> None:
    judge = Judge(cast("Any", None), "0x1", 10**9)
    judge.fills = [(2_000_000_000, -53, 100, 7, 11)]
    assert judge.books(_life({}, trades=[11])) == ""
    missed = judge.books(_life({}, trades=[]))
    assert "fills 0, truly 1" in missed
    assert "position 0, truly -53" in missed
    judge.fills += [(2_000_000_000, 5, 100, 1, 12), (2_500_000_000, -5, 100, 1, 13)]
    own = {"maker_fills": 2, "volume": 1_000, "fees2": 4}
    assert judge.books(_life(own, trades=[11])) == ""


@pytest.mark.parametrize(
    ("held", "rests", "enough"),
    [
        (0, ("bid", "ask"), True),
        (0, ("ask",), False),
        (-350, ("bid",), True),
        (-350, ("ask",), False),
    ],
)
def test_what_quotes_are_due(held: int, rests: tuple[str, ...], enough: bool) -> None:
    """Here a lot is worth a dollar, and five hundred are the limit."""
    judge = SimpleNamespace(position=held, user="")
    rows = [{"side": side} for side in rests]
    desk = SimpleNamespace(coins=["BTC"], mark=lambda _: 10**13, rows=lambda *_: rows)
    bot = SimpleNamespace(life=SimpleNamespace())
    accounts = [SimpleNamespace(address="")]
    emulator = cast("Any", SimpleNamespace(desk=desk, accounts=accounts))
    campaign = Campaign(Plan(rounds=1, round_s=1), emulator, cast("Any", bot), lambda _: None)
    campaign.judge = cast("Any", judge)
    assert campaign._quotes() is enough


def test_the_judge_forgets_executions_and_keeps_what_they_come_to() -> None:
    judge = Judge(cast("Any", SimpleNamespace(desk=SimpleNamespace(rows=lambda *_: []))), "0x1", 1)
    own = {"maker_fills": 2, "volume": 1_010, "fees2": 6, "inventory2": 20}
    life = _life(own, trades=[])
    judge.fills = [(2_000_000_000, 5, 100, 1, 12), (2_500_000_000, -5, 102, 2, 13)]
    assert judge.books(life) == ""
    judge.forget(life)
    assert (judge.fills, judge.books(life)) == ([], "")
    assert "fills 2, truly 0" in judge.books(_life(own, trades=[]))


class ResendingVenue(HyperliquidVenue):
    """Planted: what was not answered is sent again, under a nonce of its own."""

    def _make(self) -> None:
        super()._make()
        actions = self.actions
        send = actions._send

        async def twice(action: Action, signed: SignedRequest) -> RawReply:
            reply = await send(action, signed)
            if reply.status is None and reply.sent and action["type"] == "order":
                reply = await send(action, actions._signed(action))
            return reply

        actions._send = twice  # type: ignore[method-assign]


class ForgetfulVenue(HyperliquidVenue):
    """Planted: one fill in ten is not told, and fills are not read again."""

    heard = 0

    def _take(self, channel: str, frame: bytes) -> bool:
        if channel == "userFills":
            self.heard += 1
            if self.heard % 10 == 5:
                return True
        return super()._take(channel, frame)

    async def retell_fills(self, reaching: Standing | None = None) -> bool:
        return True


class SureVenue(HyperliquidVenue):
    """Planted: an order without an answer is taken for one that was never placed."""

    def _told(self, answer: Any) -> Event:
        event = dict(super()._told(answer))
        if event.get("answer") == "Unknown":
            event["answer"] = {"Rejected": {"reason": "Lost"}}
        return event


@pytest.mark.parametrize(
    ("venue", "words"),
    [
        (ResendingVenue, "was accepted as|of the limit"),
        (ForgetfulVenue, "truly|still not"),
        pytest.param(
            SureVenue,
            "of the limit",
            marks=pytest.mark.skipif(not NIGHTLY, reason="takes an hour of simulated time"),
        ),
    ],
)
def test_a_planted_bug_is_found(tmp_path: Path, venue: type[HyperliquidVenue], words: str) -> None:
    plan = Plan(rounds=6, round_s=180, seed=3, venue_type=venue)
    with pytest.raises(GuiltyError, match=words) as found:
        play(plan, tmp_path)
    print(str(found.value)[:300])


class DeafVenue(HyperliquidVenue):
    """No news of funding comes; whatever of it is told was asked for."""

    asked_for = 0
    _is_asked = False

    def _take(self, channel: str, frame: bytes) -> bool:
        if channel == "userFundings":
            if not self._is_asked:
                return True
            DeafVenue.asked_for += 1
        return super()._take(channel, frame)

    def _recall(self, channel: str, frame: bytes) -> None:
        self._is_asked = True
        super()._recall(channel, frame)
        self._is_asked = False


class UncuriousVenue(DeafVenue):
    """Planted: it is not asked for either."""

    def _recall(self, channel: str, frame: bytes) -> None:
        return


@pytest.mark.skipif(not NIGHTLY, reason="takes two hours of simulated time")
def test_funding_whose_news_is_lost_reaches_the_books(tmp_path: Path) -> None:
    plan = Plan(rounds=4, round_s=1_800, block_ms=1_000, seed=3, thin=True, venue_type=DeafVenue)
    assert play(plan, tmp_path / "asks").record.rounds == 4
    assert DeafVenue.asked_for > 0
    with pytest.raises(GuiltyError, match="funding2 0, truly"):
        play(replace(plan, venue_type=UncuriousVenue), tmp_path / "asks not")
