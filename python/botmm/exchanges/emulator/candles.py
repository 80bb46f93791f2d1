"""Candles — bars of all the venue's intervals out of trades, the last 5,000 of each."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from botmm.exchanges.emulator.coins import Coin

CANDLES_MAX = 5_000
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
# A week of the venue begins on Thursday, as the epoch did.
INTERVALS = {
    "1m": _MINUTE_MS,
    "3m": 3 * _MINUTE_MS,
    "5m": 5 * _MINUTE_MS,
    "15m": 15 * _MINUTE_MS,
    "30m": 30 * _MINUTE_MS,
    "1h": 60 * _MINUTE_MS,
    "2h": 120 * _MINUTE_MS,
    "4h": 240 * _MINUTE_MS,
    "8h": 480 * _MINUTE_MS,
    "12h": 720 * _MINUTE_MS,
    "1d": _DAY_MS,
    "3d": 3 * _DAY_MS,
    "1w": 7 * _DAY_MS,
    "1M": 0,
}

# Begin in ms, open, high, low, close in price units, lots, trades.
Bar = list[int]


def begin_of(interval: str, at_ms: int) -> int:
    """Return the first millisecond of the bar that a time is in."""
    length = INTERVALS[interval]
    if length:
        return at_ms - at_ms % length
    month = np.datetime64(at_ms, "ms").astype("datetime64[M]")
    return int(month.astype("datetime64[ms]").astype(np.int64))


def end_of(interval: str, begin_ms: int) -> int:
    """Return the last millisecond of a bar."""
    length = INTERVALS[interval]
    if length:
        return begin_ms + length - 1
    month = np.datetime64(begin_ms, "ms").astype("datetime64[M]") + np.timedelta64(1, "M")
    return int(month.astype("datetime64[ms]").astype(np.int64)) - 1


class Candles:
    """The bars of one coin."""

    def __init__(self, coin: Coin) -> None:
        """Begin without bars."""
        self._coin = coin
        self._bars: dict[str, deque[Bar]] = {name: deque(maxlen=CANDLES_MAX) for name in INTERVALS}
        # The end of the bar that is forming, so that most trades need no search.
        self._ends = dict.fromkeys(INTERVALS, -1)

    def add(self, at_ms: int, px: int, lots: int) -> None:
        """Take one trade."""
        for name, bars in self._bars.items():
            if at_ms > self._ends[name]:
                self._open(name, bars, at_ms, px)
            bar = bars[-1]
            bar[2], bar[3] = max(bar[2], px), min(bar[3], px)
            bar[4] = px
            bar[5] += lots
            bar[6] += 1

    def _open(self, name: str, bars: deque[Bar], at_ms: int, px: int) -> None:
        """Begin the bar of a time; bars in which nothing traded stay at the last close."""
        begin = begin_of(name, at_ms)
        if bars:
            close, gap = bars[-1][4], self._ends[name] + 1
            length = INTERVALS[name]
            if length:
                gap = max(gap, begin - CANDLES_MAX * length)
            while gap < begin:
                bars.append([gap, close, close, close, close, 0, 0])
                gap = end_of(name, gap) + 1
        bars.append([begin, px, px, px, px, 0, 0])
        self._ends[name] = end_of(name, begin)

    def last(self, interval: str) -> dict[str, Any] | None:
        """Return the bar that is forming."""
        bars = self._bars[interval]
        return self._shape(interval, bars[-1]) if bars else None

    def between(self, interval: str, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the bars that begin in a range, both ends included."""
        return [
            self._shape(interval, bar)
            for bar in self._bars[interval]
            if start_ms <= bar[0] <= end_ms
        ]

    def saved(self) -> dict[str, list[Bar]]:
        """Return all bars by interval."""
        return {name: list(bars) for name, bars in self._bars.items()}

    def restore(self, saved: dict[str, list[Bar]]) -> None:
        """Take back what `saved` gave."""
        for name, bars in saved.items():
            self._bars[name].extend(bars)
            if bars:
                self._ends[name] = end_of(name, bars[-1][0])

    def _shape(self, interval: str, bar: Bar) -> dict[str, Any]:
        begin, first, high, low, close, lots, trades = bar
        px, coin = self._coin.px, self._coin
        return {
            "t": begin,
            "T": end_of(interval, begin),
            "s": coin.name,
            "i": interval,
            "o": px(first),
            "c": px(close),
            "h": px(high),
            "l": px(low),
            "v": coin.size(lots),
            "n": trades,
        }
