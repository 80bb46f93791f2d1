"""Versus page — live against replay as one self-contained HTML file, and in words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from botmm.report import charts, formats, page
from botmm.report.charts import AMBER, BLUE, GREY, Chart
from botmm.report.page import card
from botmm.report.versus import CAUSES, Comparison, Pair
from botmm.units import time_text, to_text

LONE_SHOWN = 60
FEW_FILLS = 30
MICRO2 = 2e6
PARTS: Mapping[str, tuple[str, str]] = {
    "price": ("Price", "The same fill at another price."),
    "size": ("Size", "The same fill with another size; the rest of it at the last mid."),
    "fees": ("Fees", "Of fills that both have: the venue's rates and sizes against replay's."),
    **{str(name): words for name, words in CAUSES.items()},
    "funding": ("Funding", "What the venue paid and took, less what replay booked."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A symbol's name and scales."""

    name: str
    px_decimals: int
    size_decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersusSheet:
    """What the page is made of; times in ns, money as in `Comparison`."""

    title: str
    first: int
    last: int
    runs: int
    markets: Sequence[Market]
    found: Comparison
    curve: Sequence[tuple[int, float, float]]
    latency: Sequence[tuple[int, int, int]]
    notes: Sequence[str]
    assumptions: Sequence[tuple[str, str]]
    volume_usd: float
    """Traded live."""


def usd(half_micro: int) -> float:
    """Return half micro-dollars as dollars."""
    return half_micro / MICRO2


def shares(found: Comparison) -> dict[str, int]:
    """Return how many executions each side has, and how many both have."""
    both = sum(pair.live is not None and pair.replay is not None for pair in found.pairs)
    return {
        "live": sum(pair.live is not None for pair in found.pairs),
        "replay": sum(pair.replay is not None for pair in found.pairs),
        "both": both,
        "same": found.count("same"),
        "only_live": found.count("live"),
        "only_replay": found.count("replay"),
    }


def answer(sheet: VersusSheet) -> str:
    """Return the result in one sentence."""
    found, have = sheet.found, shares(sheet.found)
    gap = usd(found.gap2)
    if not have["live"] and not have["replay"]:
        return "Neither live nor replay traded: there is nothing to compare."
    way = "more" if gap > 0 else "less"
    bps = (
        f" ({formats.bps(gap / sheet.volume_usd * 1e4)} of its volume)" if sheet.volume_usd else ""
    )
    return (
        f"Live earned {formats.usd(abs(gap))} {way} than its replay{bps}; "
        f"replay has {have['both']} of live's {have['live']} fills."
    )


def warnings(sheet: VersusSheet) -> list[str]:
    """Return what keeps the comparison from saying much."""
    have = shares(sheet.found)
    found = list(sheet.notes)
    if have["live"] < FEW_FILLS:
        found.insert(0, f"{have['live']} fills are few: a single one can turn the gap around.")
    return found


def part_rows(found: Comparison) -> list[dict[str, Any]]:
    """Return the parts of the gap with the fills behind each, those without either left out."""
    rows = []
    for name, (title, meaning) in PARTS.items():
        counts = [
            sum(pair.sort == side and pair.cause == name for pair in found.pairs)
            for side in ("live", "replay")
        ]
        value = found.parts.get(name, 0)
        if value or any(counts) or name in ("price", "fees", "queue", "latency"):
            rows.append(
                {
                    "name": name,
                    "title": title,
                    "meaning": meaning,
                    "usd": usd(value),
                    "only_live": counts[0],
                    "only_replay": counts[1],
                }
            )
    return rows


def latency_rows(rows: Sequence[tuple[int, int, int]]) -> list[tuple[str, float, float, float]]:
    """Return the middle and the tail of both ways, in ms."""
    table = np.asarray([row for row in rows if row[1]], dtype=np.int64).reshape(-1, 3)
    if not len(table):
        return []
    ways = (
        ("Decision to venue", table[:, 1] - table[:, 0]),
        ("Venue to first news", table[:, 2] - table[:, 1]),
    )
    found = []
    for name, values in ways:
        p50, p90, p99 = np.percentile(values / 1e6, [50, 90, 99])
        found.append((name, float(p50), float(p90), float(p99)))
    return found


