"""Borrowed inputs — the core changes no array of its caller, and needs none after the call."""

import gc
from pathlib import Path
from typing import Any

import numpy as np

from botmm.core import Assembler, Latency, TapeWriter, read_tape, touches
from botmm.data.catalogue import read_tape as catalogued
from botmm.data.quality import check
from tests.simulation.replayed import market, play, spec, write

CONTEXT = 7
MS = 1_000_000
START = 1_767_571_200_000_000_000
Columns = dict[str, Any]
META = {"venue": "lab", "symbol": "X", "px_decimals": "0", "size_decimals": "0", "window": "0"}


def events(count: int = 800) -> tuple[Columns, Columns]:
    """Return level changes, one a millisecond, the bid and the ask first, and prints among them."""
    step = np.arange(count)
    ts_exch = START + np.maximum(step - 1, 0) * MS
    none = np.zeros(count, np.uint64)
    changes = {
        "ts_exch": ts_exch,
        "ts_recv": ts_exch + 5 * MS,
        "seq": none,
        "prev_seq": none.copy(),
        "first_seq": none.copy(),
        "offsets": np.arange(count + 1),
        "side": np.where(step == 1, -1, 1).astype(np.int8),
        "px": np.where(step == 1, 102, 100),
        "qty": 10 + step % 7,
    }
    at = np.arange(4, count, 4)
    prints = {
        "ts_exch": ts_exch[at] + MS // 2,
        "ts_recv": ts_exch[at] + MS // 2 + 5 * MS,
        "side": np.full(len(at), -1, np.int8),
        "px": np.full(len(at), 100),
        "qty": 1 + at % 7,
        "id": at.astype(np.uint64),
    }
    return changes, prints


def fed(changes: Columns, prints: Columns) -> Assembler:
    assembler = Assembler(0, 0)
    assembler.add_deltas(*changes.values())
    assembler.add_trades(*prints.values())
    return assembler


def assembled(changes: Columns, prints: Columns) -> Columns:
    rows: Columns = fed(changes, prints).drain()
    return rows


def same(one: Columns, two: Columns) -> bool:
    return all(np.array_equal(one[name], two[name]) for name in one)


def test_inputs_are_never_modified(tmp_path: Path) -> None:
    given = events()
    before = [{name: column.copy() for name, column in part.items()} for part in given]
    rows = assembled(*given)
    assert all(same(part, was) for part, was in zip(given, before, strict=True))
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
    wanted = assembled(*events())
    given = events()
    assembler = fed(*given)
    for part in given:
        for column in part.values():
            column[:] = 0
    del given, part, column
    gc.collect()
    assert same(assembler.drain(), wanted)


def test_one_negative_latency_moves_its_own_row_alone_and_is_counted(tmp_path: Path) -> None:
    changes, prints = events()
    wanted = assembled(changes, prints)
    prints["ts_recv"][100] = prints["ts_exch"][100] - 1
    rows = assembled(changes, prints)
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
