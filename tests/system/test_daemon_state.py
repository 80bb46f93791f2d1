"""Daemon state drills — what SQLite holds of a run is what the exchange says happened."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from pathlib import Path

from botmm.data.capture.reader import Reader
from botmm.live.latches import STATE_FILE
from botmm.live.parity import replay_journal
from botmm.live.runner import OPERATOR
from botmm.store.params_files import write_allocations, write_live_params
from botmm.store.state import StateStore
from tests.fakes.live_drill import Drill, run


def test_sqlite_holds_each_order_and_fill_once_over_a_reconnect(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(4)
        drill.daemon.keep()
        for _ in range(2):  # the history is told again as after a reconnect
            assert await drill.daemon.venue.retell_fills()
        await drill.settle()
        while drill.row()["position"] == 0:  # fills of both sides may have cancelled out
            drill.runner.hold(OPERATOR, on=False)
            await drill.quoting()
            await drill.trade(1)
            await drill.settle()
        assert drill.row()["position"] != 0, "a mark would show"
        compared = drill.runner.health.reconciled
        await drill.until(lambda: drill.runner.health.reconciled >= compared + 2, "compared")
        assert drill.daemon.status()["ledger_difference_usd"] == 0.0

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


def test_shares_and_parameters_change_orders_within_a_minute_and_replay(tmp_path: Path) -> None:
    params, shares = tmp_path / "live_params.json", tmp_path / "allocations.json"
    sizes: dict[str, int] = {}

    def rests(drill: Drill) -> int:
        return max((row["left"] for row in drill.resting()), default=0)

    async def follow(drill: Drill) -> None:
        sizes["whole"] = rests(drill)
        write_allocations(shares, {"BTC": 0.5})
        await drill.until(lambda: 0 < rests(drill) < 0.7 * sizes["whole"], "half the size")
        sizes["half"] = rests(drill)
        write_live_params(params, {"BTC": {"order_size_usd": 75.0}})
        await drill.until(lambda: 0 < rests(drill) < 0.7 * sizes["half"], "a quarter of the size")
        write_live_params(params, {"BTC": {"max_position_usd": 1e6}})
        await drill.until(lambda: drill.alarms, "the loosened limit refused")
        assert "max_position_usd" in drill.alarms[0][1]
        params.write_text('{"schema_version": 1, "symbols": {"BTC": {"order_size_usd": "much"')
        shares.write_text('{"schema_version": 1, "weights": {"BTC": 3}}')
        await drill.until(
            lambda: any("BTC has share 3" in words for _, words in drill.alarms), "refused"
        )
        assert 0 < rests(drill) < 0.7 * sizes["half"]

    files = (f"live.params_file={params}", f"live.allocations_file={shares}", "live.reload_s=0.1")
    run(tmp_path / "run", follow, sets=files)
    found = replay_journal(Reader(tmp_path / "run" / "journal"))
    assert (found.unlike, found.where) == (0, "")
    assert found.commands > 0
