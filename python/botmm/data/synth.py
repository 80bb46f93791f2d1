"""Synth — synthetic markets as tapes: seeded, order by order, with known queue positions.

The core simulates the exchange and records what its streams would have shown; this module cuts
the rows into days, writes the tapes and, if asked, the truth about hypothetical orders. The same
plan gives the same rows, and a plan whose tapes are there is not simulated again. Markets without
orders, for months of data, are made by `synth_days`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from botmm.data.leftovers import sweep
from botmm.data.synth_days import make_days
from botmm.data.synth_plan import STEP_NS, SynthOutcome, SynthPlan, SynthTape, Tracker, is_made
from botmm.units import DAY_NS, SECOND_NS, day_of

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

Columns = dict[str, np.ndarray[Any, Any]]


def make(plan: SynthPlan, tracker: Tracker | None = None) -> SynthOutcome:
    """Simulate and record every symbol of a plan.

    Raises:
        DataError: a tape of that day is there that is no synthetic one.
        UsageError: the truth about orders of a market that has none.
        ArgumentError: of the core, a symbol without a preset.
    """
    if plan.model == "plain":
        return make_days(plan, tracker)
    outcome = SynthOutcome()
    todo = []
    for symbol in plan.symbols:
        if _is_there(plan, symbol) and plan.truth is None:
            outcome.kept += plan.paths(symbol)
        else:
            todo.append(symbol)
    truth = None if plan.truth is None else _Truth(plan.truth)
    try:
        for number, symbol in enumerate(todo):
            meter = _Meter(tracker, number / len(todo), 1 / len(todo), outcome)
            _Recording(plan, symbol, truth).run(meter, outcome)
    except BaseException:
        if truth is not None:
            truth.abort()
        raise
    if truth is not None:
        outcome.ghosts = truth.close()
    return outcome


def make_sample(folder: Path) -> Path:
    """Return the tape of the demo below `folder`: six hours of BTC, made once."""
    plan = SynthPlan(store=folder, length_ns=6 * 3600 * SECOND_NS)
    make(plan)
    return plan.paths("BTC")[0]


def _is_there(plan: SynthPlan, symbol: str) -> bool:
    """Whether all tapes of a symbol are this plan's; refuse to replace a recording."""
    identity = _identity(plan, symbol)
    made = [is_made(path, identity) for path in plan.paths(symbol)]  # each is looked at
    return all(made)


def _identity(plan: SynthPlan, symbol: str) -> str:
    """Return what two tapes share that hold the same rows."""
    from botmm.core import __version__ as core_version

    market = plan.market(symbol) | {"end": plan.end, "core": core_version}
    return json.dumps(market, sort_keys=True)


