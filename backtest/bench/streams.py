"""Streams — the two event streams of the benchmarks, made from a seed.

`incremental` looks like Binance: about 20 messages a second with a median of 38 level changes, and 59 trades a
second. `snapshots` looks like Hyperliquid: 20 levels a side each half second, and 4 trades a second; 55 % of the
levels change between two snapshots, as in recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtest.bench.walk import I64, Habits, Path, walk

LEVEL, TRADE, CLEAR, SNAPSHOT_LEVEL = 1, 2, 3, 4
START_NS = 1_767_225_600_000_000_000  # 2026-01-01 00:00 UTC
DEPTH = 20
WHOLE_DEPTH = 400
REACH = 600.0
FEED_LATENCY_NS = 5_000_000

INCREMENTAL_HABITS = Habits(
    frame_s=0.05,
    trades_per_s=57.0,
    touch_lots=6_000,
    trade_lots=60,
    cancel_share=0.35,
    jump_share=0.02,
)
SNAPSHOT_HABITS = Habits(
    frame_s=0.5,
    trades_per_s=3.6,
    touch_lots=400_000,
    trade_lots=9_000,
    cancel_share=0.5,
    jump_share=0.05,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Grid of a stream: one tick is so many price units of `10 ** -px_decimals`."""

    venue: str
    symbol: str
    px_decimals: int
    size_decimals: int
    units_per_tick: int

    @property
    def tick(self) -> float:
        """Return the price of one tick."""
        return self.units_per_tick / 10.0**self.px_decimals

    @property
    def lot(self) -> float:
        """Return the size of one lot."""
        return 1 / 10.0**self.size_decimals


