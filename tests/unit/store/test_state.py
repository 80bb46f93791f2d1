"""State tests — what was kept is there after a restart, once, and in balance."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from botmm.errors import DataError, UsageError
from botmm.store.rows import ChangeRow, FillRow, LatchRow, Leg, OrderRow
from botmm.store.state import StateStore

ORDER = OrderRow(
    cloid="0x01", symbol="BTC", side="bid", px=5, size=7, left=7, state="placing", reason="", oid=None,
    reduce_only=False, sent_ns=1, updated_ns=1,
)  # fmt: skip
FILL = FillRow(
    tid=9, symbol="BTC", cloid="0x01", oid=4, side="bid", px=5, size=7, before=0, fee_micro=-3,
    closed_pnl_micro=0, maker=True, venue_ms=100, recv_ns=2,
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "state.sqlite"


def test_orders_fills_and_equity_are_there_after_a_restart(path):
    store = StateStore(path)
    store.put_order(ORDER)
    store.put_fill(FILL)
    store.put_fill(FILL)
    store.put("cursor", "100")
    for ts, micro in ((10**9, 50), (2 * 10**9, 20), (3 * 10**9, 30)):
        store.put_equity(ts, micro)
    store.close()
    again = StateStore(path)
    assert again.orders(["placing"]) == [ORDER]
    assert again.orders(["working"]) == []
    assert again.fills() == [FILL]
    assert again.last_fill_ms() == 100
    assert again.get("cursor") == "100"
    (day,) = again.days()
    assert (day.opening_micro, day.closing_micro, day.low_micro, day.high_micro) == (50, 30, 20, 50)
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_flush_is_one_transaction(path):
    store = StateStore(path)
    store.put("a", "1")
    store.put_order(ORDER)
    reader = StateStore(path, read_only=True)
    assert reader.get("a") is None
    assert store.flush() == 2
    assert reader.get("a") == "1"


def test_a_booking_must_sum_to_zero_and_counts_once(path):
    store = StateStore(path)
    legs = [Leg(account="cash", unit="usd", amount=-5), Leg(account="fees", unit="usd", amount=5)]
    store.book("fill-9", legs, ts_ns=1)
    store.book("fill-9", legs, ts_ns=1)
    assert store.balances() == {("cash", "usd"): -5, ("fees", "usd"): 5}
    with pytest.raises(UsageError, match="sum"):
        store.book("bad", legs[:1], ts_ns=1)
    other = [Leg(account="cash", unit="usd", amount=-9), Leg(account="pnl", unit="usd", amount=9)]
    store.book("fill-9", other, ts_ns=2)
    assert store.balances() == {("cash", "usd"): -5, ("fees", "usd"): 5}


def test_latches_are_read_and_set_whatever_else_cannot_be_written(path):
    store = StateStore(path)
    store.put_order(replace(ORDER, side="neither"))  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        store.flush()
    store.set_latch(LatchRow(name="HALTED", reason="test", who="me", set_ns=1))
    assert [latch.name for latch in store.latches()] == ["HALTED"]


KILLED = """
import os, sys
from pathlib import Path
from botmm.store.rows import LatchRow
from botmm.store.state import StateStore
store = StateStore(Path(sys.argv[1]))
store.reserve_nonces("agent", 500)
store.reserve_nonces("agent", 400)
store.set_latch(LatchRow(name="KILLED", reason="test", who="me", set_ns=1))
store.put("waiting", "lost")
os.kill(os.getpid(), 9)
"""


def test_nonces_and_latches_outlive_a_kill_at_once(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=20)
    store = StateStore(path)
    assert store.reserved_nonce("agent") == 500
    assert store.reserved_nonce("other") == 0
    assert [latch.name for latch in store.latches()] == ["KILLED"]
    assert store.get("waiting") is None


def test_nonces_are_settled_until_more_are_reserved(path):
    store = StateStore(path)
    store.settle_nonces("agent")
    assert not store.is_settled("agent"), "it never reserved any"
    store.reserve_nonces("agent", 500)
    store.reserve_nonces("other", 700)
    assert not store.is_settled("agent")
    store.settle_nonces("agent")
    store.close()
    store = StateStore(path)
    assert store.is_settled("agent")
    assert not store.is_settled("other")
    store.reserve_nonces("agent", 501)
    assert not store.is_settled("agent")


def test_a_newer_file_is_refused_with_the_cure(path):
    StateStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match="version 99") as caught:
        StateStore(path)
    assert "run the program that wrote it" in caught.value.cure


def test_a_file_that_is_no_database_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"nothing like it" * 100)
    with pytest.raises(DataError, match="not a database"):
        StateStore(path)


def test_what_became_of_an_order_is_kept_once_and_an_end_is_final(path):
    def change(ts: int, state: str, left: int | None, reason: str = "") -> ChangeRow:
        return ChangeRow(cloid="0x01", ts_ns=ts, state=state, left=left, reason=reason)

    store = StateStore(path)
    store.put_order(ORDER)
    told = [
        change(2, "working", 7),
        change(3, "working", 7),  # told by the answer and by the stream
        change(4, "working", 4),
        change(5, "canceling", None),
        change(6, "cancelled", 0, "canceled"),
        change(7, "working", 7),  # late
    ]
    for one in told:
        store.put_change(one)
    store.put_change(replace(told[0], cloid="0x99"))  # of an order that is not ours
    wanted = [("working", 7), ("working", 4), ("canceling", 4), ("cancelled", 0)]
    assert [(one.state, one.left) for one in store.changes("0x01")] == wanted
    (order,) = store.orders()
    assert (order.state, order.left, order.reason, order.updated_ns) == (
        "cancelled",
        0,
        "canceled",
        6,
    )
    assert store.changes("0x99") == []
    store.forget_orders(6)
    assert len(store.orders()) == 1
    store.forget_orders(7)
    assert store.orders() == store.changes("0x01") == []


def test_a_second_connection_of_the_process_keeps_the_locks_of_the_first(path):
    first = StateStore(path)
    second = StateStore(path)
    second.put("a", "1")
    second.flush()
    read = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "print(db.execute('SELECT value FROM kv').fetchone()[0]); db.close()"
    )
    for _ in range(2):
        made = subprocess.run(
            [sys.executable, "-c", read, str(path)], capture_output=True, text=True
        )
        assert made.stdout.strip() == "1", made.stderr
    assert path.with_name(path.name + "-wal").exists(), "a reader that left took the log away"
    second.put("a", "2")
    second.flush()
    assert first.get("a") == "2"
