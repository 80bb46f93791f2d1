"""Daemon network tests — the venue half or wholly away, slow, or shut to us; the exchange judges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from botmm.exchanges.hyperliquid.inbox import Inbox
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.live.records import RECORDS
from botmm.live.runner import LINK
from tests.fakes.live_drill import Drill, run
from tests.fakes.pipe import Pipe
from tests.fakes.tiers import NIGHTLY


def test_three_comparisons_without_an_answer_withdraw_the_quotes(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        await drill.fault("status", only="clearinghouseState", status=500)
        await drill.until(lambda: RECORDS in drill.runner.health.holds, "blind")
        assert drill.runner.health.failed_reconciles >= 3
        assert LINK not in drill.runner.health.holds, "the sockets are up"
        await drill.until(lambda: not drill.resting(), "nothing rests")
        assert drill.alarmed("blind")
        accepted = drill.audit()["accepted"]
        await drill.do("shock", coin="BTC", bps=20)
        await asyncio.sleep(0.5)
        assert drill.audit()["accepted"] == accepted
        await drill.do("clear")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, sets=("live.reconcile_s=1.0",)).judge(orders=6, fills=2)


@pytest.mark.parametrize("status", [403, 429])
def test_a_machine_that_is_shut_out_does_not_hammer_and_comes_back(
    tmp_path: Path, status: int
) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        asked = drill.emulator.server.requests
        await drill.fault("refuse_socket", status=status)
        await drill.fault("status", status=status, executed=False)
        await drill.do("drop", how="abort")
        await drill.until(lambda: LINK in drill.runner.health.holds, "held")
        await asyncio.sleep(6)
        tries = drill.emulator.faults.struck["refuse_socket"]
        asked = drill.emulator.server.requests - asked
        print(f"{tries} tries of sockets and {asked} requests in 6 s")
        assert 2 <= tries <= 12, "thirty a minute, the first few sooner"
        assert asked <= 30
        await drill.do("clear")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=6, fills=2)


def test_a_venue_that_is_wholly_away_finds_its_own_fills_on_return(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        while True:
            await drill.quoting()
            await drill.fault("refuse_socket", status=503)
            await drill.fault("lose_request", how="reset")
            await drill.do("drop", how="half_open")
            await asyncio.sleep(0.3)  # what had reached the venue takes its block
            if drill.resting():
                break
            # The quotes were on their way to another price when the venue went away.
            await drill.do("clear")
        # What rests there is filled while nobody can be told, however far it is by now.
        before, towards = drill.audit()["fills"], 1 if drill.resting()[0]["side"] == "ask" else -1
        async with asyncio.timeout(5):
            while drill.audit()["fills"] == before:
                await drill.do("shock", coin="BTC", bps=40 * towards)
                await asyncio.sleep(0.25)
        await drill.until(lambda: LINK in drill.runner.health.holds, "held")
        await asyncio.sleep(2)
        accepted = drill.audit()["accepted"]
        await drill.do("clear")
        await drill.quoting()
        assert drill.audit()["accepted"] > accepted
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=6, fills=3)


def test_slow_answers_move_quotes_less_often_and_a_person_is_told(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault("late_reply", only="order", delay_ms=1_300)
        await drill.fault("late_reply", only="cancelByCloid", delay_ms=1_300)
        for shocks in range(40):
            if drill.runner.health.patience_s:
                break
            await drill.do("shock", coin="BTC", bps=20 * (-1) ** shocks)
            await asyncio.sleep(0.3)
        assert drill.runner.health.patience_s >= 3
        assert "answers take 1." in drill.alarmed("slow")[0]
        await drill.do("clear")
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, deadline_s=3.0).judge(orders=4, fills=0)


def test_a_venue_that_takes_in_and_drops_is_tried_less_and_less_often(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(1)
        await drill.fault("drop_on_open")
        await drill.do("drop", how="abort")
        await drill.until(lambda: LINK in drill.runner.health.holds, "held")
        await asyncio.sleep(3)
        tries = drill.emulator.faults.struck["drop_on_open"]
        print(f"{tries} tries in 3 s")
        assert 2 <= tries <= 12, "thirty a minute, the first few sooner"
        assert not drill.runner.venue.up
        await drill.do("clear")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=1)


def test_a_reply_that_drips_is_given_up_in_time_and_its_orders_are_adopted(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault("lose_reply", only="order", way="ws", how="reset", count=1)
        await drill.fault("drip_reply", only="order", way="rest", delay_ms=50, count=2)
        await drill.struck("drip_reply", 2)
        await drill.trade(1)
        await drill.settle()
        drill.judge_books()
        slowest = max(drill.runner.gateway.sent.latencies_ms)
        print(f"the slowest answer was given up after {slowest:.0f} ms")
        assert slowest < 2_200, "one second in all for each request"

    run(tmp_path, script).judge(orders=4, fills=3)


class SlowVenue(HyperliquidVenue):
    """A venue whose frames are read more slowly than they come, while `slow`."""

    slow = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.inbox = Inbox(frames_max=8)

    async def frames(self) -> AsyncIterator[bytes]:
        async for frame in super().frames():
            if self.slow:
                await asyncio.sleep(0.15)
            yield frame


def test_a_slow_reader_loses_prices_and_never_own_news(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        venue = drill.runner.venue
        assert isinstance(venue, SlowVenue)
        await drill.trade(1)
        venue.slow = True
        await drill.trade(3)
        await drill.until(lambda: venue.inbox.dropped >= 8, "prices were dropped")
        venue.slow = False
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert drill.runner.health.corrected_positions == 0

    run(tmp_path, script, venue_type=SlowVenue).judge(orders=4, fills=4)


@pytest.mark.parametrize(
    "pipe", [Pipe(piece=1), Pipe(gather_s=0.1)], ids=["single bytes", "many frames at once"]
)
def test_however_a_line_cuts_what_it_carries_the_outcome_is_the_same(
    tmp_path: Path, pipe: Pipe
) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(3)
        await drill.settle()
        drill.judge_books()
        assert drill.runner.engine.counts.bad_frames == 0
        assert drill.runner.health.corrected_positions == 0
        assert pipe.carried > 10_000

    run(tmp_path, script, pipe=pipe).judge(orders=4, fills=3)


@pytest.mark.skipif(not NIGHTLY, reason="a channel may be silent for 3 s, and as long once more")
def test_a_dead_subscription_on_a_socket_that_lives_is_made_anew(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(1)
        links = drill.runner.venue.link
        await drill.fault("mute", only="l2Book")
        await drill.until(lambda: drill.runner.venue.link > links, "given up")
        await drill.do("clear")
        await drill.quoting()
        await drill.trade(1)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=2)


@pytest.mark.skipif(not NIGHTLY, reason="a line falls behind by seconds in as many")
def test_nothing_is_quoted_on_what_a_slow_line_brings_late(tmp_path: Path) -> None:
    pipe = Pipe()

    async def script(drill: Drill) -> None:
        await drill.trade(1)
        times = drill.runner.venue.book_times  # type: ignore[attr-defined]
        pipe.piece, pipe.rate = 200, 2_000
        await drill.until(lambda: times.odd >= 3, "it is too late to be used", 25)
        await drill.until(lambda: LINK in drill.runner.health.holds, "the line was given up")
        await drill.until(lambda: not drill.resting(), "nothing rests")
        pipe.piece = pipe.rate = None
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, pipe=pipe).judge(orders=4, fills=1)
