"""Daemon incident tests — what the venue does to the account: liquidations, transfers, its own cancels."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from botmm.live.deadman import DEADMAN, FIRES_MAX, Pace
from botmm.live.runner import OPERATOR
from botmm.live.watch import GUARD
from botmm.store.params_files import write_live_params
from tests.fakes.live_drill import LIMIT_MICRO, Drill, run
from tests.fakes.signed import order

SLOW_SYNC_S = 3.0
SWITCH_PACE = Pace(ahead_s=1.3, every_s=0.3, again_s=0.1, same_s=0.5)


def test_a_liquidation_stops_everything_for_good(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        # Another client of the account buys more than it can carry through a fall.
        reply = await drill.send(order("150000", size="0.2", tif="Ioc"))
        assert "filled" in reply["response"]["data"]["statuses"][0], reply
        await drill.until(lambda: drill.row()["foreign_fills"] >= 1, "the purchase was noticed")
        assert not drill.operator.status()["latches"]
        await drill.do("deposit", user=drill.owner.address, usd="-9000")
        await drill.do("shock", coin="BTC", bps=-450)
        await drill.halted("HALTED: the venue liquidates BTC")

    run(tmp_path, script).judge(orders=2, fills=1, alone=False)


def test_a_deposit_or_a_withdrawal_is_neither_profit_nor_loss(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        await drill.do("deposit", user=drill.owner.address, usd="1234.5")
        await drill.until(lambda: drill.daemon.transferred == 1_234_500_000, "the deposit is told")
        await drill.do("deposit", user=drill.owner.address, usd="-234.5")
        await drill.until(lambda: drill.daemon.transferred == 1_000_000_000, "and the withdrawal")
        assert len(drill.alarmed("transfer")) == 1
        assert len(drill.alarmed("withdrawal")) == 1
        await drill.do("drop", how="abort")  # the snapshot of a new socket tells nothing again
        await drill.until(lambda: drill.runner.health.reconnects >= 1, "linked again")
        await drill.settle()
        compared = drill.runner.health.reconciled + 2
        await drill.until(lambda: drill.runner.health.reconciled >= compared, "compared")
        assert drill.daemon.transferred == 1_000_000_000
        assert abs(drill.daemon.status()["ledger_difference_usd"]) < 1.0
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=2)


def test_a_reload_that_loosens_a_limit_changes_nothing(tmp_path: Path) -> None:
    params = tmp_path / "live_params.json"

    async def script(drill: Drill) -> None:
        limit = LIMIT_MICRO / 1e6
        write_live_params(params, {"BTC": {"max_position_usd": 2 * limit}})
        before = drill.runner.engine.counts.events
        await drill.until(lambda: drill.alarmed("params"), "the loosening was refused")
        assert "would loosen a hard limit" in drill.alarmed("params")[0]
        assert drill.runner.engine.counts.events > before, "it goes on"
        await drill.trade(2)
        await drill.settle()
        drill.judge_books()

    sets = (f'live.params_file="{params}"',)
    run(tmp_path, script, sets=sets).judge(orders=4, fills=2)


def test_quotes_go_when_the_guard_dies_and_come_back_with_it(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        loop = asyncio.get_running_loop()
        drill.guard_lives = False
        began = loop.time()
        await drill.until(lambda: GUARD in drill.runner.health.holds, "held")
        assert loop.time() - began > 1.5, "a late beat is not a death"
        await drill.until(lambda: not drill.resting(), "nothing rests")
        assert "shows no life" in drill.alarmed(GUARD)[0]
        drill.guard_lives = True
        again = asyncio.create_task(drill.beat())
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        drill.guard_lives = False
        await again

    run(tmp_path, script, mode="testnet").judge(orders=4, fills=0)


class CoreGoneError(BaseException):
    """What a panic of the core is in Python: no Exception, so that nobody goes on after it."""


def test_a_panic_of_the_core_ends_the_run_without_orders(tmp_path: Path) -> None:
    seen: list[Drill] = []

    async def script(drill: Drill) -> None:
        seen.append(drill)
        assert drill.resting()

        def panic(*_: object) -> None:
            raise CoreGoneError

        drill.runner.engine.step = panic  # type: ignore[assignment]
        await asyncio.sleep(10)

    with pytest.raises(BaseExceptionGroup) as caught:
        run(tmp_path, script)
    assert caught.group_contains(CoreGoneError)
    (drill,) = seen
    assert drill.audit()["open"] == 0, "an order outlived the daemon"


def test_the_venues_switch_ends_every_order_once_and_is_off_before_its_firings_are_used(
    tmp_path: Path,
) -> None:
    async def script(drill: Drill) -> None:
        def switch() -> dict[str, Any]:
            limits = json.loads(drill.emulator.desk.core.limits(drill.owner.address))
            found: dict[str, Any] = limits["schedule_cancel"]
            return found

        await drill.until(lambda: switch()["at"] is not None, "the switch is set")
        drill.deadman.fires = FIRES_MAX - 2
        for number in (1, 2):  # renewals do not arrive for a while, twice
            drill.runner.hold(OPERATOR, on=False)
            await drill.until(lambda: len(drill.resting()) >= 2, "quoted")
            await drill.fault("status", only="scheduleCancel", executed=False)
            await drill.until(lambda n=number: switch()["fires_today"] == n, "it fired")
            drill.runner.hold(OPERATOR, on=True)
            await drill.until(lambda: not drill.row()["orders"], "every order ended")
            await drill.until(
                lambda n=number: drill.deadman.fires == FIRES_MAX - 2 + n, "it was counted"
            )
            await drill.do("clear")
        await drill.until(
            lambda: any("it stays off" in words for words in drill.alarmed(DEADMAN)), "told"
        )
        drill.runner.hold(OPERATOR, on=False)
        await drill.quoting()
        await asyncio.sleep(SWITCH_PACE.ahead_s + 0.2)
        assert switch() == {"at": None, "fires_today": 2}, "it was set again"
        await drill.settle()
        drill.judge_books()
        history = drill.emulator.desk.rows("history", drill.owner.address, 2_000)
        assert sum(row["status"] == "scheduledCancel" for row in history) >= 2

    run(tmp_path, script, deadman=SWITCH_PACE).judge(orders=6, fills=0)


def test_other_fees_are_booked_as_fills_say_and_told(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        await drill.do("fees", maker=-0.00003, taker=0.0005)
        await drill.until(lambda: drill.alarmed("fees"), "the rebate was told")
        assert "are -0.3 and 5 bps, were 1.5 and 4.5" in drill.alarmed("fees")[0]
        paid = drill.ledger().fees
        await drill.trade(2)
        await drill.settle()
        assert drill.ledger().fees < paid, "a rebate"
        compared = drill.runner.health.reconciled + 2
        await drill.until(lambda: drill.runner.health.reconciled >= compared, "compared")
        assert len(drill.alarmed("fees")) == 1
        assert not drill.alarmed("ledger")
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=4)


def test_a_stop_on_a_slow_disk_withdraws_before_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, synced = os.fdatasync, 0

    async def script(drill: Drill) -> None:
        def slow(fd: int) -> None:
            nonlocal synced
            time.sleep(SLOW_SYNC_S)
            sync(fd)
            synced += 1

        assert drill.resting()
        monkeypatch.setattr(os, "fdatasync", slow)
        drill.runner.stopping.set()
        await drill.until(lambda: not drill.resting(), "every order is gone")
        assert not synced, "the disk was waited for first"

    run(tmp_path, script).judge(orders=2, fills=0)
    assert synced, "what came last was never synced"
