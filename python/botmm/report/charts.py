"""Charts — figures of the tear sheet as plain plotly trees, thinned so that the file stays small."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from botmm.report.analysis import Curve, Figures, MarkoutPoint, SymbolFigures
from botmm.report.sheet import parts_rows

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Chart = dict[str, Any]

POINTS = 1500
FILLS_SHOWN = 3000
BLUE, GREY, RED, GREEN, AMBER = "#2456d6", "#94a3b8", "#d64550", "#0e9f6e", "#d97706"
FONT = {
    "family": "system-ui, -apple-system, 'Segoe UI', sans-serif",
    "size": 12,
    "color": "#334155",
}
GRID = "#e8edf3"


def thin(ts: I64, values: F64) -> tuple[I64, F64]:
    """Return at most about POINTS rows that keep each stretch's extremes and the two ends."""
    if len(ts) <= POINTS:
        return ts, values
    edges = np.linspace(0, len(ts), POINTS // 2 + 1).astype(np.int64)
    filled = np.nan_to_num(values)
    keep = {0, len(ts) - 1}
    for low, high in pairwise(edges):
        stretch = filled[low:high]
        keep.update((int(low + stretch.argmin()), int(low + stretch.argmax())))
    at = np.array(sorted(keep))
    return ts[at], values[at]


def medians(ts: I64, values: F64) -> tuple[I64, F64]:
    """Return the median of each stretch, for series whose single values are noise."""
    known = np.isfinite(values)
    ts, values = ts[known], values[known]
    if len(ts) <= POINTS // 3:
        return ts, values
    edges = np.linspace(0, len(ts), POINTS // 3 + 1).astype(np.int64)
    middles = [np.median(values[low:high]) for low, high in pairwise(edges)]
    return ts[edges[:-1]], np.array(middles)


def equity(curve: Curve, silences: Sequence[tuple[int, int]] = ()) -> Chart:
    """Return the net and gross result, and the drawdown under them; silences are cut out."""
    chart = stacked([0.70, 0.30], ["Result, USD", "Drawdown, USD"], height=440)
    line(chart, curve.ts, curve.gross, "Before fees and funding", GREY, width=1.2)
    line(chart, curve.ts, curve.net, "Net", BLUE, width=2.0)
    line(chart, curve.ts, curve.drawdown, "Drawdown", RED, row=2, fill="tozeroy")
    _cut(chart, curve.ts, silences)
    return chart


def market(figures: SymbolFigures) -> Chart:
    """Return price with own fills, inventory and spreads of one symbol, on one time axis."""
    titles = ["Price, USD", "Inventory, USD", "Full spread, bps"]
    chart = stacked([0.52, 0.22, 0.26], titles, height=680)
    line(chart, figures.curve.ts, figures.mid, "Mid", GREY, width=1.2, unit="")
    step = max(1, -(-len(figures.fill_ts) // FILLS_SHOWN))
    size = 8 if len(figures.fill_ts) < 300 else 5
    for side, name, color, symbol in (
        (1, "Buys", GREEN, "triangle-up"),
        (-1, "Sells", RED, "triangle-down"),
    ):
        at = np.flatnonzero(figures.fill_side == side)[::step]
        sizes = figures.fill_size[at]
        chart["data"].append(
            {
                "type": "scatter",  # the faster kind knows no axis with pieces cut out
                "mode": "markers",
                "name": name if step == 1 else f"{name} (every {step}th shown)",
                "x": _ms(figures.fill_ts[at]),
                "y": _rounded(figures.fill_price[at], 8),
                "customdata": _rounded(sizes, 8),
                "marker": {"symbol": symbol, "size": size, "color": color, "opacity": 0.7},
                "hovertemplate": f"{name[:-1].lower()} %{{customdata}} at %{{y:,}}<extra></extra>",
            }
        )
    line(chart, figures.curve.ts, figures.curve.exposure, "Inventory", BLUE, row=2, fill="tozeroy")
    for values, name, color in (
        (figures.spread_bps, "Market spread", GREY),
        (figures.own_spread_bps, "Own spread", BLUE),
    ):
        ts, thinned = medians(figures.curve.ts, values)
        line(chart, ts, thinned, name, color, row=3, unit=" bps")
    chart["layout"]["yaxis3"]["rangemode"] = "tozero"
    _cut(chart, figures.curve.ts, [(start, end) for start, end, _ in figures.gaps])
    return chart


def waterfall(figures: Figures) -> Chart:
    """Return the parts of the net result, one after the other."""
    values = [value for _, value, _ in parts_rows(figures.parts)]
    return fall(["Captured", "Inventory", "Fees", "Funding", "Net"], values)


def fall(names: Sequence[str], values: Sequence[float]) -> Chart:
    """Return parts in USD, one after the other, and their sum as the last bar."""
    chart: Chart = {"data": [], "layout": base_layout(300)}
    chart["layout"]["showlegend"] = False
    chart["layout"]["yaxis"] = value_axis(title="USD")
    chart["layout"]["xaxis"] = {"type": "category", "fixedrange": True, "tickangle": 0}
    chart["data"].append(
        {
            "type": "waterfall",
            "x": list(names),
            "y": [round(value, 4) for value in values],
            "measure": ["relative"] * (len(values) - 1) + ["total"],
            "text": [f"{value:+,.2f}".replace("-", "−") for value in values],
            "textposition": "outside",
            "cliponaxis": False,
            "connector": {"line": {"color": GREY, "width": 1, "dash": "dot"}},
            "increasing": {"marker": {"color": GREEN}},
            "decreasing": {"marker": {"color": RED}},
            "totals": {"marker": {"color": BLUE}},
            "hovertemplate": "%{x}: %{text} USD<extra></extra>",
        }
    )
    return chart


def markouts(figures: SymbolFigures, fee_bps: float) -> Chart:
    """Return the markout curve of each side with its interval, and the fee it has to beat."""
    chart: Chart = {"data": [], "layout": base_layout(340)}
    labels = [_horizon(h) for h in (0.0, 0.1, 1.0, 5.0, 30.0, 60.0, 300.0)]
    chart["layout"]["xaxis"] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": labels,
        "title": {"text": "Time after the fill"},
        "fixedrange": True,
    }
    chart["layout"]["yaxis"] = value_axis(title="bps of price, positive is ours") | {
        "zeroline": True
    }
    for name, color, band in (
        ("buy", GREEN, "rgba(14,159,110,.14)"),
        ("sell", RED, "rgba(214,69,80,.14)"),
    ):
        points = figures.markouts[name]
        if points:
            chart["data"] += _markout_traces(points, f"After {name}s", color, band)
    fee_line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": fee_bps, "y1": fee_bps}
    chart["layout"]["shapes"] = [
        fee_line | {"line": {"color": AMBER, "width": 1.2, "dash": "dash"}}
    ]
    chart["layout"]["annotations"] = [
        {
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            "y": fee_bps,
            "yanchor": "bottom",
            "text": f"maker fee {fee_bps:.2f} bps",
            "showarrow": False,
            "font": {"color": AMBER, "size": 11},
        }
    ]
    return chart


def _markout_traces(points: list[MarkoutPoint], name: str, color: str, band: str) -> list[Chart]:
    """Return the band and the line of one side."""
    x = [_horizon(p.horizon_s) for p in points]
    traces: list[Chart] = []
    if all(p.low is not None for p in points):
        for values, fill in (
            ([p.low for p in points], None),
            ([p.high for p in points], "tonexty"),
        ):
            traces.append(
                {
                    "type": "scatter",
                    "x": x,
                    "y": [round(v, 4) for v in values if v is not None],
                    "mode": "lines",
                    "line": {"width": 0},
                    "fillcolor": band,
                    "fill": fill or "none",
                    "showlegend": False,
                    "hoverinfo": "skip",
                }
            )
    traces.append(
        {
            "type": "scatter",
            "x": x,
            "y": [round(p.mean, 4) for p in points],
            "customdata": [p.fills for p in points],
            "mode": "lines+markers",
            "name": name,
            "line": {"color": color, "width": 2},
            "hovertemplate": "%{y:+.2f} bps after %{x}, %{customdata:,} fills<extra></extra>",
        }
    )
    return traces


def _horizon(seconds: float) -> str:
    """Return a markout horizon as a label."""
    return (
        "at fill" if seconds == 0 else f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"
    )


def stacked(shares: list[float], titles: list[str], height: int) -> Chart:
    """Return an empty chart of panels above each other with one time axis."""
    layout, gap = base_layout(height), 0.06
    room = 1.0 - gap * (len(shares) - 1)
    top = 1.0
    for number, (share, title) in enumerate(zip(shares, titles, strict=True), start=1):
        bottom = top - share * room
        name = "yaxis" if number == 1 else f"yaxis{number}"
        layout[name] = value_axis(title=title) | {
            "domain": [max(round(bottom, 4), 0.0), round(top, 4)]
        }
        top = bottom - gap
    lowest = "y" if len(shares) == 1 else f"y{len(shares)}"
    layout["xaxis"] = {
        "type": "date",
        "anchor": lowest,
        "gridcolor": GRID,
        "hoverformat": "%d %b %H:%M:%S",
    }
    return {"data": [], "layout": layout}


def _cut(chart: Chart, ts: I64, silences: Sequence[tuple[int, int]]) -> None:
    """Leave silences out of the time axis that would take more than a hundredth of it."""
    if len(ts) == 0:
        return
    least = (int(ts[-1]) - int(ts[0])) // 100
    long = sorted((start - end, start) for start, end in silences if end - start > least)
    if not long:
        return
    chart["layout"]["xaxis"]["rangebreaks"] = [
        {"values": [start // 1_000_000], "dvalue": -length // 1_000_000} for length, start in long
    ]
    chart["layout"]["xaxis"]["title"] = {
        "text": "gaps of the recording are left out",
        "standoff": 4,
    }


def line(
    chart: Chart, ts: I64, values: F64, name: str, color: str, *, row: int = 1, **style: Any
) -> None:
    """Add one thinned series to a panel."""
    ts, values = thin(ts, values)
    chart["data"].append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": _ms(ts),
            "y": _rounded(values, 7),
            "yaxis": "y" if row == 1 else f"y{row}",
            "line": {"color": color, "width": style.get("width", 1.4)},
            "fill": style.get("fill", "none"),
            "fillcolor": color + "22",
            "hovertemplate": f"{name} %{{y:,.2f}}{style.get('unit', ' USD')}<extra></extra>",
        }
    )


def base_layout(height: int) -> dict[str, Any]:
    """Return what all charts share."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 18, "t": 34, "b": 44},
        "font": FONT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "x unified",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#b6c2d1", "activecolor": BLUE},
        "hoverlabel": {"bgcolor": "white", "bordercolor": "#cbd5e1", "font": FONT},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
    }


def value_axis(title: str) -> dict[str, Any]:
    """Return a vertical axis."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 11}},
        "gridcolor": GRID,
        "zeroline": False,
        "automargin": True,
        "tickformat": ",",
    }


def _ms(ts: I64) -> list[int]:
    """Return times as plotly reads them: milliseconds since the epoch."""
    return [int(t) for t in np.asarray(ts) // 1_000_000]


def _rounded(values: F64, figures: int) -> list[float | None]:
    """Return numbers with so many significant figures; None where there is none."""
    return [
        float(f"{v:.{figures}g}") if np.isfinite(v) else None for v in np.asarray(values).tolist()
    ]
