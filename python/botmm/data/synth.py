"""Synth — synthetic markets as tapes: seeded, order by order, with known queue positions.

The core simulates the exchange and records what its streams would have shown; this module cuts
the rows into days, writes the tapes and, if asked, the truth about hypothetical orders. The same
plan gives the same rows, and a plan whose tapes are there is not simulated again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from botmm.data.catalogue import read_tape, tape_path
from botmm.data.leftovers import sweep
from botmm.errors import DataError
from botmm.units import DAY_NS, SECOND_NS, day_of, day_start

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

SYMBOLS = ("BTC", "ETH", "SOL", "XRP")
STREAMS = ("classic", "modern", "full")
# A step is ten minutes of the market: a few tens of thousands of rows.
_STEP_NS = 600 * SECOND_NS
_SAMPLE_DAY = date(2026, 1, 5)

Columns = dict[str, np.ndarray[Any, Any]]


class Tracker(Protocol):
    """What is told how far the work is."""

    def update(self, fraction: float, count: int) -> None:
        """Take the share done (0 to 1) and the rows so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthPlan:
    """Which markets to simulate, and where their tapes go."""

    store: Path
    symbols: tuple[str, ...] = ("BTC",)
    venue: str = "hyperliquid"
    start: int = day_start(_SAMPLE_DAY)
    length_ns: int = 2 * 3600 * SECOND_NS
    seed: int = 1
    streams: str = "classic"
    latency_ms: int | None = None
    truth: Path | None = None
    ghost_every_ms: int = 2000

    @property
    def end(self) -> int:
        """Return the first nanosecond that is not simulated."""
        return self.start + self.length_ns

    def market(self, symbol: str) -> dict[str, Any]:
        """Return what the core is asked to simulate; it identifies a tape."""
        wish: dict[str, Any] = {
            "symbol": symbol,
            "seed": self.seed,
            "start": self.start,
            "streams": self.streams,
        }
        if self.latency_ms is not None:
            wish["latency_ms"] = self.latency_ms
        return wish

    def paths(self, symbol: str) -> list[Path]:
        """Return the tapes of a symbol, by day."""
        first, last = day_of(self.start), day_of(self.end - 1)
        days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
        return [tape_path(self.store, self.venue, symbol, day) for day in days]


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthTape:
    """One tape that was written."""

    path: Path
    symbol: str
    rows: int
    size_bytes: int

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "path": str(self.path),
            "symbol": self.symbol,
            "rows": self.rows,
            "bytes": self.size_bytes,
        }


@dataclass(slots=True)
class SynthOutcome:
    """What was written, and what was there already."""

    written: list[SynthTape] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    ghosts: int = 0


def make(plan: SynthPlan, tracker: Tracker | None = None) -> SynthOutcome:
    """Simulate and record every symbol of a plan.

    Raises:
        DataError: a tape of that day is there that is no synthetic one.
        ArgumentError: of the core, a symbol without a preset.
    """
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
    same = True
    for path in plan.paths(symbol):
        if not path.exists():
            same = False
            continue
        meta = read_tape(path).meta
        if meta.get("source") != "synthetic":
            raise DataError(
                f"{path}: holds a recording, which a synthetic market must not replace",
                cure="choose another --store, --venue or --date",
            )
        same = same and meta.get("synthetic_market") == _identity(plan, symbol)
    return same


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
                now = min(now + _STEP_NS, self.plan.end)
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
        path = tape_path(self.plan.store, self.plan.venue, self.symbol, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.writer = TapeWriter(str(path), self._meta(), self.writer)
        self.day = day

    def _close(self, outcome: SynthOutcome) -> None:
        """Give the open tape its name."""
        if self.day is None:
            return
        result = self.writer.close()
        tape = SynthTape(
            path=tape_path(self.plan.store, self.plan.venue, self.symbol, self.day),
            symbol=self.symbol,
            rows=int(result["rows"]),
            size_bytes=int(result["bytes"]),
        )
        outcome.written.append(tape)

    def _meta(self) -> dict[str, str]:
        """Return what the tape says of itself."""
        full = self.plan.streams == "full"
        return {
            "venue": self.plan.venue,
            "symbol": self.symbol,
            "px_decimals": str(self.market.px_decimals),
            "size_decimals": str(self.market.size_decimals),
            "price_rule": "five_figures",
            "tier": "B" if full else "C",
            "window": "0" if full else "20",
            "inverse": "false",
            "clock_offset_ns": "0",
            "source": "synthetic",
            "source_format": "synth",
            "synthetic_market": _identity(self.plan, self.symbol),
            "note_synthetic": f"a simulated market, seed {self.plan.seed}; not a recording",
        }


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
