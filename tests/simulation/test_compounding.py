"""Tests of compounding over restarts — what the exchange says was earned sizes the next run's orders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from botmm.config import load
from botmm.exchanges.emulator import Emulator
from botmm.live.latches import STATE_FILE
from botmm.store.rows import Bucket
from botmm.store.state import StateStore
from tests.campaign import virtual
from tests.campaign.bot import Bot
from tests.campaign.drive import LIMIT_MICRO, MS_NS, SETS, START_NS, Plan, admit, exchange
from tests.campaign.judge import Judge

USD = 1_000_000
CAPITAL = 1_000
ORDER = 100
EARLIER = 300
COMPOUNDS = (
    f"account.capital_usd={CAPITAL}",
    f"order_size_usd={ORDER}",
    f"max_position_usd={LIMIT_MICRO // USD}",
    "mode=bps",
    "strategy=basic",
    "compound=true",
)


class Script:
    """A bot on an exchange, and what is done to both."""

    def __init__(self, emulator: Emulator, bot: Bot, judge: Judge) -> None:
        self.emulator, self.bot, self.judge = emulator, bot, judge

    async def until(self, condition: Callable[[], object], seconds: float = 300.0) -> None:
        """Wait in simulated time; it costs none."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.1)

    def quotes(self) -> bool:
        return len(self.emulator.desk.rows("orders", self.judge.user)) >= 4

    async def trade(self, count: int) -> None:
        """Move the market through the quotes, then have the position closed."""
        wanted, sign = self.judge.executions + count, 1
        while self.judge.executions < wanted:
            await self.emulator.control({"do": "shock", "coin": "BTC", "bps": 15.0 * sign})
            sign = -sign
            await asyncio.sleep(2.0)
        life = self.bot.life
        assert life is not None
        life.daemon.runner.event({"kind": "flatten", "on": True})
        await self.until(lambda: self.judge.position == 0)
        row = life.daemon.runner.report
        await self.until(lambda: row()["symbols"][0]["position"] == 0)
        await asyncio.sleep(3.0)

    def earned(self) -> int:
        """Return what the exchange's executions and payments come to, flat, in micro-USD."""
        assert self.judge.position == 0
        cash = sum(-lots * px - fee for _, lots, px, fee, _ in self.judge.fills)
        return cash + sum(got for _, got in self.judge.fundings)

    def told(self) -> tuple[int, int]:
        """Return what earlier runs earned, in all and today, by the running bot's description."""
        assert self.bot.life is not None
        said = json.loads(self.bot.life.daemon.runner.engine.spec)
        return int(said["symbols"][0]["retained"]), int(said["earned_today"])

    def first_sizes(self) -> list[tuple[int, int]]:
        """Return size and price of what rests at the innermost prices."""
        rows = self.emulator.desk.rows("orders", self.judge.user)
        return [(row["left"], row["px"]) for row in rows]


async def play(folder: Path, script: Callable[[Script], Awaitable[None]]) -> None:
    """Run a script beside a bot that is not started yet."""
    clock = virtual.VirtualClock(asyncio.get_running_loop(), START_NS)
    plan = Plan(rounds=1, round_s=1, block_ms=1_000, seed=4, thin=True)
    async with exchange(plan, clock) as emulator:
        owner = await admit(emulator)
        judge = Judge(emulator, owner, LIMIT_MICRO)
        judge.listen()
        bot = Bot(
            url=emulator.url,
            owner=owner,
            venue_ms=lambda: emulator.desk.now // MS_NS,
            settings=load((), (*SETS, *COMPOUNDS)).settings,
            folder=folder,
            clock=clock,
        )
        await script(Script(emulator, bot, judge))


@pytest.mark.parametrize("killed", [False, True])
def test_what_was_earned_before_a_restart_sizes_the_orders_after_it(
    tmp_path: Path, killed: bool
) -> None:
    store = StateStore(tmp_path / STATE_FILE)
    store.put_bucket(Bucket(day="2026-05-30", symbol="BTC", gross_half_micro=2 * EARLIER * USD))
    store.close()

    async def script(at: Script) -> None:
        at.bot.start()
        await at.until(at.quotes)
        assert at.told() == (EARLIER * USD, 0)
        await at.trade(6)
        earned = at.earned()
        assert earned != 0
        await (at.bot.kill() if killed else at.bot.stop())
        at.bot.start()
        await at.until(at.quotes)
        retained = EARLIER * USD + earned
        assert at.told() == (retained, earned)
        wanted = ORDER * (CAPITAL * USD + retained) / CAPITAL  # micro-USD an order
        for size, px in at.first_sizes():
            assert size == pytest.approx(wanted / px, abs=1)
        await at.bot.stop()

    virtual.run(play(tmp_path, script))
