"""Facts — what a simulated market looks like, in the figures by which real ones are known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from botmm.core import Synth
from botmm.units import SECOND_NS, day_start, parse_date

Array = np.ndarray[Any, Any]

START = day_start(parse_date("2026-01-05"))
STEP_NS = 600 * SECOND_NS
LEVEL, GONE, TRADE, CLEAR, LAST = 1, 2, 5, 4, 1
DEPTH = 20
TICKS = {"BTC": 10, "ETH": 10, "SOL": 100, "XRP": 100}
SIGNATURE_S = (0.5, 1, 2, 5, 10, 30, 60, 300)
MARKOUT_S = (0, 1, 5, 30, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A market with every level change: touches by block, depth each minute, prints."""

    touch_s: Array
    bid: Array
    ask: Array
    depth_usd: Array
    depth_n: Array
    trade_s: Array
    side: Array
    px: Array
    usd: Array


def record(symbol: str, hours: float, seed: int) -> Recording:
    """Simulate and keep what the figures need."""
    wish = {"symbol": symbol, "seed": seed, "start": START, "streams": "full", "latency_ms": 0}
    market = Synth(json.dumps(wish))
    scale = 10.0 ** (market.px_decimals + market.size_decimals)
    book = _Book(scale)
    prints = []
    end = START + round(hours * 3600) * SECOND_NS
    for until in range(START + STEP_NS, end + STEP_NS, STEP_NS):
        rows = market.step_until(min(until, end))
        book.apply(rows)
        trade = rows["kind"] == TRADE
        prints.append([rows[name][trade] for name in ("ts_exch", "side", "px", "qty")])
    ts, side, px, qty = (np.concatenate(columns) for columns in zip(*prints, strict=True))
    touch = np.array(book.touches)
    return Recording(
        touch_s=(touch[:, 0] - START) / SECOND_NS,
        bid=touch[:, 1],
        ask=touch[:, 2],
        depth_usd=np.array(book.usd),
        depth_n=np.array(book.n),
        trade_s=(ts - START) / SECOND_NS,
        side=side,
        px=px,
        usd=px * qty / scale,
    )


