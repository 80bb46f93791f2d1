"""Analysis — figures of a run from its columns: parts of the PnL, days, markouts, round trips.

Money stays in integers until it is shown; inventory and capture are in half cash units, because
mids are in half price units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from botmm.report.bootstrap import (
    Interval,
    block_ids,
    block_sums,
    ratio_intervals,
    total_interval,
)
from botmm.report.silences import data_seconds, gaps_of, silences
from botmm.report.tally import OrderTally
from botmm.units import DAY_NS, SECOND_NS, day_of

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Columns = Mapping[str, Any]
FillsOf = Callable[[int], Columns]

HORIZONS_S = (0.1, 1.0, 5.0, 30.0, 60.0, 300.0)
UNRESOLVED = np.iinfo(np.int64).min
TIERS = {
    "A": "order by order",
    "B": "every level change",
    "C": "touch per block and snapshots",
    "D": "snapshots",
    "E": "touch and trades",
}
VOLUME_SHARE_MAX = 0.02  # above this the market would have reacted to us


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the net result came from, in dollars: net = capture + inventory - fees + funding."""

    capture_usd: float
    inventory_usd: float
    fees_usd: float
    funding_usd: float
    volume_usd: float
    fills: int

    @property
    def gross_usd(self) -> float:
        """Return what trading earned before fees and funding."""
        return self.capture_usd + self.inventory_usd

    @property
    def net_usd(self) -> float:
        """Return what is left."""
        return self.gross_usd - self.fees_usd + self.funding_usd

    def bps(self, usd: float) -> float | None:
        """Return dollars in basis points of the traded volume."""
        return usd / self.volume_usd * 1e4 if self.volume_usd > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One UTC day of the whole account."""

    day: str
    parts: Parts
    drawdown_usd: float
    exposure_max_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkoutPoint:
    """Notional-weighted mean move after fills of one side, in bps of the fill price."""

    horizon_s: float
    mean: float
    low: float | None
    high: float | None
    fills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """Fills that closed, and stretches until the position was closed or turned round."""

    closing_fills: int
    episodes: int
    episode_wins: int
    median_minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Running sums over time, in dollars, of one symbol or of the account."""

    ts: I64
    capture: F64
    inventory: F64
    fees: F64
    funding: F64
    exposure: F64

    @property
    def gross(self) -> F64:
        """Return the result before fees and funding."""
        return self.capture + self.inventory

    @property
    def net(self) -> F64:
        """Return the result."""
        return self.gross - self.fees + self.funding

    @property
    def drawdown(self) -> F64:
        """Return how far the net result is below its peak, never positive."""
        net: F64 = self.net
        return np.asarray(net - np.maximum.accumulate(np.maximum(net, 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFigures:
    """Everything a report shows of one symbol."""

    symbol: str
    parts: Parts
    curve: Curve
    mid: F64
    position: F64
    spread_bps: F64
    own_spread_bps: F64
    fill_ts: I64
    fill_price: F64
    fill_size: F64
    fill_side: npt.NDArray[np.int8]
    markouts: Mapping[str, list[MarkoutPoint]]
    trips: Trips
    residual: int
    volume_share: float | None
    crossed_share: float | None
    through_share: float | None
    ahead_median_usd: float | None
    order_life_median_s: float | None
    gaps: Sequence[tuple[int, int, int]]
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything a report shows."""

    symbols: Sequence[SymbolFigures]
    parts: Parts
    curve: Curve
    days: Sequence[Day]
    net_interval: Interval | None
    seconds: float
    verdict: str
    verdict_text: str
    tiers: Sequence[str]
    silences: Sequence[tuple[int, int]]

    @property
    def drawdown_usd(self) -> float:
        """Return the deepest fall below the running peak, as a positive number."""
        return float(-self.curve.drawdown.min()) + 0.0 if len(self.curve.ts) else 0.0  # never -0

    @property
    def residual(self) -> int:
        """Return what the parts fail to explain, in half cash units; 0 when all is well."""
        return sum(abs(figures.residual) for figures in self.symbols)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Decimals of one symbol."""

    px: float
    size: float
    cash: float
    cash_per_unit: int

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> _Scale:
        px, size, cash = (int(summary[f"{name}_decimals"]) for name in ("px", "size", "cash"))
        return cls(10.0**px, 10.0**size, 10.0**cash, 10 ** (cash - px - size))


def headline(summary: Mapping[str, Any]) -> Parts:
    """Return the parts of the whole account from the core's summary alone."""
    return _sum([_summary_parts(row) for row in summary["symbols"]])


def analyse(
    fills: Columns | FillsOf,
    equity: Columns,
    orders: OrderTally,
    summary: Mapping[str, Any],
    *,
    warmup_ns: int = 0,
    seed: int = 1,
) -> Figures:
    """Return the figures of a run.

    Args:
        fills: columns as the core returns them, or what gives those of a symbol by its place.
        equity: columns as the core returns them.
        orders: of all orders that ended.
        summary: the core's summary.
        warmup_ns: time at the start that was not quoted on.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    of = fills if callable(fills) else partial(_of_symbol, fills)
    symbols = [
        _symbol(of(ix), _of_symbol(equity, ix), orders, ix, summary, rng)
        for ix in _indices(summary)
    ]
    curve = _total_curve([figures.curve for figures in symbols])
    parts = headline(summary)
    seconds = max(data_seconds(summary) - warmup_ns / SECOND_NS, 0.0)
    verdict, text = verdict_of(seconds)
    return Figures(
        symbols=symbols,
        parts=parts,
        curve=curve,
        days=_days(symbols, curve),
        net_interval=_net_interval(curve, rng),
        seconds=seconds,
        verdict=verdict,
        verdict_text=text,
        tiers=sorted({str(row["data_tier"]) for row in summary["symbols"]}),
        silences=silences(summary),
    )


def verdict_of(seconds: float) -> tuple[str, str]:
    """Return what data of this length is good for: one word, and a sentence."""
    days = seconds / 86_400
    if days < 2:
        return "smoke test", "It shows that the machinery works; the result itself means nothing."
    if days < 7:
        return "indicative", "It shows a direction; a week of another kind may reverse it."
    if days < 14:
        return "usable", "It bears comparison between settings; the level is still uncertain."
    return "benchmark", "Long enough to compare with other runs and other makers."


def _of_symbol(table: Columns, ix: int) -> dict[str, Any]:
    """Return the rows of one symbol."""
    mask = np.asarray(table["symbol"]) == ix
    return {name: np.asarray(column)[mask] for name, column in table.items()}


def _symbol(
    fills: Columns,
    equity: Columns,
    orders: OrderTally,
    ix: int,
    summary: Mapping[str, Any],
    rng: np.random.Generator,
) -> SymbolFigures:
    """Return the figures of one symbol."""
    row = summary["symbols"][ix]
    scale = _Scale.of(row)
    ahead = orders.ahead_median(ix)
    mid2 = equity["mid2"].astype(np.float64)
    mid = np.where(mid2 > 0, mid2, np.nan) / (2.0 * scale.px)
    position = equity["position"] / scale.size
    own_both = (equity["own_bid"] > 0) & (equity["own_ask"] > 0)
    traded = int(row["traded_lots"])
    count = len(fills["px"])
    why = fills["why"]
    return SymbolFigures(
        symbol=str(row["symbol"]),
        parts=_summary_parts(row),
        curve=_curve(equity, mid, position, scale),
        mid=mid,
        position=position,
        spread_bps=_spread_bps(equity["bid"], equity["ask"], mid2, equity["bid"] > 0),
        own_spread_bps=_spread_bps(equity["own_bid"], equity["own_ask"], mid2, own_both),
        fill_ts=fills["ts_exch"],
        fill_price=fills["px"] / scale.px,
        fill_size=fills["qty"] / scale.size,
        fill_side=fills["side"],
        markouts=_markouts(fills, rng),
        trips=_trips(fills, scale),
        residual=residual(fills, equity, row),
        volume_share=int(fills["qty"].sum()) / traded if traded > 0 else None,
        crossed_share=float((why == 2).mean()) if count else None,
        through_share=float((why == 1).mean()) if count else None,
        ahead_median_usd=None if ahead is None else ahead / scale.size / scale.px,
        order_life_median_s=orders.life_median_s(ix),
        gaps=gaps_of(summary, ix),
        summary=row,
    )


def residual(fills: Columns, equity: Columns, row: Mapping[str, Any]) -> int:
    """Return the account's change by cash and marked position, less the sum of the parts.

    Both are in half cash units and exact; anything but 0 is a bug in the core.
    """
    unit = _Scale.of(row).cash_per_unit
    signed = fills["side"].astype(np.int64) * fills["qty"]
    paid = int((signed * fills["px"] * unit).sum()) + int(fills["fee"].sum())
    marks = equity["mid2"][equity["mid2"] > 0]
    worth2 = int(signed.sum()) * unit * (int(marks[-1]) if len(marks) else 0)
    parts2 = int(row["capture2"]) + int(row["inventory2"]) - int(row["fees2"])
    return worth2 - 2 * paid - parts2  # funding stands on both sides


def _summary_parts(row: Mapping[str, Any]) -> Parts:
    """Return the parts of one symbol's summary in dollars."""
    cash = _Scale.of(row).cash
    return Parts(
        capture_usd=int(row["capture2"]) / 2 / cash,
        inventory_usd=int(row["inventory2"]) / 2 / cash,
        fees_usd=int(row["fees2"]) / 2 / cash,
        funding_usd=int(row["funding2"]) / 2 / cash,
        volume_usd=int(row["volume"]) / cash,
        fills=int(row["fills"]),
    )


def _sum(parts: Sequence[Parts]) -> Parts:
    """Return the sum of several parts."""
    return Parts(
        capture_usd=sum(p.capture_usd for p in parts),
        inventory_usd=sum(p.inventory_usd for p in parts),
        fees_usd=sum(p.fees_usd for p in parts),
        funding_usd=sum(p.funding_usd for p in parts),
        volume_usd=sum(p.volume_usd for p in parts),
        fills=sum(p.fills for p in parts),
    )


def _curve(equity: Columns, mid: F64, position: F64, scale: _Scale) -> Curve:
    """Return the series of one symbol."""
    return Curve(
        ts=equity["ts"],
        capture=equity["capture2"] / (2.0 * scale.cash),
        inventory=equity["inventory2"] / (2.0 * scale.cash),
        fees=equity["fees"] / scale.cash,
        funding=equity["funding"] / scale.cash,
        exposure=position * np.nan_to_num(mid),
    )


def _total_curve(curves: Sequence[Curve]) -> Curve:
    """Return the sum of the symbols' series on the union of their times."""
    if len(curves) == 1:
        return curves[0]
    ts = np.unique(np.concatenate([curve.ts for curve in curves]))
    names = ("capture", "inventory", "fees", "funding", "exposure")
    sums = {name: sum_held([(c.ts, getattr(c, name)) for c in curves], ts) for name in names}
    return Curve(ts=ts, **sums)


def sum_held(series: Sequence[tuple[I64, F64]], ts: I64) -> F64:
    """Return the sum of step functions at some times; each is 0 before its first value."""
    total = np.zeros(len(ts))
    for times, values in series:
        at = np.searchsorted(times, ts, side="right")
        total += np.concatenate([[0.0], values])[at]
    return total


def _spread_bps(bid: I64, ask: I64, mid2: F64, known: npt.NDArray[np.bool_]) -> F64:
    """Return a full spread in bps of the market's mid; nan where a side is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known & (mid2 > 0), (ask - bid) / mid2 * 2e4, np.nan)


def _markouts(fills: Columns, rng: np.random.Generator) -> dict[str, list[MarkoutPoint]]:
    """Return the markout curve of each side; the first point is the half spread at the fill."""
    horizons = (0.0, *HORIZONS_S)
    columns = [fills["mid2"], *(fills[f"markout_{i}"] for i in range(len(HORIZONS_S)))]
    curves: dict[str, list[MarkoutPoint]] = {}
    for name, sign in (("buy", 1), ("sell", -1)):
        mine = fills["side"] == sign
        if not mine.any():
            curves[name] = []
            continue
        px = fills["px"][mine].astype(np.float64)
        notional = px * fills["qty"][mine]
        blocks = block_ids(fills["ts_recv"][mine])
        # A horizon at a time: months have half a million fills.
        sums = [_moved(column[mine], sign, px, notional, blocks) for column in columns]
        tops, bottoms = (np.stack([one[at] for one in sums], 1) for at in (0, 1))
        curves[name] = [
            MarkoutPoint(
                horizon_s=horizons[j],
                mean=float(tops[:, j].sum() / bottoms[:, j].sum()),
                low=None if interval is None else interval.low,
                high=None if interval is None else interval.high,
                fills=sums[j][2],
            )
            for j, interval in enumerate(ratio_intervals(tops, bottoms, rng))
            if bottoms[:, j].sum() > 0
        ]
    return curves


def _moved(later: I64, sign: int, px: F64, notional: F64, blocks: I64) -> tuple[F64, F64, int]:
    """Return sums by block of the moves in bps times notional and of notional, and how many fills."""
    weight = np.where(later != UNRESOLVED, notional, 0.0)
    bps = sign * (later / 2.0 - px) / px * 1e4
    known = int((weight > 0).sum())
    return block_sums(bps * weight, blocks), block_sums(weight, blocks), known


def _trips(fills: Columns, scale: _Scale) -> Trips:
    """Return round trips: fills that reduced the position, and stretches until it was closed."""
    signed = fills["side"].astype(np.int64) * fills["qty"]
    after = np.cumsum(signed)
    before = after - signed
    closing = int(((before != 0) & (np.sign(before) != np.sign(signed))).sum())
    ends = np.flatnonzero((before != 0) & (np.sign(before) != np.sign(after)))
    unit = scale.cash_per_unit
    cash = np.cumsum(-signed * fills["px"] * unit - fills["fee"])
    worth = cash + after * fills["px"] * unit  # what turned round at the end is marked at its price
    earned = np.diff(worth[ends], prepend=0)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(ends)]
    minutes = (fills["ts_recv"][ends] - fills["ts_recv"][starts]) / (60 * SECOND_NS)
    return Trips(
        closing_fills=closing,
        episodes=len(ends),
        episode_wins=int((earned > 0).sum()),
        median_minutes=float(np.median(minutes)) if len(ends) else None,
    )


def _days(symbols: Sequence[SymbolFigures], curve: Curve) -> list[Day]:
    """Return one row a UTC day; a row on midnight belongs to the day that it ends."""
    if not len(curve.ts):
        return []
    first, last = int(curve.ts[0]) // DAY_NS, (int(curve.ts[-1]) - 1) // DAY_NS
    return [_day(number * DAY_NS, symbols, curve) for number in range(first, max(last, first) + 1)]


def _day(start: int, symbols: Sequence[SymbolFigures], curve: Curve) -> Day:
    """Return the row of the day that starts at a time."""
    end = start + DAY_NS
    low, high = np.searchsorted(curve.ts, [start, end], side="right")
    net = curve.net
    path = np.concatenate([[net[low - 1] if low else 0.0], net[low:high]])
    exposure = np.abs(curve.exposure[low:high])
    return Day(
        day=day_of(start).isoformat(),
        parts=_sum([_day_parts(figures, start, end) for figures in symbols]),
        drawdown_usd=float((np.maximum.accumulate(path) - path).max()),
        exposure_max_usd=float(exposure.max()) if len(exposure) else 0.0,
    )


def _day_parts(figures: SymbolFigures, start: int, end: int) -> Parts:
    """Return the parts of one symbol between two times, as differences of the running sums."""
    curve = figures.curve
    low, high = np.searchsorted(curve.ts, [start, end], side="right")

    def gained(sums: F64) -> float:
        return float((sums[high - 1] if high else 0.0) - (sums[low - 1] if low else 0.0))

    inside = (figures.fill_ts > start) & (figures.fill_ts <= end)
    return Parts(
        capture_usd=gained(curve.capture),
        inventory_usd=gained(curve.inventory),
        fees_usd=gained(curve.fees),
        funding_usd=gained(curve.funding),
        volume_usd=float((figures.fill_price * figures.fill_size)[inside].sum()),
        fills=int(inside.sum()),
    )


def _net_interval(curve: Curve, rng: np.random.Generator) -> Interval | None:
    """Return the interval of the net result, by resampling blocks of ten minutes."""
    steps = np.diff(curve.net, prepend=0.0)
    return total_interval(steps, block_ids(curve.ts), rng)


def _indices(summary: Mapping[str, Any]) -> range:
    """Return the places of the symbols."""
    return range(len(summary["symbols"]))