def render(sheet: VersusSheet) -> str:
    """Return the HTML of the page, the same for the same sheet."""
    found = sheet.found
    lone = [pair for pair in found.pairs if pair.sort != "same"]
    return page.render(
        "versus.html",
        _charts(sheet),
        sheet=sheet,
        have=shares(found),
        cards=_cards(sheet),
        answer=answer(sheet),
        tone="good" if abs(usd(found.gap2)) <= 0.0001 * sheet.volume_usd else "",
        warnings=warnings(sheet),
        parts=part_rows(found),
        gap=usd(found.gap2),
        latency=latency_rows(sheet.latency),
        lone=[_lone(pair, sheet.markets) for pair in lone[:LONE_SHOWN]],
        lone_more=len(lone[LONE_SHOWN:]),
        length=formats.duration((sheet.last - sheet.first) / 1e9),
        range=f"{time_text(sheet.first)} to {time_text(sheet.last)} UTC",
    )


def _cards(sheet: VersusSheet) -> list[dict[str, str]]:
    found, have = sheet.found, shares(sheet.found)
    live, replay = usd(found.live2), usd(found.replay2)
    share = formats.percent(have["both"] / have["live"]) if have["live"] else formats.NONE
    return [
        card("Live, net", formats.usd(live, signed=True), f"{have['live']} fills", live),
        card("Replay, net", formats.usd(replay, signed=True), f"{have['replay']} fills", replay),
        card("Gap, live less replay", formats.usd(live - replay, signed=True), _gap_note(sheet)),
        card("Of live's fills in replay", share, f"{have['same']} alike in price and size"),
        card("Only live", formats.count(have["only_live"]), "fills that replay does not have"),
        card("Only replay", formats.count(have["only_replay"]), "fills that live did not get"),
    ]


def _gap_note(sheet: VersusSheet) -> str:
    if not sheet.volume_usd:
        return "nothing was traded live"
    return f"{formats.bps(usd(sheet.found.gap2) / sheet.volume_usd * 1e4)} of live's volume"


def _lone(pair: Pair, markets: Sequence[Market]) -> dict[str, str]:
    """Return a row of the table of fills that are not alike."""
    one, market = pair.one, markets[pair.one.symbol]

    def text(side: str) -> str:
        """Return size and price of a side."""
        fill = pair.live if side == "live" else pair.replay
        if fill is None:
            return formats.NONE
        size = to_text(fill.size, market.size_decimals)
        return f"{size} at {to_text(fill.px, market.px_decimals)}"

    why = CAUSES[pair.cause][0] if pair.cause is not None else f"other {pair.sort}"
    apart = ""
    if pair.live is not None and pair.replay is not None:
        apart = f"{(pair.replay.ts - pair.live.ts) / 1e9:+.2f} s".replace("-", "−")
    return {
        "time": time_text(one.ts),
        "symbol": market.name,
        "side": "buy" if one.side > 0 else "sell",
        "live": text("live"),
        "replay": text("replay"),
        "apart": apart,
        "why": why,
    }


def _charts(sheet: VersusSheet) -> dict[str, Chart]:
    drawn = {"parts": _parts_chart(sheet.found)}
    if sheet.curve:
        drawn["curve"] = _curve_chart(sheet.curve)
    return drawn


def _curve_chart(curve: Sequence[tuple[int, float, float]]) -> Chart:
    """Return what both had earned over time, and the gap under them."""
    ts = np.asarray([row[0] for row in curve], dtype=np.int64)
    live, replay = (np.asarray([row[i] for row in curve]) for i in (1, 2))
    chart = charts.stacked([0.65, 0.35], ["Result after fees, USD", "Gap, USD"], height=420)
    charts.line(chart, ts, live, "Live", BLUE, width=2.0)
    charts.line(chart, ts, replay, "Replay", AMBER, width=1.6)
    charts.line(chart, ts, live - replay, "Gap", GREY, row=2, fill="tozeroy")
    return chart


def _parts_chart(found: Comparison) -> Chart:
    """Return the parts of the gap, one after the other."""
    rows = part_rows(found)
    names, values = [row["title"] for row in rows], [row["usd"] for row in rows]
    return charts.fall([*names, "Gap"], [*values, usd(found.gap2)])
