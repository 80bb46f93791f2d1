"""Walk — the touch of a synthetic market, moved by trades, cancels and jumps; seeded.

The touch is simulated order flow in small: trades eat it, cancels shrink it, an exhausted level gives way, a
wide spread closes. So a trade prints where the level was, the level shrinks by it, and the book never crosses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

SWEEP_LEVELS_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a market moves between two frames of its book."""

    frame_s: float
    trades_per_s: float
    touch_lots: float
    trade_lots: float
    cancel_share: float
    jump_share: float
    # No trade follows a frame sooner, so that none could be taken as part of the frame's changes.
    quiet_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The touch at each frame, shape (k,), and the trades between frames, shape (t,)."""

    ts: I64
    bid: I64
    ask: I64
    bid_lots: I64
    ask_lots: I64
    trade_ts: I64
    trade_side: I64
    trade_px: I64
    trade_lots: I64


class Touch:
    """Best bid and ask with their sizes; index 0 is the bid, 1 the ask."""

    def __init__(self, start: int, sizes: F64) -> None:
        """Take the first bid in ticks, and sizes of new levels in lots, used in turn."""
        self.px = [start, start + 1]
        self._sizes = sizes
        self._next = 0
        self.lots = [self.fresh(), self.fresh()]

    def fresh(self) -> int:
        """Return the size of a level that becomes the touch."""
        size = self._sizes[self._next % len(self._sizes)]
        self._next += 1
        return max(int(size), 1)

    def give_way(self, side: int, ticks: int = 1) -> None:
        """Move a side away from the other."""
        self.px[side] += ticks if side else -ticks
        self.lots[side] = self.fresh()

    def close_in(self, side: int) -> None:
        """Move a side one tick towards the other, if there is room."""
        if self.px[1] - self.px[0] > 1:
            self.px[side] += -1 if side else 1
            self.lots[side] = self.fresh()

    def take(self, side: int, lots: int) -> list[tuple[int, int]]:
        """Trade against a side; return the prints (price, lots), levels giving way as they end."""
        prints = []
        for _ in range(SWEEP_LEVELS_MAX):
            if lots < self.lots[side]:
                break
            prints.append((self.px[side], self.lots[side]))
            lots -= self.lots[side]
            self.give_way(side)
        if 0 < lots < self.lots[side]:
            prints.append((self.px[side], lots))
            self.lots[side] -= lots
        return prints


def walk(habits: Habits, frames: int, start: int, first_ns: int, seed: int) -> Path:
    """Simulate the touch over so many frames; the same seed gives the same path."""
    rng = np.random.default_rng(seed)
    gaps = habits.frame_s * rng.uniform(0.7, 1.3, frames)
    quiet = habits.quiet_ns
    ts = first_ns + np.cumsum(gaps * 1e9).astype(np.int64)
    counts = rng.poisson(habits.trades_per_s * gaps)
    counts[0] = 0  # nothing trades before there is a book
    touch = Touch(start, rng.lognormal(np.log(habits.touch_lots), 0.8, 1 << 16))
    coins = rng.random((frames, 4))
    shares = rng.normal(0.0, habits.cancel_share, (frames, 2))
    flow = iter(rng.random((int(counts.sum()), 2)))
    wanted = iter(rng.lognormal(np.log(habits.trade_lots), 1.2, int(counts.sum())))
    rows: list[tuple[int, int, int, int]] = []
    trades: list[tuple[int, int, int, int]] = []
    for k in range(frames):
        since, until = (int(ts[k - 1]) if k else first_ns), int(ts[k])
        for place, coin in sorted((next(flow) for _ in range(counts[k])), key=lambda f: f[0]):
            at = since + 1 + quiet + int(place * (until - since - quiet - 2))
            side = int(coin < 0.5)
            aggressor = 1 if side else -1
            prints = touch.take(side, max(int(next(wanted)), 1))
            trades.extend((at, aggressor, px, lots) for px, lots in prints)
        _between_frames(touch, coins[k], shares[k], habits.jump_share)
        rows.append((touch.px[0], touch.px[1], touch.lots[0], touch.lots[1]))
    bid, ask, bid_lots, ask_lots = np.array(rows, np.int64).T.copy()
    trade = np.array(trades, np.int64).reshape(-1, 4).T.copy()
    return Path(
        ts=ts,
        bid=bid,
        ask=ask,
        bid_lots=bid_lots,
        ask_lots=ask_lots,
        trade_ts=trade[0],
        trade_side=trade[1],
        trade_px=trade[2],
        trade_lots=trade[3],
    )


def _between_frames(touch: Touch, coins: F64, shares: F64, jump_share: float) -> None:
    """Apply adds and cancels of the touch, a rare jump, and the closing of a wide spread."""
    for side in (0, 1):
        left = touch.lots[side] + int(shares[side] * touch.lots[side])
        if left <= 0:
            touch.give_way(side)
        else:
            touch.lots[side] = left
    if coins[0] < jump_share:
        side = int(coins[1] < 0.5)
        ticks = 1 + int(-2.0 * np.log(1.0 - coins[2]))
        touch.give_way(side, ticks)
        for _ in range(ticks):
            touch.close_in(1 - side)
    elif coins[3] < 0.7:
        touch.close_in(int(coins[1] < 0.5))
