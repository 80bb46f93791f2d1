"""Tests of the books — hostile frames and broken disks cost an entry at most, never the journal."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid import entries
from botmm.live.books import Books
from botmm.live.engine import Kind
from botmm.store.rows import Told
from botmm.store.state import StateStore

BTC = Instrument(
    name="BTC", asset=0, size_decimals=5, px_decimals=1, max_leverage=40, only_isolated=False,
    delisted=False,
)  # fmt: skip
FILL = {
    "coin": "BTC", "px": "50000.0", "sz": "0.001", "side": "B", "time": 1_700_000_000_000,
    "startPosition": "0.0", "dir": "Open Long", "closedPnl": "-0.25", "hash": "0x0", "oid": 7,
    "crossed": False, "fee": "0.0075", "tid": 99, "feeToken": "USDC",
}  # fmt: skip


HUGE = "9" * 30
# What 64 bits do not hold, by itself or as the fill's worth.
BEYOND: tuple[dict[str, Any], ...] = (
    {"tid": 2**64}, {"oid": 2**63}, {"time": 2**63}, {"px": HUGE}, {"sz": HUGE}, {"fee": HUGE},
    {"startPosition": HUGE}, {"closedPnl": HUGE}, {"px": "9" * 15, "sz": "9" * 12},
)  # fmt: skip
CHANGE: dict[str, Any] = {
    "order": {
        "coin": "BTC", "side": "B", "limitPx": "1.0", "sz": "1.0", "oid": 1, "timestamp": 1,
        "origSz": "1.0", "cloid": f"0x{7:032x}",
    },
    "status": "open",
}  # fmt: skip


def dumped(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


class Pages:
    def __init__(self) -> None:
        self.rows: list[tuple[int, int, bytes]] = []

    def append(self, kind: int, recv_ns: int, payload: bytes) -> None:
        self.rows.append((kind, recv_ns, payload))


class Venue:
    instruments = (BTC,)

    def is_own(self, frame: bytes) -> bool:
        return entries.is_own(frame)

    def told(self, frame: bytes, recv_ns: int) -> list[Told]:
        return entries.read_told(frame, self.instruments, recv_ns)


def fills(*rows: Any) -> bytes:
    return json.dumps({"channel": "userFills", "data": {"user": "0x1", "fills": rows}}).encode()


def written(path: Path, *frames: bytes) -> Pages:
    pages = Pages()
    with closing(Books(pages, path, Venue())) as books:
        for at, frame in enumerate(frames, 1):
            books.append(Kind.FRAME, at, frame)
    assert books.failure == ""
    return pages


def test_a_fill_is_once_over_repeats_and_restarts_and_balances(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    written(path, fills(FILL), fills(FILL, FILL | {"tid": 100, "side": "A"}))
    written(path, fills(FILL))
    with closing(StateStore(path)) as store:
        assert [one.tid for one in store.fills()] == [99, 100]
        assert store.fills()[0].closed_pnl_micro == -250_000
        balances = store.balances()
    assert balances["cash", "micro-USD"] == -15_000
    assert balances["fees BTC", "micro-USD"] == 15_000
    assert balances["position", "BTC"] == 0


def test_funding_is_once(tmp_path: Path) -> None:
    rows = [{"time": 1_700_000_000_000, "coin": "BTC", "usdc": "-0.5", "szi": "1"}]
    frame = json.dumps({"channel": "userFundings", "data": {"fundings": rows}}).encode()
    written(tmp_path / "s.sqlite", frame, frame)
    with closing(StateStore(tmp_path / "s.sqlite")) as store:
        assert store.balances()["cash", "micro-USD"] == -500_000


def test_hostile_frames_are_journaled_and_cost_only_themselves(tmp_path: Path) -> None:
    hostile = [
        b'{"channel":"userFills","data":',
        b'{"channel":"userFills","data":{"fills":[1, null, "x"]}}',
        b'{"channel":"orderUpdates","data":{}}',
        b'{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","cloid":"0x1"},"status":"?"}]}',
        b'{"channel":"userFundings","data":{"fundings":[{}]}}',
        fills(FILL | {"px": "NaN"}),
        fills(FILL | {"tid": "99"}),
        *(fills(FILL | beyond) for beyond in BEYOND),
        dumped(
            "userFundings", {"fundings": [{"time": 1, "coin": "BTC", "usdc": HUGE, "szi": "1"}]}
        ),
        dumped(
            "userFundings",
            {"fundings": [{"time": 2**60, "coin": "BTC", "usdc": "1.0", "szi": "1"}]},
        ),
        dumped("orderUpdates", [CHANGE | {"statusTimestamp": 2**60}]),
        dumped("orderUpdates", [CHANGE | {"statusTimestamp": 2**64}]),
    ]
    pages = written(tmp_path / "s.sqlite", *hostile, fills(FILL))
    assert len(pages.rows) == len(hostile) + 1
    with closing(StateStore(tmp_path / "s.sqlite")) as store:
        assert [one.tid for one in store.fills()] == [99]
        assert store.balances()["cash", "micro-USD"] == -50_007_500
        assert not store.changes(CHANGE["order"]["cloid"])


def test_a_state_file_that_cannot_be_opened_does_not_stop_the_journal(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").mkdir()
    pages = Pages()
    with closing(Books(pages, tmp_path / "s.sqlite", Venue())) as books:
        books.append(Kind.FRAME, 1, fills(FILL))
    assert len(pages.rows) == 1
    assert "nothing is put down" in books.failure
