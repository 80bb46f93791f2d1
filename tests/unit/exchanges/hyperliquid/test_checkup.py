"""Checkup tests — each failing condition brought about at a local exchange, or on a stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from botmm.clock import ManualClock, SystemClock
from botmm.exchanges.emulator import test_account
from botmm.exchanges.hyperliquid.checkup import Examination, Subject, _until, examine
from botmm.exchanges.hyperliquid.hosts import Host, host_of
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.observe.findings import Finding, Level
from botmm.units import DAY_NS, SECOND_NS
from tests.fakes.emulator_thread import RunningEmulator, running
from tests.fakes.signed import order, signed

OWNER, AGENT, GUARD, OTHER, NOBODY = (test_account(n) for n in (0, 50, 51, 1, 60))


@pytest.fixture(scope="module")
def there() -> Iterator[RunningEmulator]:
    with running(symbols=("BTC", "ETH"), speed=1.0, warm_up_s=0) as one:
        core = one.emulator.desk.core
        assert core.approve_agent(OWNER.address, AGENT.address, "daemon") == ""
        assert core.approve_agent(OTHER.address, GUARD.address, "guard") == ""
        yield one


def subject(url: str, **other: Any) -> Subject:
    told: dict[str, Any] = {
        "host": host_of(url), "account": OWNER.address, "agents": {}, "symbols": ("BTC",),
        "leverage": 3, "capital_usd": 1000.0, "budget_least": 2_000,
    }  # fmt: skip
    return Subject(**told | other)


def found(about: Subject, **more: Any) -> dict[str, Finding]:
    clock = more.pop("clock", SystemClock())
    findings = asyncio.run(examine(about, clock, **more))
    return {finding.name: finding for finding in findings}


def test_an_account_in_order_has_nothing_to_mend(there: RunningEmulator) -> None:
    rows = found(subject(there.url, agents={"agent": AGENT.address}))
    failed = {name: row for name, row in rows.items() if row.level is Level.FAIL}
    assert failed == {}
    assert set(rows) >= {"venue", "socket", "clock", "symbols", "account", "budget", "orders"}
    assert "agent of the account" in rows["agent"].found


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (GUARD.address, f"is an agent of {OTHER.address}"),
        (OWNER.address, "has an account of its own: it is no agent"),
        (OTHER.address, "has an account of its own: it is no agent"),
        (NOBODY.address, "is unknown to the venue: it is no agent"),
    ],
)
def test_a_key_that_is_no_agent_of_the_account_fails(
    there: RunningEmulator, address: str, said: str
) -> None:
    row = found(subject(there.url, agents={"agent": address}))["agent"]
    assert row.level is Level.FAIL
    assert said in row.found
    assert row.cure


def test_the_end_of_an_approval_is_told_and_one_that_is_over_fails() -> None:
    now = 1_795_910_400 * SECOND_NS
    levels = [_until("agent", "0x", now + days * DAY_NS, now).level for days in (30, 3, -1)]
    assert levels == [Level.OK, Level.LOOK, Level.FAIL]


def test_symbols_are_looked_up_and_leverage_is_compared(there: RunningEmulator) -> None:
    rows = found(subject(there.url, symbols=("BTC-USD", "ETHH"), leverage=10_000))
    assert rows["symbols"].level is Level.FAIL
    assert "ETHH" in rows["symbols"].found
    assert rows["symbols"].cure == "did you mean ETH?"
    assert rows["leverage"].level is Level.LOOK


def test_a_small_budget_and_little_money_are_noticed(there: RunningEmulator) -> None:
    rows = found(subject(there.url, budget_least=20_000, capital_usd=1e6))
    assert rows["budget"].level is Level.FAIL
    assert rows["account"].level is Level.LOOK
    assert "lower it" in rows["account"].cure


def test_orders_that_rest_are_shown(there: RunningEmulator) -> None:
    assert found(subject(there.url))["orders"].level is Level.OK
    with running(symbols=("BTC",)) as own:
        px = str(own.emulator.desk.book(own.emulator.desk.coins[0], 1)["bids"][0][0] // 10 - 100)
        body = signed(OWNER.key, order(px, size="0.001"))
        reply = requests.post(f"{own.url}/exchange", json=body, timeout=5).json()
        assert "resting" in reply["response"]["data"]["statuses"][0], reply
        row = found(subject(own.url))["orders"]
    assert row.level is Level.LOOK
    assert "1 rest on BTC" in row.found


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (-30.0, Level.FAIL),
        (-1.3, Level.LOOK),
        (0.0, Level.OK),
        (1.3, Level.LOOK),
        (90.0, Level.FAIL),
    ],
)
def test_a_clock_beside_the_venues_is_noticed(
    there: RunningEmulator, seconds: float, level: Level
) -> None:
    clock = ManualClock(there.emulator.desk.now + round(seconds * SECOND_NS))
    public = Host(base="https://venue", ws="wss://venue/ws", mainnet=False)

    async def row() -> Finding:
        async with Rest(host_of(there.url)) as rest:
            asked = Examination(replace(subject(there.url), host=public), rest, clock)
            return await asked.clock_offset()

    found_then = asyncio.run(row())
    assert found_then.level is level
    assert level is Level.OK or "time service" in found_then.cure


def test_a_venue_that_is_not_there_is_one_failure_and_the_rest_is_not_asked() -> None:
    rows = found(subject("http://127.0.0.1:9"), deadline_s=0.5)
    assert rows["venue"].level is Level.FAIL
    assert rows["account"].level is Level.SKIPPED
    assert len(rows) == 2


def test_an_answer_that_fails_in_between_is_named(there: RunningEmulator) -> None:
    there.control(do="fault", kind="status", only="userRateLimit", status=500, count=1)
    row = found(subject(there.url))["budget"]
    assert row.level is Level.FAIL
    assert "500" in row.found
    assert found(subject(there.url))["budget"].level is Level.OK
