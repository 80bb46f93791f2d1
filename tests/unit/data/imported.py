"""Imported — runs an import and gives the tapes back as plain columns and books."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from botmm import core
from botmm.data.catalogue import read_tape
from botmm.data.importers.opening import Opened
from botmm.data.importers.recognise import Wish
from botmm.data.ingest import Outcome, Request, run
from botmm.data.writing import Written

LEVEL, GONE, LEFT, CLEAR, TRADE, FRAME, GAP = 1, 2, 3, 4, 5, 6, 9
LAST, SNAPSHOT, KEYFRAME = 1, 2, 4


class Silent:
    """Takes progress and shows nothing, but remembers the last share."""

    def __init__(self) -> None:
        self.fraction = 0.0

    def update(self, fraction: float, count: int) -> None:
        assert 0.0 <= fraction <= 1.0
        self.fraction = fraction


def import_into(store: Path, *paths: Path, force: bool = False, **wish: Any) -> Outcome:
    """Import; what failed is raised."""
    outcome = import_what_can_be(store, *paths, force=force, **wish)
    for error in outcome.failed:
        raise error
    return outcome


def import_what_can_be(store: Path, *paths: Path, force: bool = False, **wish: Any) -> Outcome:
    request = Request(paths=paths, store=store, wish=Wish(**wish), force=force)
    return run(request, Silent())


def columns(path: Path) -> dict[str, np.ndarray]:
    return dict(core.read_tape(str(path)))


@dataclass
class Book:
    """A book as dumb as can be: two dicts."""

    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)

    def apply(self, row: dict[str, Any]) -> None:
        sides = {1: (self.bids,), -1: (self.asks,), 0: (self.bids, self.asks)}[int(row["side"])]
        for side in sides:
            if row["kind"] == LEVEL:
                side[int(row["px"])] = int(row["qty"])
            elif row["kind"] in (GONE, LEFT):
                del side[int(row["px"])]  # only what was there may go
            elif row["kind"] == CLEAR:
                side.clear()

    @property
    def touch(self) -> tuple[int, int]:
        return max(self.bids, default=0), min(self.asks, default=0)


def walk(cols: dict[str, np.ndarray]) -> Iterator[tuple[dict[str, Any], Book]]:
    """Yield each row with the book after it."""
    book = Book()
    for i in range(len(cols["kind"])):
        row = {name: values[i] for name, values in cols.items()}
        book.apply(row)
        yield row, book


def trades(cols: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    mask = cols["kind"] == TRADE
    return {name: values[mask] for name, values in cols.items()}


def by_symbol(outcome: Outcome) -> dict[str, Written]:
    return {tape.symbol: tape for tape in outcome.written}


def inflated(path: Path) -> bytes:
    with Opened(path) as opened:
        return opened.read()


def crossings(cols: dict[str, np.ndarray]) -> int:
    """Count ends of messages with a crossed book."""
    from botmm.core import touches

    bid, ask = touches(cols["kind"], cols["side"], cols["px"])
    ends = cols["flags"] & LAST != 0
    return int((ends & (bid > 0) & (ask > 0) & (bid > ask)).sum())


def final_book(path: Path) -> tuple[dict[int, int], dict[int, int]]:
    """Return both sides after the last row of a tape."""
    cols = columns(path)
    sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
    kinds, side_of = cols["kind"].tolist(), cols["side"].tolist()
    for kind, side, px, qty in zip(
        kinds, side_of, cols["px"].tolist(), cols["qty"].tolist(), strict=True
    ):
        if kind == LEVEL:
            sides[side][px] = qty
        elif kind in (GONE, LEFT):
            sides[side].pop(px, None)
        elif kind == CLEAR:
            for cleared in (side,) if side else (1, -1):
                sides[cleared].clear()
    return sides[1], sides[-1]


def decimals(path: Path) -> tuple[int, int]:
    meta = read_tape(path).meta
    return int(meta["px_decimals"]), int(meta["size_decimals"])
