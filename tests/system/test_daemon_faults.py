"""Daemon fault tests — whatever the venue does, no order is doubled and no fill is lost.

The daemon is the real one, on a local exchange in the same process; the exchange is the judge.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from botmm.data.capture.reader import Reader
from botmm.errors import ConfigError
from botmm.live.parity import replay_journal
from botmm.live.records import FOREIGN
from botmm.live.runner import LINK
from tests.fakes.live_drill import Drill, run
from tests.fakes.signed import order


def plays_again(folder: Path) -> None:
    parity = replay_journal(Reader(folder / "journal"))
    assert parity.holds, parity.where
    assert parity.commands > 5


def test_without_a_fault_the_books_are_the_exchanges(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(10)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=10, fills=10)
    plays_again(tmp_path)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ({"kind": "lose_reply", "only": "order"}, 2),
        ({"kind": "lose_reply", "only": "order", "how": "reset"}, 2),
        ({"kind": "lose_request", "only": "order"}, 2),
        ({"kind": "status", "only": "order"}, 3),
        ({"kind": "status", "only": "order", "executed": False}, 3),
        ({"kind": "status", "only": "order", "status": 429, "executed": False}, 1),
        ({"kind": "truncate", "only": "order"}, 3),
        ({"kind": "short_list", "only": "order"}, 2),
        ({"kind": "lose_reply", "only": "cancelByCloid"}, 2),
        ({"kind": "status", "only": "cancelByCloid", "executed": False}, 3),
    ],
    ids=lambda value: " ".join(str(v) for v in value.values()) if isinstance(value, dict) else "",
)
def test_a_bad_answer_doubles_and_loses_nothing(
    tmp_path: Path, fault: dict[str, Any], times: int
) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault(**fault, count=times)
        await drill.struck(fault["kind"], times)
        await drill.settle()
        drill.judge_books()

    drill = run(tmp_path, script)
    drill.judge(orders=4, fills=times)
    assert drill.emulator.faults.struck[fault["kind"]] >= times


@pytest.mark.parametrize("kind", ["dup_user", "reorder_user", "drop_user"])
def test_user_events_that_come_twice_late_or_never_change_no_book(
    tmp_path: Path, kind: str
) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault(kind, probability=0.3)
        await drill.struck(kind, 3)
        await drill.do("clear")
        await drill.trade(2)
        await drill.settle()
        # Untold fills that cancel out leave the position as it is: nobody asks for them.
        if kind != "drop_user":
            drill.judge_books()

    drill = run(tmp_path, script)
    drill.judge(orders=6, fills=3)
    assert drill.emulator.faults.struck[kind] >= 3


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_dropped_socket_is_replaced_and_no_fill_is_missed(tmp_path: Path, how: str) -> None:
    async def script(drill: Drill) -> None:
        for drops in range(1, 4):
            links = drill.runner.venue.link
            await drill.do("drop", how=how)
            await drill.do("shock", coin="BTC", bps=20 * (-1) ** drops)
            await drill.until(lambda links=links: drill.runner.venue.link >= links + 2, "linked")
            await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert drill.runner.health.reconnects >= 3

    run(tmp_path, script).judge(orders=8, fills=1)
    plays_again(tmp_path)


def test_a_half_open_socket_is_found_and_nothing_rests_meanwhile(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        loop = asyncio.get_running_loop()
        began, links = loop.time(), drill.runner.venue.link
        await drill.do("drop", how="half_open")
        await drill.until(lambda: LINK in drill.runner.health.holds, "the silence was noticed", 10)
        found_s = loop.time() - began
        await drill.quoting()
        # Both sockets are dead; the account's is not waited for until its next ping.
        assert drill.runner.venue.link == links + 2
        await drill.trade(2)
        await drill.sent(8)
        await drill.settle()
        drill.judge_books()
        print(f"half-open found in {found_s:.1f} s")
        assert found_s < 8

    run(tmp_path, script).judge(orders=8, fills=2)


def test_blocks_that_stop_leave_no_doubled_order(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        await drill.do("freeze", seconds=2.5)
        await asyncio.sleep(3)
        await drill.quoting()
        await drill.trade(2)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=8, fills=4)


def test_an_agent_that_is_revoked_places_nothing_more_and_ends_the_run(tmp_path: Path) -> None:
    seen: list[tuple[Drill, int]] = []

    async def script(drill: Drill) -> None:
        await drill.trade(2)
        await drill.do("revoke_agent", user=drill.owner.address, agent="daemon")
        seen.append((drill, drill.audit()["accepted"]))
        await drill.do("shock", coin="BTC", bps=20)
        await drill.until(lambda: False, "the run ends")

    with pytest.raises(ConfigError, match="the venue knows no agent"):
        run(tmp_path, script)
    ((drill, accepted),) = seen
    assert drill.audit()["accepted"] == accepted
    assert "the guard's key" in drill.alarmed("stop")[0]


def test_a_refusal_of_a_key_that_the_venue_still_knows_ends_nothing(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        body = '{"status":"err","response":"User or API Wallet 0x1 does not exist."}'
        await drill.fault("status", status=200, body=body, only="order", executed=False, count=2)
        await drill.struck("status", 2)
        await drill.quoting()
        await drill.trade(2)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=5, fills=2)


def test_an_order_of_another_client_withdraws_the_quotes_until_it_is_gone(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        reply = await drill.send(order("80000"))
        oid = reply["response"]["data"]["statuses"][0]["resting"]["oid"]
        await drill.until(lambda: FOREIGN in drill.runner.health.holds, "held")
        await drill.until(lambda: len(drill.resting()) == 1, "only the stranger's order rests")
        await drill.send({"type": "cancel", "cancels": [{"a": 0, "o": oid}]})
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert drill.runner.health.foreign_orders >= 1

    run(tmp_path, script).judge(orders=5, fills=0, alone=False)


def test_an_order_of_another_client_is_withdrawn_where_that_is_configured(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        reply = await drill.send(order("80000"))
        oid = reply["response"]["data"]["statuses"][0]["resting"]["oid"]
        await drill.until(lambda: all(o["oid"] != oid for o in drill.resting()), "withdrawn")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, sets=("live.foreign_orders=cancel",)).judge(
        orders=5, fills=0, alone=False
    )


def test_a_fill_of_another_client_counts_in_the_position(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(2)
        before = drill.ledger().position
        reply = await drill.send(order("150000", size="0.002", tif="Ioc"))
        assert "filled" in reply["response"]["data"]["statuses"][0], reply
        await drill.until(lambda: drill.row()["foreign_fills"] >= 1, "the fill was noticed")
        await drill.settle()
        assert drill.row()["proven"] == drill.ledger().position
        print(f"position before {before}, after {drill.ledger().position}")

    run(tmp_path, script).judge(orders=5, fills=3, alone=False)
