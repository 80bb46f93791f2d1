"""Mids — the mid price over time, in the price units of the orders that are followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.studies.queue_truth.messages import ADD, CHANGE, CLEAR, FILL, Columns

F64 = np.ndarray[Any, np.dtype[np.float64]]

# Rows of the core's own book data.
LEVEL, GONE, VOID = 1, 2, 4
LAST = 1
Sides = tuple[dict[int, int], dict[int, int]]


@dataclass(frozen=True, slots=True)
class Mids:
    """Mids and from when on each stands, in time order."""

    ts: Any
    px: F64

    def at(self, when: Any) -> F64:
        """Return the last mid at or before each time; NaN before the first and after the last."""
        at = np.searchsorted(self.ts, when, "right") - 1
        known = (at >= 0) & (when <= self.ts[-1])
        return np.where(known, self.px[at], np.nan)


class Touches:
    """Collects mids as a book changes; crossed, locked and one-sided books have none."""

    def __init__(self) -> None:
        """Begin without any."""
        self._ts: list[int] = []
        self._px: list[float] = []

    def note(self, ts: int, sides: Sides) -> None:
        """Note the mid of a book."""
        if not (sides[0] and sides[1]):
            return
        bid, ask = max(sides[0]), min(sides[1])
        if bid < ask:
            self._ts.append(ts)
            self._px.append((bid + ask) / 2)

    def mids(self) -> Mids:
        """Return what was noted."""
        return Mids(np.array(self._ts, np.int64), np.array(self._px))


def mids_of_messages(columns: Columns) -> Mids:
    """Return the mids of an order-by-order recording, in ticks."""
    orders: dict[int, tuple[int, int, int]] = {}
    sides: Sides = ({}, {})
    touches = Touches()

    def rest(order: int, side: int, tick: int, qty: int) -> None:
        orders[order] = side, tick, qty
        sides[side < 0][tick] = sides[side < 0].get(tick, 0) + qty

    names = ("ts", "action", "id", "side", "tick", "qty", "last")
    for ts, action, order, side, tick, qty, last in zip(
        *(columns[name].tolist() for name in names), strict=True
    ):
        if action == CLEAR:
            orders.clear()
            sides[0].clear()
            sides[1].clear()
        elif action == ADD:
            if side:
                rest(order, side, tick, qty)
        elif action != FILL and order in orders:
            side, was, size = orders.pop(order)
            levels = sides[side < 0]
            levels[was] -= size
            if levels[was] == 0:
                del levels[was]
            left = qty if action == CHANGE else size - qty
            if left > 0:
                rest(order, side, tick if action == CHANGE else was, left)
        if last:
            touches.note(ts, sides)
    return touches.mids()


class BookMids:
    """The mids of all book changes of the synthetic exchange, part by part, in price units."""

    def __init__(self) -> None:
        """Begin with an empty book."""
        self._sides: Sides = ({}, {})
        self._touches = Touches()

    def apply(self, rows: Columns) -> None:
        """Take rows in order of delivery; times are the exchange's."""
        book = rows["kind"] <= VOID
        names = ("ts_exch", "kind", "side", "px", "qty", "flags")
        for ts, kind, side, px, qty, flags in zip(
            *(rows[name][book].tolist() for name in names), strict=True
        ):
            if kind == LEVEL:
                self._sides[side < 0][px] = qty
            elif kind == GONE:
                self._sides[side < 0].pop(px, None)
            elif kind == VOID:
                self._sides[0].clear()
                self._sides[1].clear()
            if flags & LAST:
                self._touches.note(ts, self._sides)

    def mids(self) -> Mids:
        """Return the mids so far."""
        return self._touches.mids()
