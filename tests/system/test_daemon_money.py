"""Daemon and money that moves without a trade — funding is booked as the exchange paid it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from botmm.live.runner import OPERATOR
from tests.fakes.live_drill import Drill, run

HOUR_IN_S = 5.0


def paid(drill: Drill) -> list[int]:
    """Return what the exchange paid the account at full hours, in micro-dollars."""
    rows = drill.emulator.desk.rows("fundings", drill.owner.address, 0)
    return [row["received"] for row in rows]


async def hold_a_position(drill: Drill) -> None:
    """Trade until the account is not flat, and pause there."""
    while not drill.ledger().position:
        drill.runner.hold(OPERATOR, on=False)
        await drill.trade(1)
        await drill.settle()


@pytest.mark.parametrize("told", ["dup_user", "drop_user"], ids=["twice", "late"])
def test_funding_is_booked_once_and_as_it_was_paid(tmp_path: Path, told: str) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault(told, only="userFundings")
        await hold_a_position(drill)
        await drill.until(lambda: paid(drill), "the hour is full")
        await drill.until(lambda: drill.emulator.faults.struck.get(told), "the news went wrong")
        if told == "drop_user":
            assert drill.row()["funding2"] == 0, "not told yet"
            await drill.do("clear")
            await drill.do("drop", how="abort")
        received = paid(drill)
        assert received[0] != 0
        await drill.until(lambda: drill.row()["funding2"] == 2 * sum(received), "booked")
        drill.runner.hold(OPERATOR, on=False)
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert paid(drill) == received
        assert drill.row()["funding2"] == 2 * sum(received)

    run(tmp_path, script, hour_in_s=HOUR_IN_S).judge(orders=2, fills=1)


def test_funding_that_the_exchange_did_not_pay_is_told_to_a_person(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await hold_a_position(drill)
        audit = drill.runner.records.audit
        await drill.until(lambda: audit.difference == 0, "compared")
        at_ms = drill.emulator.desk.now // 10**6
        row = {"time": at_ms, "coin": "BTC", "usdc": "5.0", "szi": "1.0", "fundingRate": "-0.1"}
        data = {"user": drill.owner.address, "fundings": [row]}
        text = json.dumps({"channel": "userFundings", "data": data}, separators=(",", ":"))
        await drill.do("frame", text=text)
        await drill.until(lambda: drill.alarmed("ledger"), "told")
        assert audit.difference == -5_000_000
        assert "-5.000000 USD" in drill.alarmed("ledger")[0]
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, sets=("live.reconcile_s=1.0",)).judge(orders=2, fills=1)