class _Recording:
    """One symbol being simulated, and the tape being written."""

    def __init__(self, plan: SynthPlan, symbol: str, truth: _Truth | None) -> None:
        from botmm.core import Synth

        wish = plan.market(symbol)
        if truth is not None:
            wish["ghost_every_ms"] = plan.ghost_every_ms
        self.plan, self.symbol, self.truth = plan, symbol, truth
        self.market = Synth(json.dumps(wish))
        sweep(plan.paths(symbol)[0].parent)
        self.day: date | None = None
        self.writer: Any = None

    def run(self, meter: _Meter, outcome: SynthOutcome) -> None:
        """Simulate to the end, writing a tape a day."""
        try:
            now = self.plan.start
            while now < self.plan.end:
                now = min(now + STEP_NS, self.plan.end)
                # What arrives at the end exactly belongs to the time after it.
                rows: Columns = self.market.step_until(now - 1)
                for day, part in _by_day(rows):
                    self._turn_to(day, outcome)
                    self.writer.append(part)
                if self.truth is not None:
                    self.truth.append(self.symbol, self.market.take_truth())
                meter.update((now - self.plan.start) / self.plan.length_ns, len(rows["ts_recv"]))
            self._close(outcome)
        except BaseException:
            if self.writer is not None:
                self.writer.abort()
            raise

    def _turn_to(self, day: date, outcome: SynthOutcome) -> None:
        """Have the tape of a day open, with the book of the day before."""
        from botmm.core import TapeWriter

        if day == self.day:
            return
        self._close(outcome)
        path = self.plan.path(self.symbol, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        decimals = (self.market.px_decimals, self.market.size_decimals)
        meta = self.plan.meta(self.symbol, decimals, _identity(self.plan, self.symbol))
        self.writer = TapeWriter(str(path), meta, self.writer)
        self.day = day

    def _close(self, outcome: SynthOutcome) -> None:
        """Give the open tape its name."""
        if self.day is None:
            return
        result = self.writer.close()
        tape = SynthTape(
            path=self.plan.path(self.symbol, self.day),
            symbol=self.symbol,
            rows=int(result["rows"]),
            size_bytes=int(result["bytes"]),
        )
        outcome.written.append(tape)


class _Meter:
    """Turns the shares of one symbol after another into one share."""

    def __init__(
        self, tracker: Tracker | None, base: float, share: float, outcome: SynthOutcome
    ) -> None:
        self.tracker, self.base, self.share = tracker, base, share
        self.rows = sum(tape.rows for tape in outcome.written)

    def update(self, fraction: float, rows: int) -> None:
        """Take the share of this symbol and the rows of the last step."""
        self.rows += rows
        if self.tracker is not None:
            self.tracker.update(self.base + self.share * fraction, self.rows)


def _by_day(rows: Columns) -> list[tuple[date, Columns]]:
    """Cut rows at UTC midnights of their time of receipt."""
    recv = rows["ts_recv"]
    if len(recv) == 0:
        return []
    first, last = int(recv[0]) // DAY_NS, int(recv[-1]) // DAY_NS
    edges = np.searchsorted(recv, np.arange(first, last + 2, dtype=np.int64) * DAY_NS)
    return [
        (day_of(day * DAY_NS), {name: column[start:end] for name, column in rows.items()})
        for day, start, end in zip(range(first, last + 1), edges[:-1], edges[1:], strict=True)
        if end > start
    ]


class _Truth:
    """The truth table: one row a hypothetical order, its samples in lists."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")
        self.writer: ParquetWriter | None = None
        self.open: dict[str, Columns] = {}
        self.rows = 0

    def append(self, symbol: str, truth: Any) -> None:
        """Add the orders that have ended since the last call; keep the samples of the others."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        ghosts: Columns = truth.ghosts()
        samples = _joined(self.open.pop(symbol, None), truth.samples())
        ended = np.isin(samples["id"], ghosts["id"])
        self.open[symbol] = {name: column[~ended] for name, column in samples.items()}
        ghosts = _taken(ghosts, np.argsort(ghosts["id"]))
        done = _taken(samples, np.flatnonzero(ended))
        done = _taken(done, np.argsort(done["id"], kind="stable"))
        edges = np.searchsorted(done["id"], ghosts["id"])
        offsets = pa.array(np.append(edges, len(done["id"])), pa.int32())
        columns = {"symbol": pa.array([symbol] * len(ghosts["id"]), pa.string())}
        columns |= {name: pa.array(column) for name, column in ghosts.items()}
        columns |= {
            f"sample_{name}": pa.ListArray.from_arrays(offsets, pa.array(column))
            for name, column in done.items()
            if name != "id"
        }
        table = pa.table(columns)
        if self.writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.writer = ParquetWriter(str(self.part), table.schema, compression="zstd")
        self.writer.write_table(table)
        self.rows += table.num_rows

    def close(self) -> int:
        """Give the file its name; return its rows."""
        if self.writer is not None:
            self.writer.close()
            self.part.replace(self.path)
        return self.rows

    def abort(self) -> None:
        """Leave nothing behind."""
        if self.writer is not None:
            self.writer.close()
            self.part.unlink()


def _joined(first: Columns | None, second: Columns) -> Columns:
    if first is None:
        return second
    return {name: np.concatenate((first[name], second[name])) for name in second}


def _taken(columns: Columns, order: Sequence[int] | np.ndarray[Any, Any]) -> Columns:
    return {name: column[order] for name, column in columns.items()}
