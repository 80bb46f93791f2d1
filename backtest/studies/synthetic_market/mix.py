"""Mix — what a tape is made of, so that synthetic days can be held against recorded ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from botmm.core import read_tape
from botmm.data.catalogue import read_tape as describe
from botmm.units import SECOND_NS

Array = np.ndarray[Any, Any]

LEVEL, GONE, LEFT, CLEAR, TRADE, FRAME = 1, 2, 3, 4, 5, 6
BOOK, BBO = 1, 3
LAST, KEYFRAME = 1, 4
DAY_S = 86_400.0
FIGURES = 5  # of a price on the venue


def figures(path: Path) -> dict[str, str]:
    """Return the figures of a tape, by their names."""
    columns = read_tape(str(path))
    kept = columns["flags"] & KEYFRAME == 0
    rows = {name: column[kept] for name, column in columns.items()}
    kind, stream = rows["kind"], rows["stream"]
    seconds = (int(rows["ts_recv"][-1]) - int(rows["ts_recv"][0])) / SECOND_NS
    day = DAY_S / seconds
    last = rows["flags"] & LAST != 0
    changes = np.isin(kind, (LEVEL, GONE, LEFT))
    frames = int((kind == FRAME).sum())
    touch = _touches(rows, int(describe(path).meta["px_decimals"]))
    return {
        "length": f"{seconds / 3600:.2f} h",
        "rows a day": f"{len(kind) * day / 1e6:.2f} M",
        "of these levels": f"{(kind == LEVEL).sum() * day / 1e6:.2f} M",
        "levels gone": f"{(kind == GONE).sum() * day / 1e6:.2f} M",
        "levels that left the window": f"{(kind == LEFT).sum() * day / 1e6:.2f} M",
        "trades": f"{(kind == TRADE).sum() * day / 1e6:.2f} M",
        "ends of frames": f"{frames * day / 1e6:.2f} M",
        "contexts and funding": f"{(kind > FRAME).sum() * day / 1e6:.2f} M",
        "levels changed by a frame": f"{(changes & (stream == BOOK)).sum() / frames:.1f}",
        "messages of the touch a second": f"{((stream == BBO) & last).sum() / seconds:.2f}",
        "prints a second": f"{(kind == TRADE).sum() / seconds:.2f}",
        "market orders a second": f"{_orders(rows) / seconds:.2f}",
        **touch,
        "bytes a row": f"{path.stat().st_size / len(kind):.2f}",
        "size of a day": f"{path.stat().st_size * day / 1e6:.1f} MB",
    }


def _orders(rows: Mapping[str, Array]) -> int:
    """Return how many market orders the prints are: those of one time and side are one."""
    trade = rows["kind"] == TRADE
    when = rows["ts_exch"][trade] * 2 + (rows["side"][trade] > 0)
    return len(np.unique(when))


def _touches(rows: Mapping[str, Array], px_decimals: int) -> dict[str, str]:
    """Return spread and volatility of the book as received."""
    names = ("ts_recv", "kind", "side", "px", "flags")
    sides: tuple[set[int], set[int]] = (set(), set())
    found: list[tuple[int, int, int]] = []
    due = 0
    for ts, kind, side, px, flags in zip(*(rows[n].tolist() for n in names), strict=True):
        if kind == LEVEL:
            sides[side < 0].add(px)
        elif kind in (GONE, LEFT):
            sides[side < 0].discard(px)
        elif kind == CLEAR:
            sides[0].clear()
            sides[1].clear()
        if flags & LAST and ts >= due and sides[0] and sides[1]:
            due = ts - ts % (SECOND_NS // 2) + SECOND_NS // 2
            found.append((ts, max(sides[0]), min(sides[1])))
    touch = np.array(found, dtype=np.int64)
    digits = len(str(int(touch[0, 1])))
    tick = 10 ** min(max(digits - FIGURES, 0), px_decimals)
    mids = np.log((touch[:, 1] + touch[:, 2]) / 2)
    at = (touch[:, 0] - touch[0, 0]) / SECOND_NS
    return {
        "spread of 1 tick": f"{np.mean(touch[:, 2] - touch[:, 1] == tick):.0%}",
        "spread, mean": f"{np.mean((touch[:, 2] - touch[:, 1]) / touch[:, 1]) * 1e4:.2f} bp",
        "half seconds without a mid change": f"{np.mean(np.diff(mids) == 0):.0%}",
        "volatility from 0.5 s returns": f"{np.std(np.diff(mids)) * np.sqrt(2) * 1e4:.2f} bp/√s",
        "volatility from 10 s returns": _volatility(at, mids, 10.0),
        "volatility from 2 min returns": _volatility(at, mids, 120.0),
    }


def _volatility(at: Array, mids: Array, lag: float) -> str:
    """Return the deviation of log returns over a time, per square root of a second."""
    grid = mids[np.searchsorted(at, np.arange(0, at[-1], lag))]
    return f"{np.std(np.diff(grid)) / np.sqrt(lag) * 1e4:.2f} bp/√s"


def mix_table(tapes: Mapping[str, Path]) -> str:
    """Return a Markdown table with a column for each named tape."""
    columns = {name: figures(path) for name, path in tapes.items()}
    names = list(next(iter(columns.values())))
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(c[name] for c in columns.values())} |" for name in names]
    return "\n".join(lines)