class _Book:
    """All levels, replayed row by row."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.sides: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
        self.touches: list[tuple[int, int, int]] = []
        self.usd: list[list[float]] = []
        self.n: list[list[int]] = []
        self.due = 0

    def apply(self, rows: dict[str, Array]) -> None:
        """Apply rows, noting the touch at the end of each message."""
        names = ("kind", "side", "px", "qty", "n", "flags", "ts_exch")
        for kind, side, px, qty, n, flags, ts in zip(
            *(rows[name].tolist() for name in names), strict=True
        ):
            if kind == LEVEL:
                self.sides[side < 0][px] = (qty, n)
            elif kind == GONE:
                self.sides[side < 0].pop(px, None)
            elif kind == CLEAR:
                self.sides[0].clear()
                self.sides[1].clear()
            else:
                continue
            if flags & LAST and self.sides[0] and self.sides[1]:
                self._note(ts)

    def _note(self, ts: int) -> None:
        bids, asks = self.sides
        self.touches.append((ts, max(bids), min(asks)))
        if ts >= self.due:
            self.due = ts + 5 * SECOND_NS
            levels = [(px, *bids[px]) for px in sorted(bids, reverse=True)[:DEPTH]]
            self.usd.append([px * qty / self.scale for px, qty, _ in levels])
            self.n.append([n for _, _, n in levels])


def facts(symbol: str, seen: Recording) -> dict[str, str]:
    """Return the figures of a market, by their names."""
    spread = np.round((seen.ask - seen.bid) / TICKS[symbol])
    length = np.diff(seen.touch_s, append=seen.touch_s[-1])
    seconds = seen.touch_s[-1] - seen.touch_s[0]
    bursts, first = np.unique(seen.trade_s, return_index=True)
    signs = seen.side[first].astype(np.float64)
    mids = _each_half_second(seen)
    steps = np.diff(mids)
    levels = [len(np.unique(part)) for part in np.split(seen.px, first[1:])]
    found = {
        "spread of 1 tick, share of time": f"{length[spread == 1].sum() / length.sum():.1%}",
        "spread of at most 2 ticks": f"{length[spread <= 2].sum() / length.sum():.1%}",
        "touch, median": f"${np.median(seen.depth_usd[:, 0]):,.0f} in {np.median(seen.depth_n[:, 0]):.0f} orders",
        "levels 2 to 20, median": f"${np.median(seen.depth_usd[:, 1:]):,.0f} in {np.median(seen.depth_n[:, 1:]):.0f} orders",
        "90 % of levels have at most": f"{np.quantile(seen.depth_n, 0.9):.0f} orders",
        "prints a second": f"{len(seen.px) / seconds:.2f}",
        "market orders a second": f"{len(bursts) / seconds:.2f}",
        "levels a market order takes, mean": f"{np.mean(levels):.2f}",
        "print, median and mean": f"${np.median(seen.usd):,.0f}, ${seen.usd.mean():,.0f}",
        "traded a day": f"${seen.usd.sum() / seconds * 86.4e3 / 1e9:.2f} bn",
        "sign autocorrelation, lag 1, 2, 5, 10": _row(
            _correlation(signs, k) for k in (1, 2, 5, 10)
        ),
        "market orders in 10 s, variance / mean": f"{_dispersion(bursts):.1f}",
        "half seconds without a mid change": f"{np.mean(steps == 0):.0%}",
        "mid return autocorrelation, 0.5 s": _row(_correlation(steps, k) for k in (1, 2, 4)),
        "the same, 1 s": _row(_correlation(np.diff(mids[::2]), k) for k in (1, 2, 5)),
        "absolute returns, 1 s, lag 1, 10, 60": _row(
            _correlation(np.abs(np.diff(mids[::2])), k) for k in (1, 10, 60)
        ),
        "kurtosis of 0.5 s returns": f"{np.mean(steps**4) / np.mean(steps**2) ** 2:.0f}",
    }
    for lag in SIGNATURE_S:
        n = round(2 * lag)
        sigma = np.std(mids[n:] - mids[:-n]) / np.sqrt(lag)
        found[f"volatility from {lag:g} s returns"] = (
            f"{sigma * 1e4:.2f} bp/√s, {sigma * np.sqrt(31_557_600):.0%} a year"
        )
    found |= _markouts(seen, first)
    return found


def _markouts(seen: Recording, first: Array) -> dict[str, str]:
    """Return what the passive side of a market order earned before fees, weighted by value."""
    usd = np.add.reduceat(seen.usd, first)
    px = np.add.reduceat(seen.px * seen.usd, first) / usd
    mid = (seen.bid + seen.ask) / 2
    at = seen.trade_s[first]
    found = {}
    for horizon in MARKOUT_S:
        later = mid[np.searchsorted(seen.touch_s, at + horizon, side="right") - 1]
        earned = -seen.side[first] * (later - px) / px * 1e4
        found[f"makers' markout after {horizon} s"] = f"{np.average(earned, weights=usd):+.2f} bp"
    return found


def _each_half_second(seen: Recording) -> Array:
    """Return log mids on a grid of half seconds."""
    grid = np.arange(seen.touch_s[0] + 5, seen.touch_s[-1], 0.5)
    at = np.searchsorted(seen.touch_s, grid, side="right") - 1
    mids: Array = np.log((seen.bid[at] + seen.ask[at]) / 2)
    return mids


def _correlation(values: Array, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


def _dispersion(times: Array) -> float:
    counts, _ = np.histogram(times, bins=np.arange(times[0], times[-1], 10))
    return float(counts.var() / counts.mean())


def _row(values: Any) -> str:
    return " ".join(f"{value:+.2f}" for value in values)


def facts_table(hours: float, seed: int) -> str:
    """Return a Markdown table of all markets."""
    columns = {symbol: facts(symbol, record(symbol, hours, seed)) for symbol in TICKS}
    names = list(next(iter(columns.values())))
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(c[name] for c in columns.values())} |" for name in names]
    return "\n".join(lines)
