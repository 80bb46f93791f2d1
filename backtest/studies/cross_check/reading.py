"""Reading — one order against the rows of a tape, read as either engine reads them.

A plain restatement of both queue models, row by row, in which each difference between the two can
be switched on alone. What it says of an order must be what the engines said of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from backtest.bench.rule import CANCELLED, FILLED, REFUSED
from botmm.core import ahead_on_arrival, touches

I64 = npt.NDArray[np.int64]

LEVEL, GONE, LEFT, TRADE, FRAME = 1, 2, 3, 5, 6
LAST = 1
LATE_TRADE_NS = 1_000_000
LOOK = 4096
FOREVER = np.iinfo(np.int64).max


class Difference(StrEnum):
    """Where our reading of the events is not the other engine's."""

    INSTANT = "same instant"
    LATE = "print after its level"
    ARRIVAL = "arrival between snapshots"
    SIGHT = "level out of sight"
    CLEAR = "level gone in a snapshot"


OURS = frozenset(Difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order at the venue.

    It is filled by `wanted` lots past its place; `ahead` is what we took an unseen level to hold.
    """

    side: int
    px: int
    arrived: int
    until: int
    ahead: float = 0.0
    wanted: int = 1


@dataclass(slots=True)
class _Place:
    """What is ahead of an order, as one reading has it."""

    ahead: float
    seen: float
    visible: bool
    known: bool
    traded: float = 0.0
    # A shrinking that a print may still explain: time, ahead and level before, level after.
    cut: list[float] = field(default_factory=list)

    def observe(self, qty: float, ts: int) -> None:
        """Take in what the level now holds."""
        if not self.visible:
            self.ahead = min(self.ahead, qty) if self.known else qty
            self.visible = self.known = True
            self.cut = []
        else:
            left = max(self.seen - self.traded, 0.0)
            self.cut = [ts, self.ahead, left, qty] if qty < left else []
            self.ahead = min(self.ahead, qty)
        self.seen, self.traded = qty, 0.0

    def explained(self, volume: float, ts: int) -> tuple[float, float]:
        """Return how much of a print its level had shown already, and what of it was past us."""
        if not self.cut or ts > self.cut[0] + LATE_TRADE_NS or self.traded > 0:
            return 0.0, 0.0
        part = max(min(volume, self.cut[2] - self.cut[3]), 0.0)
        took = min(part, self.cut[1])
        self.cut[1] -= took
        self.cut[2] -= part
        if part > 0:
            self.ahead = min(self.cut[1], self.cut[3])
        return part, part - took

    def trade(self, volume: float, ts: int, *, late: bool) -> float:
        """Take in a print at the price; return how much of it was past us."""
        part, past = self.explained(volume, ts) if late else (0.0, 0.0)
        fresh = volume - part
        took = min(fresh, self.ahead)
        self.ahead -= took
        self.traded += fresh
        return past + fresh - took


class Tape:
    """The rows of a tape in the venue's order, found by price."""

    def __init__(
        self, rows: dict[str, Any], units_per_tick: int, *, prints_first: bool = False
    ) -> None:
        """Sort the rows and remember which belong to each level."""
        self.units_per_tick = units_per_tick
        level = (rows["kind"] != TRADE) & prints_first
        order = np.lexsort((np.arange(len(level)), level, rows["ts_exch"]))
        names = ("ts_exch", "kind", "side", "px", "qty", "flags")
        self.ts, self.kind, self.side, self.px, self.qty, flags = (
            np.ascontiguousarray(rows[name][order]) for name in names
        )
        self.bid, self.ask = touches(self.kind, self.side, self.px)
        self.last = (flags & LAST) != 0
        self.frames = np.flatnonzero(self.kind == FRAME)
        self.trades = {s: np.flatnonzero((self.kind == TRADE) & (self.side == -s)) for s in (1, -1)}
        self._levels = {s: self._by_price(s) for s in (1, -1)}

    def _by_price(self, side: int) -> tuple[I64, I64]:
        rows = np.flatnonzero((self.kind <= LEFT) & (self.side == side))
        order = np.lexsort((rows, self.px[rows]))
        return rows[order], self.px[rows][order]

    def level(self, side: int, px: int) -> I64:
        """Return the rows of one level."""
        rows, prices = self._levels[side]
        low, high = np.searchsorted(prices, [px, px + 1])
        return rows[low:high]

    def outcome(self, order: Order, how: frozenset[Difference]) -> tuple[int, int]:
        """Return how the order ends and when, read with these differences."""
        edge = "left" if Difference.INSTANT in how else "right"
        first, end = (int(i) for i in np.searchsorted(self.ts, [order.arrived, order.until], edge))
        facing = (self.ask if order.side > 0 else self.bid)[first - 1]
        if facing != 0 and (order.px - facing) * order.side >= 0:
            return REFUSED, order.arrived
        rows = self.level(order.side, order.px)
        place = self._joined(order, rows[rows < first], first, how)
        filled = self._filled(order, place, (first, end), how)
        if filled < 0:
            return (CANCELLED, order.until) if order.until < FOREVER else (0, 0)
        return FILLED, int(self.ts[filled])

    def _joined(self, order: Order, before: I64, first: int, how: frozenset[Difference]) -> _Place:
        shown = len(before) > 0 and self.kind[before[-1]] == LEVEL
        qty = float(self.qty[before[-1]]) if shown else 0.0
        best = (self.bid if order.side > 0 else self.ask)[first - 1]
        inside = best != 0 and (order.px - best) * order.side > 0
        visible = inside or self._visible(order, first)
        seen = visible or Difference.SIGHT not in how
        ahead = qty if seen else order.ahead
        if Difference.ARRIVAL in how and visible and not inside:
            ahead = self._shared(order, qty, first)
        return _Place(ahead=ahead, seen=ahead, visible=seen, known=seen)

    def _shared(self, order: Order, qty: float, first: int) -> float:
        """Return what is ahead of an arrival between two frames, with its share of the change."""
        after = int(np.searchsorted(self.frames, first))
        if after in (0, len(self.frames)):
            return qty
        start, end = int(self.frames[after - 1]), int(self.frames[after])
        levels = self.level(order.side, order.px)
        told = levels[slice(*np.searchsorted(levels, (start, first)))]
        told_next = levels[slice(*np.searchsorted(levels, (first, end)))]
        far = first - start > LOOK or end - first >= LOOK
        if far or np.any(self.kind[told] != LEFT) or np.any(self.kind[told_next] == LEFT):
            return qty
        last = told_next[-1:]
        shown = (
            float(np.where(self.kind[last] == LEVEL, self.qty[last], 0)[0]) if len(last) else qty
        )
        trades = self.trades[order.side]
        trades = trades[slice(*np.searchsorted(trades, (start, end)))]
        trades = trades[self.px[trades] == order.px]
        span = max(int(self.ts[end] - self.ts[start]), 1)
        elapsed = min(max((order.arrived - int(self.ts[start])) / span, 0.0), 1.0)
        before = float(self.qty[trades[trades < first]].sum())
        return ahead_on_arrival(qty, shown, before, float(self.qty[trades].sum()), elapsed)

    def _visible(self, order: Order, row: int) -> bool:
        """Whether the last frame before a row reached the price of an order."""
        at = int(np.searchsorted(self.frames, row)) - 1
        return at < 0 or self._reaches(order, int(self.frames[at]))

    def _reaches(self, order: Order, frame: int) -> bool:
        worst = self.px[frame] if order.side > 0 else self.qty[frame]
        return bool(worst == 0 or (order.px - worst) * order.side >= 0)

    def _concern(self, order: Order, span: tuple[int, int]) -> I64:
        """Return the rows of a span that can move or fill an order, ascending."""
        first, end = span
        trades = self.trades[order.side]
        trades = trades[slice(*np.searchsorted(trades, span))]
        trades = trades[(self.px[trades] - order.px) * order.side <= 0]
        levels = self.level(order.side, order.px)
        levels = levels[slice(*np.searchsorted(levels, span))]
        frames = self.frames[slice(*np.searchsorted(self.frames, span))]
        facing = (self.ask if order.side > 0 else self.bid)[first:end]
        crossed = self.last[first:end] & (facing != 0) & ((order.px - facing) * order.side >= 0)
        crossing = first + np.flatnonzero(crossed)[:1]
        return np.unique(np.concatenate([trades, levels, frames, crossing]))

    def _filled(
        self, order: Order, place: _Place, span: tuple[int, int], how: frozenset[Difference]
    ) -> int:
        """Return the row that fills an order, -1 where none does."""
        sight, late = Difference.SIGHT in how, Difference.LATE in how
        goes = Difference.CLEAR in how
        shown, past = place.seen, 0.0
        for row in self._concern(order, span):
            kind, ts, qty = self.kind[row], int(self.ts[row]), float(self.qty[row])
            ours = self.px[row] == order.px and self.side[row] == order.side
            if kind == TRADE and self.px[row] != order.px:
                past += qty
            elif kind == TRADE and place.visible:
                past += place.trade(qty, ts, late=late)
            if past >= order.wanted:
                return int(row)
            if ours and (kind == LEVEL or (kind == GONE and goes)):
                shown = qty if kind == LEVEL else 0.0
                place.observe(shown, ts)
            elif ours and kind == LEFT and sight:
                shown, place.visible, place.cut = 0.0, False, []
            elif ours and kind == LEFT and goes:
                place.observe(0.0, ts)
            elif kind == FRAME and sight:
                if not self._reaches(order, int(row)):
                    place.visible, place.cut = False, []
                elif not place.visible or place.traded > 0:
                    place.observe(shown, ts)
            facing = self.ask[row] if order.side > 0 else self.bid[row]
            if self.last[row] and facing != 0 and (order.px - facing) * order.side >= 0:
                return int(row)
        return -1
