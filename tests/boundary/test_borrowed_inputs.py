"""Borrowed inputs — the core changes no array of its caller, and needs none after the call."""

import gc
from pathlib import Path
from typing import Any

import numpy as np

from botmm.core import Assembler, Latency, TapeWriter, read_tape, touches
from botmm.data.catalogue import read_tape as catalogued
from botmm.data.quality import check
from tests.simulation.replayed import market, play, spec, write

LEVEL, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
CONTEXT = 7  # a kind of tape rows
MS = 1_000_000
START = 1_767_571_200_000_000_000
META = {"venue": "lab", "symbol": "X", "px_decimals": "0", "size_decimals": "0", "window": "0"}


def neutral(count: int = 1_000) -> dict[str, Any]:
    """Return neutral events: a snapshot of two levels, then changes of the bid and prints."""
    step = np.arange(count)
    kind = np.where(step % 5 == 4, TRADE, LEVEL)
    kind[:3] = CLEAR, SNAPSHOT, SNAPSHOT
    side = np.where(kind == TRADE, -1, 1)
    side[:3] = 0, 1, -1
    px = np.full(count, 100)
    px[:3] = 0, 100, 102
    return {
        "ts_exch": START + np.maximum(step - 2, 0) * MS,
        "ts_local": START + np.maximum(step - 2, 0) * MS + 5 * MS,
        "kind": kind.astype(np.uint8),
        "side": side.astype(np.int8),
        "px": px,
        "qty": 10 + step % 7,
    }


def assembled(*args: Any) -> dict[str, Any]:
    assembler = Assembler(0, 0)
    assembler.add_neutral(*args)
    rows: dict[str, Any] = assembler.drain()
    return rows


def same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return all(np.array_equal(one[name], two[name]) for name in one)


def test_inputs_are_never_modified(tmp_path: Path) -> None:
    given = neutral()
    before = {name: column.copy() for name, column in given.items()}
    rows = assembled(*given.values())
    assert same(given, before)
    kept = {name: column.copy() for name, column in rows.items()}
    touches(rows["kind"], rows["side"], rows["px"])
    for name in ("one", "two"):
        with TapeWriter(str(tmp_path / name), META) as writer:
            writer.append(rows)
            writer.close()
    assert same(rows, kept)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_latency_built_twice_from_one_list_is_the_same() -> None:
    rows = [(0, 10, 20), (100, 130, 150)]
    once = Latency.recorded(rows, 2.0).times(50, 0)
    assert Latency.recorded(rows, 2.0).times(50, 0) == once
    assert rows == [(0, 10, 20), (100, 130, 150)]


def test_arrays_that_the_caller_drops_or_overwrites_are_not_read_again() -> None:
    wanted = assembled(*neutral().values())
    assembler = Assembler(0, 0)
    given = neutral()
    assembler.add_neutral(*given.values())
    for column in given.values():
        column[:] = 0
    del given
    gc.collect()
    assert same(assembler.drain(), wanted)


def test_one_negative_latency_moves_its_own_row_alone_and_is_counted(tmp_path: Path) -> None:
    given = neutral()
    wanted = assembled(*given.values())
    given["ts_local"][499] = given["ts_exch"][499] - 1  # a print
    rows = assembled(*given.values())
    late = rows["ts_recv"] < rows["ts_exch"]
    assert late.sum() == 1
    usual = wanted["ts_exch"] != rows["ts_exch"][late][0]
    others = {name: column[~late] for name, column in rows.items()}
    assert same(others, {name: column[usual] for name, column in wanted.items()})
    path = tmp_path / "2026-01-05.parquet"
    with TapeWriter(str(path), META) as writer:
        writer.append(rows)
        writer.close()
    assert [minute.shares["skew"] > 0 for minute in check(catalogued(path)).minutes] == [True]
    assert same(read_tape(str(path)), rows)


def test_a_row_with_negative_latency_changes_no_other_row_of_a_replay(tmp_path: Path) -> None:
    rows = market("classic", 40)
    write(tmp_path / "plain.parquet", rows)
    early = np.flatnonzero(rows["kind"] == CONTEXT)[200]
    rows["ts_exch"][early] = rows["ts_recv"][early] + MS
    write(tmp_path / "early.parquet", rows)
    plain, early_too = (
        play(spec([tmp_path / name]))["fills"] for name in ("plain.parquet", "early.parquet")
    )
    assert len(plain["ts_exch"]) > 10
    assert same(plain, early_too)
