"""Equity — the samples of a long run that its report keeps; the file of the run has them all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from botmm.units import DAY_NS

Columns = dict[str, Any]

ROWS_KEPT = 60_000  # a symbol; six days at the default of 10 s
PIECES = 64  # small pieces are put together: an array costs a hundred bytes beside its values


def width_ns(interval_ns: int, length_ns: int) -> int:
    """Return the distance of the rows to keep of a run: the interval, or a multiple of it.

    A multiple that divides a day is preferred, so that a row stands at each midnight.
    """
    least = max(1, math.ceil(length_ns / interval_ns / ROWS_KEPT))
    if least == 1:
        return interval_ns
    even = (n for n in range(least, 4 * least) if DAY_NS % (n * interval_ns) == 0)
    return next(even, least) * interval_ns


class EquityTrace:
    """The first row of each stretch of time by symbol, and the last ones."""

    def __init__(self, interval_ns: int, length_ns: int) -> None:
        """Take the distance of the samples and the length of the run, both in ns."""
        self.width = width_ns(interval_ns, length_ns)
        self.thinned = self.width != interval_ns
        self._pieces: list[Columns] = []
        self._stretch: dict[int, int] = {}
        self._tail: dict[int, Columns] = {}

    def add(self, columns: Mapping[str, Any]) -> None:
        """Take in the next samples; columns as the core returns them, by time for each symbol."""
        if len(self._pieces) >= PIECES:
            self._pieces = [_joined(self._pieces)]
        if not self.thinned:
            self._pieces.append(dict(columns))
            return
        symbol = np.asarray(columns["symbol"])
        for ix in np.unique(symbol).tolist():
            self._add_symbol(ix, _taken(columns, np.flatnonzero(symbol == ix)))

    def columns(self) -> Columns:
        """Return what was kept, by time for each symbol; the last sample is always there."""
        rows = _joined([*self._pieces, *self._tail.values()])
        return _taken(rows, np.argsort(rows["ts"], kind="stable")) if self.thinned else rows

    def _add_symbol(self, ix: int, rows: Columns) -> None:
        rows = _joined([self._tail[ix], rows]) if ix in self._tail else rows
        reached = np.maximum.accumulate(rows["ts"] // self.width)
        before = self._stretch.get(ix, -1)
        new = np.diff(np.maximum(reached, before), prepend=before) > 0
        self._stretch[ix] = max(int(reached[-1]), before)
        self._pieces.append(_taken(rows, np.flatnonzero(new)))
        # The last sample, and the last with a mid: the final position is marked at it.
        ends = [len(new) - 1, *np.flatnonzero(rows["mid2"] > 0)[-1:].tolist()]
        self._tail[ix] = _taken(rows, np.unique([at for at in ends if not new[at]]).astype(int))


def _joined(pieces: list[Columns]) -> Columns:
    """Return columns that came in pieces as one."""
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _taken(columns: Mapping[str, Any], at: Any) -> Columns:
    """Return some rows."""
    return {name: np.asarray(column)[at] for name, column in columns.items()}
