"""Sheet — what a report says, in words and rows, the same on the terminal and in the HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from botmm.report.analysis import TIERS, VOLUME_SHARE_MAX, Figures, Parts, SymbolFigures
from botmm.report.formats import bps, count, duration, percent, ratio, usd
from botmm.units import time_text

# Actions of an address on Hyperliquid before its first trade; each dollar traded adds one.
ADDRESS_BUDGET = 10_000
WAITS_SHARE_MAX = 0.1  # of the orders sent: more refused wishes than that thin out the ladder
CROSSED_SHARE_MAX = 0.01  # of the samples of a sound recording, by far fewer
FEW_FILLS = 100
GAP_CAUSES = {1: "recorder hole", 2: "sequence break", 3: "reconnect", 4: "hole between files"}

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The run, or the same run under another assumption."""

    kind: str
    label: str
    net_usd: float
    volume_usd: float
    fills: int
    main: bool = False

    @property
    def net_bps(self) -> float | None:
        """Return the result in bps of its own volume."""
        return self.net_usd / self.volume_usd * 1e4 if self.volume_usd > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A report before it is drawn."""

    figures: Figures
    venue: str
    since: int
    until: int
    partial: bool
    synthetic: bool
    trials: Sequence[Trial]
    assumptions: Rows
    breakers: Sequence[tuple[str, str, str, str]]
    quality: Mapping[str, Mapping[str, int]]
    fees: tuple[float, float]
    config: Mapping[str, Any]
    versions: Mapping[str, str]

    @property
    def symbols(self) -> str:
        """Return the symbols as one text."""
        return ", ".join(figures.symbol for figures in self.figures.symbols)

    @property
    def range(self) -> str:
        """Return the range of the data, UTC."""
        return f"{time_text(self.since)[:16]} – {time_text(self.until)[:16]} UTC"


def answer(sheet: Sheet) -> str:
    """Return the result in one plain sentence; a loss is called a loss."""
    parts, interval = sheet.figures.parts, sheet.figures.net_interval
    if parts.fills == 0:
        return "The maker had no fills, so it neither earned nor lost."
    verb = "earned" if parts.net_usd > 0 else "lost"
    text = (
        f"The maker {verb} {usd(abs(parts.net_usd))} on "
        f"{usd(parts.volume_usd, whole=True)} traded "
        f"({bps(parts.bps(parts.net_usd))})"
    )
    if interval is None:
        return f"{text}; the data is too short for an interval."
    text += f", 95 % interval {usd(interval.low, signed=True)} to {usd(interval.high, signed=True)}"
    if not interval.excludes_zero():
        return f"{text}, which includes zero: profit and loss cannot be told apart."
    return f"{text}."


def reason(parts: Parts) -> str:
    """Return what made and what cost the money, in bps of volume."""
    if parts.fills == 0:
        return ""
    moved = "gave" if parts.inventory_usd >= 0 else "cost"
    paid = "fees took" if parts.fees_usd >= 0 else "rebates gave"
    return (
        f"Fills captured {bps(parts.bps(parts.capture_usd))} against the mid, price moves on the "
        f"inventory {moved} {bps(parts.bps(abs(parts.inventory_usd)), signed=False)}, "
        f"{paid} {bps(parts.bps(abs(parts.fees_usd)), signed=False)}."
    )


def warnings(sheet: Sheet) -> list[str]:
    """Return what a reader must know before believing the figures."""
    found = []
    if sheet.partial:
        found.append("Stopped before the end of the range: everything here is of the part played.")
    if sheet.synthetic:
        found.append("The market is synthetic: it says that the program works, nothing of profit.")
    if sheet.figures.residual:
        found.append(
            f"The parts do not add up to the change of the account: {sheet.figures.residual} half "
            "cash units are unexplained. This is a defect of the program; do not use the figures."
        )
    if 0 < sheet.figures.parts.fills < FEW_FILLS:
        found.append(
            f"Only {plural(sheet.figures.parts.fills, 'fill')}: chance decides the result."
        )
    if sheet.breakers:
        found.append(f"Risk breakers changed state {plural(len(sheet.breakers), 'time')}.")
    for figures in sheet.figures.symbols:
        found += _symbol_warnings(figures, float(sheet.config["replay.max_gap_s"]))
    return found


def _symbol_warnings(figures: SymbolFigures, max_gap_s: float) -> list[str]:
    """Return the warnings of one symbol."""
    name, row, found = figures.symbol, figures.summary, []
    if figures.volume_share is not None and figures.volume_share > VOLUME_SHARE_MAX:
        found.append(
            f"{name}: own fills are {percent(figures.volume_share)} of the traded volume, above "
            f"{percent(VOLUME_SHARE_MAX, 0)}: a real market would have reacted."
        )
    if figures.parts.fills == 0 and row["refusals"]:
        refused = _refusals(row["refusals"])
        found.append(f"{name}: no fills; its own risk limits refused orders: {refused}.")
    waits = int(row["refusals"].get("position", 0))
    if 0 < WAITS_SHARE_MAX * int(row["orders"]) < waits:
        found.append(
            f"{name}: {count(waits)} wishes for an order, repeated as things changed, had no room within "
            "max_position_usd. An order being cancelled may still fill and counts until the venue "
            "confirms, so outer levels are replaced later than inner ones. Twice what a side quotes "
            "gives room for all at once, and risks that much."
        )
    silences = [(end - start) * 1e-9 for start, end, _ in figures.gaps]
    bridged = [length for length in silences if length > max_gap_s]
    if bridged:
        gaps = plural(len(bridged), "gap")
        found.append(f"{name}: bridged {gaps} in the recording, {duration(sum(bridged))} in all.")
    spread = figures.spread_bps[np.isfinite(figures.spread_bps)]
    crossed = float(np.mean(spread <= 0.0)) if len(spread) else 0.0
    if crossed > CROSSED_SHARE_MAX:
        found.append(
            f"{name}: the venue's book stood crossed or locked {percent(crossed)} of the time: the "
            "recording is damaged or badly merged, and its fills are not to be believed."
        )
    budget = ADDRESS_BUDGET + figures.parts.volume_usd
    actions = int(row["orders"]) + int(row["cancels"])
    if row["venue"] == "hyperliquid" and actions > budget:
        found.append(
            f"{name}: {count(actions)} orders and cancels; the venue allows a new account "
            f"{count(round(budget))} (10,000 and one a dollar traded). A larger move before "
            "requoting (requote_steps) sends fewer."
        )
    if row["not_ready"]:
        found.append(f"{name}: never ready: {', '.join(map(str, row['not_ready']))}.")
    return found


def plural(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def tier_text(tiers: Sequence[str]) -> str:
    """Return the data tiers with their meaning."""
    return "; ".join(f"{tier} ({TIERS.get(tier, 'unknown')})" for tier in tiers)


def parts_rows(parts: Parts) -> list[tuple[str, float, float | None]]:
    """Return the parts of the result: name, dollars, bps of volume."""
    rows = [
        ("Spread captured", parts.capture_usd),
        ("Inventory moves", parts.inventory_usd),
        ("Fees", -parts.fees_usd),
        ("Funding", parts.funding_usd),
        ("Net", parts.net_usd),
    ]
    return [(name, value, parts.bps(value)) for name, value in rows]


def order_rows(figures: SymbolFigures) -> Rows:
    """Return how the orders of one symbol fared."""
    row, fills = figures.summary, figures.parts.fills
    orders = int(row["orders"])
    return [
        ("Orders sent", count(orders)),
        ("Fills", count(fills)),
        ("Cancels", count(row["cancels"])),
        (
            "Post-only refusals",
            f"{count(row['rejects'])} ({percent(_share(row['rejects'], orders))})",
        ),
        ("Refused by own risk limits", _refusals(row["refusals"])),
        ("Placed where the book was not visible", percent(_share(row["unseen_arrivals"], orders))),
        ("Orders per fill", ratio(orders / fills if fills else None)),
        ("Median life of an order", duration(figures.order_life_median_s)),
        ("Median queue ahead on arrival", usd(figures.ahead_median_usd)),
        ("Fills by price going through", percent(figures.through_share)),
        ("Fills by a crossed book", percent(figures.crossed_share)),
        ("Own share of traded volume", percent(figures.volume_share, 2)),
    ]


def _refusals(counts: Mapping[str, int]) -> str:
    """Return what the risk gate refused, by limit."""
    texts = [f"{name.replace('_', ' ')} {number:,}" for name, number in sorted(counts.items())]
    return ", ".join(texts) or "none"


def trip_rows(figures: SymbolFigures) -> Rows:
    """Return the round trips of one symbol."""
    trips = figures.trips
    scale = int(figures.summary["size_decimals"])
    position = int(figures.summary["position"]) / 10**scale
    return [
        ("Round trips (closing fills)", count(trips.closing_fills)),
        ("Stretches until closed", count(trips.episodes)),
        ("Of these profitable, after fees", percent(_share(trips.episode_wins, trips.episodes))),
        (
            "Median length of a stretch",
            duration(None if (m := trips.median_minutes) is None else m * 60),
        ),
        ("Position at the end", f"{position:,.{scale}f}".replace("-", "−") + f" {figures.symbol}"),
    ]


def gap_rows(figures: SymbolFigures) -> list[tuple[str, str, str]]:
    """Return the gaps of one symbol: start, length, cause."""
    return [
        (time_text(start), duration((end - start) * 1e-9), GAP_CAUSES.get(cause, str(cause)))
        for start, end, cause in figures.gaps
    ]


def _share(part: int, whole: int) -> float | None:
    """Return a share; None of nothing."""
    return part / whole if whole else None
