"""Neutral — the event Parquet that any tool can write: level sets, clears, snapshots, trades.

Columns: ts_exch and ts_local i64 ns, kind u8 (1 level set, 0 deletes; 2 trade; 3 book clear;
4 level of a snapshot), side i8 (+1, -1, 0), px f64, qty f64. A clear voids its side, both where
the side is 0; the levels of a snapshot follow a clear of their side at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botmm.data.importers import opening
from botmm.data.importers.base import I64, Batch, Scales, Tally
from botmm.data.importers.exact import Where, times, units
from botmm.data.importers.tables import snapshot
from botmm.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("ts_exch", "ts_local", "kind", "side", "px", "qty")
LEVEL, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
# A side of a snapshot with this one price is as it was.
UNCHANGED: I64 = np.full((1, 1), -1, np.int64)


def is_neutral(names: Sequence[str]) -> bool:
    """Whether a Parquet file with these columns is one."""
    return set(COLUMNS) <= set(names)


@dataclass
class NeutralSource:
    """One neutral event file."""

    path: Path
    symbol: str | None = None
    venue_name: str | None = None
    _read: int = field(default=0, init=False)

    @property
    def format(self) -> str:
        """Return the format's name."""
        return "neutral"

    @property
    def venue(self) -> str:
        """Return the venue told by `--venue`; the file does not know."""
        return self.venue_name or "neutral"

    @cached_property
    def incremental(self) -> bool:
        """Return whether any event changes a level; else the book comes as snapshots alone."""
        return any((_plain(batch, "kind") == LEVEL).any() for batch, _ in self._blocks(("kind",)))

    @property
    def starts_book(self) -> bool:
        """Return true: changes start from an empty book."""
        return True

    @property
    def has_clock(self) -> bool:
        """Return true: local times are the recorder's."""
        return True

    @property
    def rules(self) -> str:
        """Return no venue's."""
        return "other"

    @property
    def notes(self) -> dict[str, str]:
        """Return nothing to note."""
        return {}

    def window(self, symbol: str) -> int:
        """Return the whole book."""
        return 0

    def symbols(self) -> tuple[str, ...]:
        """Return the symbol told by `--symbol`, or in the file's own metadata.

        Raises:
            DataError: neither tells.
        """
        from pyarrow import parquet

        held = (parquet.read_schema(self.path).metadata or {}).get(b"symbol")
        if self.symbol is None and held is None:
            raise DataError(f"{self.path}: the file does not name its symbol", cure="give --symbol")
        return (self.symbol or (held or b"").decode(),)

    def first_recv(self, symbol: str) -> int:
        """Return the local time of the first event."""
        for batch, _ in self._blocks():
            return int(batch.column("ts_local")[0].as_py())
        raise DataError(f"{self.path}: no rows")

    def position(self) -> int:
        """Return the bytes read so far."""
        return self._read

    def _blocks(self, columns: Sequence[str] = COLUMNS) -> Iterator[tuple[pa.RecordBatch, Where]]:
        from pyarrow import parquet

        with opening.reading_parquet(self.path), parquet.ParquetFile(self.path) as file:
            total, size, row = max(file.metadata.num_rows, 1), self.path.stat().st_size, 1
            for batch in file.iter_batches(batch_size=1 << 17, columns=list(columns)):
                if batch.num_rows:
                    yield batch, Where(self.path, row)
                row += batch.num_rows
                self._read = size * row // total

    def gaps(self, symbol: str) -> Sequence[tuple[int, int]]:
        """Return nothing: the format tells no gaps."""
        return ()

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield trades, changes and snapshots; see `Source`."""
        held: _Snapshot | None = None
        last = -(2**62)
        for batch, where in self._blocks():
            events = _Events.read(batch, where, scales)
            steps = np.diff(events.recv, prepend=last)
            tally.add("receive_time_backward", int((steps < 0).sum()))
            events.recv = np.maximum.accumulate(np.maximum(events.recv, last))
            last = int(events.recv[-1])
            for kind, low, high in _runs(events.kind):
                part = events.cut(low, high)
                if kind == CLEAR:
                    for at in range(high - low):
                        clear = part.cut(at, at + 1)
                        if held is not None and not held.takes(clear):
                            yield held.batch()
                            held = None
                        held = held or _Snapshot()
                        held.add(clear)
                    continue
                if kind == SNAPSHOT:
                    held = _begun(held, part, where, low)
                    held.add(part)
                    continue
                if held is not None and (kind == LEVEL or part.recv[0] > held.parts[-1].recv[-1]):
                    yield held.batch()
                    held = None
                yield part.trades() if kind == TRADE else part.deltas()
        if held is not None:
            yield held.batch()


@dataclass(slots=True)
class _Events:
    """Columns of a stretch of events."""

    exch: I64
    recv: I64
    kind: NDArray[np.uint8]
    side: NDArray[np.int8]
    px: I64
    qty: I64

    @classmethod
    def read(cls, batch: pa.RecordBatch, where: Where, scales: Scales) -> _Events:
        """Read a block, checking kinds and sides."""
        kind, side = _plain(batch, "kind").astype(np.uint8), _plain(batch, "side").astype(np.int8)
        bad = np.flatnonzero((kind < LEVEL) | (kind > SNAPSHOT))
        if len(bad):
            raise where.error("kind", int(bad[0]), int(kind[bad[0]]), "is none of 1, 2, 3, 4")
        bad = np.flatnonzero((side == 0) & (kind != CLEAR) | (abs(side) > 1))
        if len(bad):
            raise where.error("side", int(bad[0]), int(side[bad[0]]), "is neither +1 nor -1")
        return cls(
            exch=times(batch.column("ts_exch"), "ns", "ts_exch", where),
            recv=times(batch.column("ts_local"), "ns", "ts_local", where),
            kind=kind,
            side=side,
            px=units(batch.column("px"), scales.px, "px", where),
            qty=units(batch.column("qty"), scales.size, "qty", where),
        )

    def cut(self, low: int, high: int) -> _Events:
        """Return some of the events."""
        part = slice(low, high)
        return _Events(
            exch=self.exch[part],
            recv=self.recv[part],
            kind=self.kind[part],
            side=self.side[part],
            px=self.px[part],
            qty=self.qty[part],
        )

    def moments(self) -> I64:
        """Return when each happened; where the venue does not say, when it came."""
        return np.where(self.exch == 0, self.recv, self.exch)

    def wipes(self) -> set[int]:
        """Return the sides that a clear voids."""
        side = int(self.side[0])
        return {side} if side else {1, -1}

    def trades(self) -> Batch:
        """Return the trades."""
        ids = np.zeros(len(self.px), np.uint64)
        args = (self.exch, self.recv, self.side, self.px, self.qty, ids)
        return Batch(
            method="add_trades", args=args, last_recv=int(self.recv[-1]), rows=len(self.px)
        )

    def deltas(self) -> Batch:
        """Return the changes, those of one instant as one message."""
        new = np.ones(len(self.px), bool)
        new[1:] = (np.diff(self.exch) != 0) | (np.diff(self.recv) != 0)
        starts = np.flatnonzero(new)
        numbers = np.zeros(len(starts), np.uint64)
        args = (
            self.exch[starts],
            self.recv[starts],
            numbers,
            numbers,
            numbers,
            np.append(starts, len(self.px)),
            self.side,
            self.px,
            self.qty,
        )
        return Batch(
            method="add_deltas", args=args, last_recv=int(self.recv[-1]), rows=len(self.px)
        )


def _plain(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False))


@dataclass(slots=True)
class _Snapshot:
    """Clears and levels of one moment; sides that were not cleared stay as they were."""

    parts: list[_Events] = field(default_factory=list)
    cleared: set[int] = field(default_factory=set)
    stated: set[int] = field(default_factory=set)

    def takes(self, clear: _Events) -> bool:
        """Whether a clear belongs to it: of its moment, and of no side that has levels already."""
        same = clear.moments()[0] == self.parts[0].moments()[0]
        return bool(same) and self.stated.isdisjoint(clear.wipes())

    def add(self, part: _Events) -> None:
        """Take clears or levels."""
        self.parts.append(part)
        if part.kind[0] == CLEAR:
            self.cleared |= part.wipes()
        else:
            self.stated |= set(part.side.tolist())

    def batch(self) -> Batch:
        """Return the snapshot that they make."""
        side, px, qty, kind = (
            np.concatenate([getattr(part, name) for part in self.parts])
            for name in ("side", "px", "qty", "kind")
        )
        levels = kind == SNAPSHOT
        stamps = self.parts[-1].exch[-1], self.parts[-1].recv[-1]
        made = snapshot(stamps, 0, (side[levels], px[levels], qty[levels]))
        args = list(made.args)
        for sign, at in ((1, 2), (-1, 5)):
            if sign not in self.cleared:
                args[at : at + 2] = UNCHANGED, np.zeros((1, 1), np.int64)
        return replace(made, args=tuple(args))


def _begun(held: _Snapshot | None, part: _Events, where: Where, low: int) -> _Snapshot:
    """Return the snapshot that levels belong to.

    Raises:
        DataError: no clear of their side and moment came before.
    """
    sound: NDArray[np.bool_] = np.zeros(len(part.side), bool)
    if held is not None:
        sound = np.isin(part.side, list(held.cleared))
        sound &= part.moments() == held.parts[0].moments()[0]
    if held is None or not sound.all():
        raise where.error(
            "kind",
            low + int(np.argmin(sound)),
            SNAPSHOT,
            "is a level of a snapshot without a clear of its side at its time",
            "write a clear (kind 3, of that side, or side 0 for both) before each snapshot's "
            "levels, or level sets (kind 1) where the book goes on",
        )
    return held


def _runs(kinds: NDArray[np.uint8]) -> Iterator[tuple[int, int, int]]:
    """Yield stretches of equal kinds as (kind, first, one past the last)."""
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
    for low, high in pairwise(edges):
        yield int(kinds[low]), low, high
