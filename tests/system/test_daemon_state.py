"""Daemon state drills — what SQLite holds of a run is what the exchange says happened."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from pathlib import Path

from botmm.live.latches import STATE_FILE
from botmm.store.state import StateStore
from tests.fakes.live_drill import Drill, run


def test_sqlite_holds_each_order_and_fill_once_over_a_reconnect(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(4)
        drill.daemon.keep()
        for _ in range(2):  # the history is told again as after a reconnect
            assert await drill.daemon.venue.retell_fills()
        await drill.settle()

    drill = run(tmp_path, script)
    owner = drill.owner.address
    truth = {row["tid"]: row for row in drill.emulator.desk.rows("fills", owner, 0, 10_000)}
    with closing(StateStore(tmp_path / STATE_FILE)) as store:
        fills, orders, balances = store.fills(), store.orders(), store.balances()
        changes = {order.cloid: store.changes(order.cloid) for order in orders}
        (day,) = store.buckets()
    assert {fill.tid for fill in fills} == set(truth)
    assert len(fills) >= 4
    for fill in fills:
        row = truth[fill.tid]
        assert (fill.side, fill.px, fill.size) == (row["side"], row["px"], row["size"])
        assert (fill.fee_micro, fill.closed_pnl_micro) == (row["fee"], row["closed_pnl"])
    ledger, position = drill.ledger(), drill.row()["position"]
    assert balances["cash", "micro-USD"] == ledger.cash - ledger.fees
    assert balances["fees BTC", "micro-USD"] == ledger.fees
    assert balances.get(("position", "BTC"), 0) == ledger.position == position
    assert len(orders) >= drill.audit()["accepted"] >= 4
    assert {order.state for order in orders} <= {"filled", "cancelled", "rejected"}
    ends: defaultdict[str, int] = defaultdict(int)
    for order in orders:
        states = [change.state for change in changes[order.cloid]]
        ends[order.state] += 1
        assert states.count(order.state) == 1, states
        assert "placing" in states
    assert ends["filled"] >= 1
    assert ends["cancelled"] >= 1
    report = drill.row()
    assert day.gross_half_micro == report["capture2"] + report["inventory2"]
    assert (2 * day.fees_micro, 2 * day.funding_micro) == (report["fees2"], report["funding2"])
    assert day.maker_fills + day.taker_fills == len(fills)
    assert day.placed == len(orders)
