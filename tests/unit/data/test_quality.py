"""Quality — each complaint lowers the score of its minutes, and of no others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import TapeWriter
from botmm.data.catalogue import read_tape
from botmm.data.quality import MINUTE_NS, Report, check

START = 1_770_890_400_000_000_000
SECOND = 1_000_000_000
LEVEL, GONE, TRADE, GAP = 1, 2, 5, 9
META = {"venue": "lab", "symbol": "X", "px_decimals": "0", "size_decimals": "0", "window": "0"}

Rows = list[dict[str, int]]


def row(at_s: float, kind: int, side: int, px: int, **more: int) -> dict[str, int]:
    recv = START + round(at_s * SECOND)
    made = {"ts_exch": recv - 10**6, "ts_recv": recv, "kind": kind, "side": side, "px": px}
    return (
        made
        | {"qty": 0 if kind == GONE else 5, "stream": 1, "flags": 1, "seq": 0, "n": 0, "id": 0}
        | more
    )


def quotes(first_s: int, last_s: int) -> Rows:
    """Return a level change a second: a sound book of 100 to 102."""
    found = [row(first_s, LEVEL, 1, 100), row(first_s, LEVEL, -1, 102)]
    return found + [row(at, LEVEL, 1, 100, qty=at % 7 + 1) for at in range(first_s + 1, last_s)]


def scored(tmp_path: Path, rows: Rows) -> Report:
    rows = sorted(rows, key=lambda r: r["ts_recv"])
    types: dict[str, Any] = {
        "ts_exch": np.int64, "ts_recv": np.int64, "seq": np.uint64, "stream": np.uint8,
        "kind": np.uint8, "side": np.int8, "px": np.int64, "qty": np.int64, "n": np.uint32,
        "flags": np.uint8, "id": np.uint64,
    }  # fmt: skip
    path = tmp_path / "2026-02-12.parquet"
    writer = TapeWriter(str(path), META)
    writer.append({name: np.array([r[name] for r in rows], kind) for name, kind in types.items()})
    writer.close()
    return check(read_tape(path))


def test_sound_tape_scores_100(tmp_path: Path) -> None:
    report = scored(tmp_path, quotes(0, 180))
    assert len(report.minutes) == 3
    assert [minute.score for minute in report.minutes] == [100.0] * 3
    assert report.worst(5) == []


def test_crossed_book_costs_by_time(tmp_path: Path) -> None:
    rows = quotes(0, 180)
    rows += [row(70, LEVEL, 1, 103), row(100, GONE, 1, 103)]
    report = scored(tmp_path, rows)
    first, second, third = report.minutes
    assert (first.score, third.score) == (100.0, 100.0)
    assert second.shares["crossed"] == pytest.approx(0.5, abs=0.001)
    assert second.score == pytest.approx(100 - 60 * 0.5, abs=0.1)


def test_locked_book_costs_half_of_a_crossed_one(tmp_path: Path) -> None:
    rows = [*quotes(0, 120), row(60, LEVEL, 1, 102)]
    first, second = scored(tmp_path, rows).minutes
    assert first.score == 100.0
    assert second.shares["locked"] == pytest.approx(59 / 60, abs=0.001)
    assert second.shares["crossed"] == 0.0


def test_gap_costs_by_its_length_in_each_minute(tmp_path: Path) -> None:
    start = START + 30 * SECOND
    rows = [*quotes(0, 30), *quotes(150, 180), row(149.5, GAP, 0, 0, stream=0, id=1, ts_exch=start)]
    report = scored(tmp_path, rows)
    assert [m.shares["gap"] for m in report.minutes] == pytest.approx([0.5, 1.0, 29.5 / 60])
    assert report.minutes[1].score == 0.0
    assert report.silent == 1
    assert report.score_recorded == pytest.approx(50.4, abs=0.1)
    assert [minute.start for minute in report.worst(2)] == [START, START + 2 * MINUTE_NS]


def test_trades_in_a_silence_of_the_book_are_not_judged(tmp_path: Path) -> None:
    start = START + 30 * SECOND
    rows = [*quotes(0, 30), *quotes(110, 120), row(45, TRADE, 1, 9), row(115.5, TRADE, 1, 9)]
    rows += [row(100, GAP, 0, 0, stream=0, id=1, ts_exch=start)]
    first, second = scored(tmp_path, rows).minutes
    assert first.shares["outside"] == 0.0
    assert second.shares["outside"] == 1.0


def test_venue_time_running_back_and_skew(tmp_path: Path) -> None:
    rows = quotes(0, 180)
    rows += [row(60 + i, LEVEL, -1, 102, ts_exch=START + 50 * SECOND) for i in range(1, 60)]
    rows += [row(121 + i, LEVEL, -1, 102, ts_exch=START + 190 * SECOND) for i in range(5)]
    first, second, third = scored(tmp_path, rows).minutes
    assert first.score == 100.0
    assert second.shares["time_back"] > 0.4
    assert third.shares["skew"] > 0.0


def test_trades_that_could_not_have_met_the_book(tmp_path: Path) -> None:
    rows = quotes(0, 120)
    rows += [row(61, TRADE, 1, 99), row(62, TRADE, -1, 103), row(63, TRADE, 1, 102)]
    rows += [row(64, TRADE, 1, 104)]  # swept through the ask: possible
    first, second = scored(tmp_path, rows).minutes
    assert first.shares["outside"] == 0.0
    assert second.shares["outside"] == pytest.approx(0.5)