INCREMENTAL_SCALE = Scale(
    venue="binance", symbol="BTCUSDT", px_decimals=1, size_decimals=3, units_per_tick=1
)
SNAPSHOT_SCALE = Scale(
    venue="hyperliquid", symbol="BTC", px_decimals=1, size_decimals=5, units_per_tick=10
)
SCALES = {"incremental": INCREMENTAL_SCALE, "snapshots": SNAPSHOT_SCALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Events in order of delivery; prices in ticks, sizes in lots; `frame` numbers book messages."""

    name: str
    scale: Scale
    ts_exch: I64
    ts_recv: I64
    kind: npt.NDArray[np.uint8]
    side: npt.NDArray[np.int8]
    px: I64
    qty: I64
    frame: I64

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.ts_exch)


def incremental(
    events: int, seed: int, first_ns: int = START_NS, habits: Habits = INCREMENTAL_HABITS
) -> Stream:
    """Return a stream of level changes and trades, cut to whole messages of at most so many events."""
    frames = max(events // 44, 2)
    path = walk(habits, frames, 1_000_000, first_ns, seed)
    rng = np.random.default_rng(seed + 1_000_003)
    head = _whole_book(path, rng)
    parts = [head, _removed_rows(path), *_touch_rows(path), _far_rows(path, rng)]
    frame, side, px, qty = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kind = np.full(len(frame), LEVEL, np.uint8)
    kind[: len(head[0])] = SNAPSHOT_LEVEL
    kind[0] = CLEAR
    stream = _with_trades("incremental", INCREMENTAL_SCALE, path, frame, kind, side, px, qty)
    return _cut(stream, events)


def snapshots(
    hours: float, seed: int, first_ns: int = START_NS, habits: Habits = SNAPSHOT_HABITS
) -> Stream:
    """Return a stream of 20-level snapshots and trades; each snapshot starts with a clear row."""
    frames = int(hours * 7_200)
    path = walk(habits, frames, 100_000, first_ns, seed)
    levels = 1 + 2 * DEPTH
    px, qty = np.zeros((frames, levels), np.int64), np.zeros((frames, levels), np.int64)
    for start, best, lots, sign in (
        (1, path.bid, path.bid_lots, 1),
        (21, path.ask, path.ask_lots, -1),
    ):
        at = best[:, None] - sign * np.arange(DEPTH)
        px[:, start : start + DEPTH] = at
        qty[:, start : start + DEPTH] = _resting(at, sign, seed)
        qty[:, start] = lots
    kind = np.tile(np.array([CLEAR] + [SNAPSHOT_LEVEL] * 2 * DEPTH, np.uint8), frames)
    side = np.tile(np.array([0] + [1] * DEPTH + [-1] * DEPTH, np.int64), frames)
    frame = np.repeat(np.arange(frames), levels)
    return _with_trades(
        "snapshots", SNAPSHOT_SCALE, path, frame, kind, side, px.ravel(), qty.ravel()
    )


def changes(stream: Stream) -> Stream:
    """Return a stream of snapshots as its first snapshot, the level changes after it, and the trades."""
    book = stream.kind == SNAPSHOT_LEVEL
    px = stream.px[book].reshape(-1, 2 * DEPTH)
    qty = stream.qty[book].reshape(-1, 2 * DEPTH)
    clears = np.flatnonzero(stream.kind == CLEAR)
    keep = np.flatnonzero((stream.kind == TRADE) | (stream.frame == 0))
    parts = [(keep, *(getattr(stream, name)[keep] for name in ("kind", "side", "px", "qty")))]
    for side, at in ((1, slice(0, DEPTH)), (-1, slice(DEPTH, None))):
        for frame, tick, lots in _moved(px[:, at], qty[:, at], side):
            kind = np.full(len(frame), LEVEL, np.uint8)
            parts.append((clears[frame], kind, np.full(len(frame), side, np.int8), tick, lots))
    row, kind, side_of, px_of, qty_of = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    order = np.argsort(row, kind="stable")
    row = row[order]
    return Stream(
        name="changes",
        scale=stream.scale,
        ts_exch=stream.ts_exch[row],
        ts_recv=stream.ts_recv[row],
        kind=kind[order],
        side=side_of[order],
        px=px_of[order],
        qty=qty_of[order],
        frame=stream.frame[row],
    )


def _moved(px: I64, qty: I64, sign: int) -> list[tuple[I64, I64, I64]]:
    """Return (frame, tick, size) of levels that went, and of levels that came or changed."""
    frames = np.broadcast_to(np.arange(1, len(px))[:, None], px[1:].shape)
    place = sign * (px[:-1, :1] - px[1:])
    known = (place >= 0) & (place < DEPTH)
    before = np.take_along_axis(qty[:-1], np.clip(place, 0, DEPTH - 1), axis=1)
    changed = ~known | (before != qty[1:])
    place = sign * (px[1:, :1] - px[:-1])
    gone = (place < 0) | (place >= DEPTH)
    return [
        (frames[gone], px[:-1][gone], np.zeros(int(gone.sum()), np.int64)),
        (frames[changed], px[1:][changed], qty[1:][changed]),
    ]


Columns = tuple[I64, I64, I64, I64]


def _whole_book(path: Path, rng: np.random.Generator) -> Columns:
    """Return the first message: a clear row, then every level within reach."""
    depth = np.arange(WHOLE_DEPTH)
    px = np.concatenate([[0], path.bid[0] - depth, path.ask[0] + depth])
    qty = rng.lognormal(np.log(3_000), 1.0, len(px)).astype(np.int64) + 1
    qty[0], qty[1], qty[1 + WHOLE_DEPTH] = 0, path.bid_lots[0], path.ask_lots[0]
    side = np.concatenate([[0], np.full(WHOLE_DEPTH, 1), np.full(WHOLE_DEPTH, -1)])
    return np.zeros(len(px), np.int64), side, px, qty


def _touch_rows(path: Path) -> list[Columns]:
    """Return a row for each side of the touch that changed since the frame before."""
    rows = []
    for best, lots, sign in ((path.bid, path.bid_lots, 1), (path.ask, path.ask_lots, -1)):
        changed = 1 + np.flatnonzero((np.diff(best) != 0) | (np.diff(lots) != 0))
        rows.append((changed, np.full(len(changed), sign), best[changed], lots[changed]))
    return rows


def _removed_rows(path: Path) -> Columns:
    """Return deletions of all levels that the touch left behind."""
    parts = []
    for best, sign in ((path.bid, 1), (path.ask, -1)):
        lost = np.maximum(-sign * np.diff(best), 0)
        frame = 1 + np.repeat(np.arange(len(lost)), lost)
        nth = np.arange(len(frame)) - np.repeat(np.cumsum(lost) - lost, lost)
        px = best[frame - 1] - sign * nth
        parts.append((frame, np.full(len(frame), sign), px, np.zeros(len(frame), np.int64)))
    frame, side, px, qty = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return frame, side, px, qty


def _far_rows(path: Path, rng: np.random.Generator) -> Columns:
    """Return changes of levels behind the touch, each level at most once a message."""
    frames = len(path.ts)
    counts = np.minimum(rng.lognormal(np.log(45.5), 0.75, frames), 600).astype(np.int64)
    counts[0] = 0
    frame = np.repeat(np.arange(frames), counts)
    side = rng.choice(np.array([1, -1]), len(frame))
    distance = np.minimum(rng.exponential(1.0, len(frame)) ** 2 * 40 + 1, REACH).astype(np.int64)
    px = np.where(side > 0, path.bid[frame] - distance, path.ask[frame] + distance)
    qty = rng.lognormal(np.log(3_000), 1.0, len(frame)).astype(np.int64) + 1
    qty[rng.random(len(frame)) < 0.3] = 0
    key = (frame * 2 + (side > 0)) * 4096 + distance
    once = np.unique(key, return_index=True)[1]
    return frame[once], side[once], px[once], qty[once]


def _resting(px: I64, sign: int, seed: int) -> I64:
    """Return sizes of levels by price and frame: each changes in about 55 % of the frames."""
    frame = np.arange(len(px))[:, None]
    place = px * 2 + (sign > 0)
    age = ((frame * 141 + _mixed(place, seed) % 256) // 256).astype(np.int64)
    chance = _mixed(place * 1_000_003 + age, seed + 1) % 1_000_000
    return (20_000 + chance * chance // 2_000_000).astype(np.int64)


def _mixed(values: I64, seed: int) -> npt.NDArray[np.uint64]:
    """Return well mixed bits of each value, the same on every machine."""
    x = values.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def _with_trades(
    name: str, scale: Scale, path: Path, frame: I64, kind: I64, side: I64, px: I64, qty: I64
) -> Stream:
    """Return book rows and trades in order of time, with both clocks."""
    trades = len(path.trade_ts)
    ts = np.concatenate([path.ts[frame], path.trade_ts])
    frame = np.concatenate([frame, np.full(trades, -1)])
    # Stable: within a message, levels that give way stay before those that follow.
    order = np.lexsort((frame, ts))
    # Venues stamp in milliseconds, and deliver in the order of events all the same.
    ts = ts[order] // 1_000_000 * 1_000_000
    rng = np.random.default_rng(trades)
    latency = FEED_LATENCY_NS + rng.integers(0, 2_000_000, len(path.ts) + 1)
    recv = np.maximum.accumulate(ts + latency[frame[order]])
    return Stream(
        name=name,
        scale=scale,
        ts_exch=ts,
        ts_recv=recv,
        kind=np.concatenate([kind, np.full(trades, TRADE)])[order].astype(np.uint8),
        side=np.concatenate([side, path.trade_side])[order].astype(np.int8),
        px=np.concatenate([px, path.trade_px])[order],
        qty=np.concatenate([qty, path.trade_lots])[order],
        frame=frame[order],
    )


def _cut(stream: Stream, events: int) -> Stream:
    """Keep whole messages up to so many events."""
    if len(stream) <= events:
        return stream
    end = events
    while stream.frame[end] == stream.frame[end - 1] and stream.frame[end] >= 0:
        end -= 1
    columns = {
        name: getattr(stream, name)[:end]
        for name in ("ts_exch", "ts_recv", "kind", "side", "px", "qty", "frame")
    }
    return Stream(name=stream.name, scale=stream.scale, **columns)
