"""Levels — a LOBSTER recording of few levels, its book corrected by its own orderbook file.

The message file leaves out what happens beyond the levels shown, so a book made of messages alone
keeps orders that are long gone. Here a level that leaves the levels shown is forgotten, and one
that comes into them holds a lump: the quantity that the orderbook file shows, of unknown orders.
Cancels and trades of orders that were never seen come off their level's lump. A level is known
again once it was empty in sight. After each message every level shown is held against the file.
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.queue_truth.messages import (
    ADD,
    CUT,
    MINUTE_NS,
    TRADE,
    Columns,
    Messages,
    typed,
)

ACTIONS = {1: ADD, 2: CUT, 3: CUT, 4: TRADE}
# Ids of lumps; those of orders are smaller.
LUMP = 1 << 40
# Lots by tick, or by order.
Shown = dict[int, int]


@dataclass(frozen=True, slots=True)
class Sight:
    """What was in sight, message by message.

    `edges` are the worst prices shown, bids then asks, shape (n, 2); `lumps` when levels held one.
    """

    ts: Any
    edges: Any
    lumps: dict[tuple[int, int], list[tuple[int, int]]]

    def known(self, ghosts: Columns) -> Any:
        """Return which orders stood in sight, in a level without a lump, as long as followed."""
        start = np.searchsorted(self.ts, np.asarray(ghosts["ts"]), "left").tolist()
        end = np.searchsorted(self.ts, np.asarray(ghosts["ended"]), "right").tolist()
        sides, prices = ghosts["side"].tolist(), ghosts["px"].tolist()
        orders = zip(sides, prices, start, end, strict=True)
        return np.array([self._is_known(*order) for order in orders], bool)

    def _is_known(self, side: int, px: int, start: int, end: int) -> bool:
        worst = self.edges[start:end, int(side < 0)]
        lumps = self.lumps.get((side, px), ())
        return bool((side * worst <= side * px).all()) and not any(
            start <= gone and came < end for came, gone in lumps
        )


@dataclass(slots=True)
class Repair:
    """A book by orders, a message and its row of the orderbook file at a time.

    Of the levels that were in sight before, `held` were looked at and `wrong` were not the file's.
    """

    rows: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    lumps: dict[tuple[int, int], list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    held: int = 0
    wrong: int = 0
    _orders: tuple[dict[int, Shown], dict[int, Shown]] = field(default_factory=lambda: ({}, {}))
    _since: dict[tuple[int, int], int] = field(default_factory=dict)
    _edges: list[int | None] = field(default_factory=lambda: [None, None])
    _next: int = LUMP

    def apply(self, at: int, message: tuple[int, ...], shown: tuple[Shown, Shown]) -> None:
        """Take a message (ts, type, id, qty, tick, side), then hold the book against the file."""
        ts, kind, order, qty, tick, side = message
        first = len(self.rows)
        if kind in ACTIONS:
            self._take(ts, ACTIONS[kind], order, (side, tick), qty)
        for sign, levels in ((1, shown[0]), (-1, shown[1])):
            self._hold(at, ts, sign, levels)
        if len(self.rows) > first:
            self.rows[-1] = (*self.rows[-1][:6], 1)

    def finish(self, at: int) -> None:
        """Note the lumps that are still there."""
        for place, since in self._since.items():
            self.lumps[place].append((since, at))

    def _take(self, ts: int, action: int, order: int, place: tuple[int, int], qty: int) -> None:
        side, tick = place
        level = self._orders[side < 0].setdefault(tick, {})
        if action == ADD:
            level[order] = qty
        else:
            if order not in level:
                order = next((known for known in level if known >= LUMP), 0)
            if order == 0:
                return
            left = level[order] - qty
            if left > 0:
                level[order] = left
            else:
                del level[order]
        self.rows.append((ts, action, order, side, tick, qty, 0))

    def _hold(self, at: int, ts: int, side: int, shown: Shown) -> None:
        """Make the levels of a side what the file shows, counting what should have been so."""
        edge = side * min(side * tick for tick in shown) if shown else 0
        before = self._edges[side < 0]
        orders = self._orders[side < 0]
        for tick in [tick for tick in orders if tick not in shown]:
            if side * tick >= side * edge and orders[tick]:
                self.wrong += 1
            self._forget(ts, (side, tick))
            self._end(at, (side, tick))
        for tick, qty in shown.items():
            was_in_sight = before is not None and side * tick >= side * before
            self.held += was_in_sight
            level = orders.get(tick, {})
            if sum(level.values()) != qty:
                self.wrong += was_in_sight
                self._forget(ts, (side, tick))
                self._end(at, (side, tick))
                self._next += 1
                orders[tick] = {self._next: qty}
                self.rows.append((ts, ADD, self._next, side, tick, qty, 0))
                self._since[side, tick] = at
            elif (side, tick) in self._since and not any(order >= LUMP for order in level):
                self._end(at, (side, tick))
        self._edges[side < 0] = edge

    def _forget(self, ts: int, place: tuple[int, int]) -> None:
        side, tick = place
        for order, qty in self._orders[side < 0].pop(tick, {}).items():
            self.rows.append((ts, CUT, order, side, tick, qty, 0))

    def _end(self, at: int, place: tuple[int, int]) -> None:
        since = self._since.pop(place, None)
        if since is not None:
            self.lumps[place].append((since, at))


def read_lobster_levels(path: Path) -> Messages:
    """Return the orders of a LOBSTER zip with messages and levels."""
    messages, shown = _files(path)
    repair = Repair()
    for at, (message, levels) in enumerate(zip(messages, shown, strict=True)):
        repair.apply(at, message, levels)
    repair.finish(len(messages))
    if repair.wrong:
        share = repair.wrong / repair.held
        raise ValueError(f"{path.name}: {share:.3%} of the levels in sight are not the file's")
    names = ("ts", "action", "id", "side", "tick", "qty", "last")
    columns = dict(zip(names, (np.array(c) for c in zip(*repair.rows, strict=True)), strict=True))
    ts = np.array([message[0] for message in messages])
    edges = np.array([[min(bids, default=0), max(asks, default=0)] for bids, asks in shown])
    sight = Sight(ts, edges, dict(repair.lumps))
    start = int(ts[0]) + 10 * MINUTE_NS
    return Messages(typed(columns, slice(None)), start, int(ts[-1]), sight.known)


def _files(path: Path) -> tuple[list[tuple[int, ...]], list[tuple[Shown, Shown]]]:
    with zipfile.ZipFile(path) as archive:
        tables = {
            kind: np.loadtxt(io.BytesIO(archive.read(name)), delimiter=",")
            for name in archive.namelist()
            for kind in ("message", "orderbook")
            if f"_{kind}_" in name
        }
    table, book = tables["message"], tables["orderbook"].astype(np.int64)
    ts = np.round(table[:, 0] * 1e9).astype(np.int64)
    whole = table[:, 1:6].astype(np.int64)
    whole[:, 3] //= 100
    messages = [(t, *row) for t, row in zip(ts.tolist(), whole.tolist(), strict=True)]
    shown = [(_side(row[2::4], row[3::4]), _side(row[0::4], row[1::4])) for row in book.tolist()]
    return messages, shown


def _side(prices: list[int], sizes: list[int]) -> Shown:
    """Return the levels of a side by tick; places without a level hold no size."""
    return {px // 100: qty for px, qty in zip(prices, sizes, strict=True) if qty > 0}
