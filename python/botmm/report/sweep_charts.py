"""Sweep charts — net results over axes, against drawdown and by day, as plain plotly trees."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

import numpy as np

from botmm.report.charts import BLUE, GREEN, GREY, RED, Chart, base_layout, value_axis
from botmm.report.formats import ratio, usd
from botmm.report.sweep_sheet import Axis, Row, label, median
from botmm.units import DAY_NS

# Pale to strong, so that the strongest colour is the largest gain or the largest loss; none so
# dark that figures on it cannot be read.
GAINS, LOSSES = ["#eaf7f1", "#4fc49a"], ["#e77d86", "#fceff0"]
BOTH = ["#e77d86", "#f8fafc", "#4fc49a"]
INK = "#0f172a"
CELL_TEXTS_MAX = 14  # columns of a heat map with figures in its cells


def over_axes(order: Sequence[Row], found: Sequence[Axis]) -> dict[str, Chart]:
    """Return the net result over one axis, over two as a map, or over each of more, by chart id."""
    if len(found) == 1:
        return {"axis": line(order, found[0])}
    if len(found) == 2:
        across, up = sorted(found, key=lambda axis: -len(axis.labels))
        return {"map": heat_map(order, across, up)}
    return {f"axis-{at}": marginal(order, axis) for at, axis in enumerate(found)}


def line(order: Sequence[Row], axis: Axis) -> Chart:
    """Return the result over one axis, before and after fees, a dot a set."""
    chart = _chart(360)
    place = {text: at for at, text in enumerate(axis.labels)}
    rows = sorted(order, key=lambda row: place[label(row, axis.name)])
    x = [row[axis.name] if axis.numeric else _text(label(row, axis.name)) for row in rows]
    joined = axis.numeric and len(rows) == len(axis.labels)
    for name, column, color, width in (
        ("Before fees and funding", "gross_usd", GREY, 1.2),
        ("Net", "net_usd", BLUE, 2.0),
    ):
        chart["data"].append(
            {
                "type": "scatter",
                "mode": "lines+markers" if joined else "markers",
                "name": name,
                "x": x,
                "y": [_usd(row[column]) for row in rows],
                "text": [usd(row[column], signed=True) for row in rows],
                "line": {"color": color, "width": width},
                "marker": {"color": color, "size": 7},
                "hovertemplate": f"{name} %{{text}}<extra></extra>",
            }
        )
    kind = {"type": "linear", "gridcolor": "#e8edf3"} if axis.numeric else _category(axis)
    chart["layout"]["xaxis"] = {"title": {"text": axis.name}, "zeroline": False} | kind
    chart["layout"]["yaxis"] = _zeroed("USD")
    return chart


def heat_map(order: Sequence[Row], across: Axis, up: Axis) -> Chart:
    """Return the net result at each pair of values; red loses; the mean where sets share a pair."""
    cells: dict[tuple[str, str], list[float]] = {}
    for row in order:
        at = label(row, up.name), label(row, across.name)
        cells.setdefault(at, []).append(row["net_usd"])
    means = [[_mean(cells.get((one, other))) for other in across.labels] for one in up.labels]
    known = [value for values in means for value in values if value is not None]
    texts = [["" if v is None else usd(v, signed=True) for v in values] for values in means]
    chart = _chart(min(max(150 + 44 * len(up.labels), 260), 720))
    told = len(across.labels) <= CELL_TEXTS_MAX
    trace: Chart = {
        "type": "heatmap",
        "x": [_text(text) for text in across.labels],
        "y": [_text(text) for text in up.labels],
        "z": means,
        "text": texts,
        "xgap": 2 if told else 0,
        "ygap": 2 if told else 0,
        "hoverongaps": False,
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "tickformat": ",",
            "title": {"text": "USD"},
        },
        "hovertemplate": f"{across.name} %{{x}}<br>{up.name} %{{y}}<br>net %{{text}}<extra></extra>",
        **_colors(known),
    }
    if told:
        trace |= {"texttemplate": "%{text}", "textfont": {"color": INK}}
    chart["data"].append(trace)
    chart["layout"]["margin"]["t"] = 12
    chart["layout"]["hovermode"] = "closest"
    for name, axis in (("xaxis", across), ("yaxis", up)):
        title = {"text": axis.name, "standoff": 12}
        chart["layout"][name] = _category(axis) | {"title": title}
    return chart


def _colors(known: Sequence[float]) -> dict[str, Any]:
    """Return a scale on which red is a loss and green a gain, whatever the others are."""
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = LOSSES if high <= 0 else GAINS if low >= 0 else BOTH
    if scale is BOTH:
        low, high = -max(-low, high), max(-low, high)
    steps = [[at / (len(scale) - 1), color] for at, color in enumerate(scale)]
    return {"colorscale": steps, "zmin": low, "zmax": high}


def marginal(order: Sequence[Row], axis: Axis) -> Chart:
    """Return the spread of the net results at each value of an axis, over all other values."""
    chart = _chart(300)
    groups = [
        [row["net_usd"] for row in order if label(row, axis.name) == text] for text in axis.labels
    ]
    filled = [(text, values) for text, values in zip(axis.labels, groups, strict=True) if values]
    quarters = [np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)) for _, values in filled]
    places = ("lowerfence", "q1", "median", "q3", "upperfence")
    chart["data"].append(
        {
            "type": "box",
            "x": [_text(text) for text, _ in filled],
            **{
                place: [_usd(float(quarter[at])) for quarter in quarters]
                for at, place in enumerate(places)
            },
            "mean": [_mean(values) for _, values in filled],
            "boxmean": True,
            "line": {"color": BLUE, "width": 1.4},
            "fillcolor": BLUE + "22",
            "showlegend": False,
        }
    )
    chart["layout"]["hovermode"] = "closest"
    chart["layout"]["margin"] |= {"t": 12, "b": 28}
    chart["layout"]["xaxis"] = _category(axis)
    chart["layout"]["yaxis"] = _zeroed("Net, USD") | {"hoverformat": ",.2f"}
    return chart


def against_drawdown(order: Sequence[Row], names: Sequence[str]) -> Chart:
    """Return net result over drawdown, a dot a set; what lies under the pointer is named."""
    chart = _chart(380)
    for name, color, rows in (
        ("Earns", GREEN, [row for row in order if row["net_usd"] > 0]),
        ("Does not earn", RED, [row for row in order if row["net_usd"] <= 0]),
    ):
        if rows:
            chart["data"].append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": [_usd(row["drawdown_usd"]) for row in rows],
                    "y": [_usd(row["net_usd"]) for row in rows],
                    "text": [_told(row, names) for row in rows],
                    "marker": {"color": color, "size": 8, "opacity": 0.7},
                    "cliponaxis": False,
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    chart["layout"]["hovermode"] = "closest"
    chart["layout"]["showlegend"] = True
    chart["layout"]["xaxis"] = _zeroed("Deepest drawdown, USD") | {"rangemode": "tozero"}
    chart["layout"]["yaxis"] = _zeroed("Net, USD")
    return chart


def _told(row: Row, names: Sequence[str]) -> str:
    """Return a set for the label under the pointer."""
    lines = [f"<b>set {row['set']}</b>", *(f"{name} {label(row, name)}" for name in names)]
    lines[1:] = [_text(one) for one in lines[1:]]
    lines.append(f"net {usd(row['net_usd'], signed=True)}, drawdown {usd(row['drawdown_usd'])}")
    lines.append(f"{row['fills']:,} fills, Sharpe {ratio(row['sharpe'])}")
    return "<br>".join(lines)


def by_day(order: Sequence[Row], until: int) -> Chart | None:
    """Return the net result summed over days of best, median and worst; None of a single day.

    Args:
        order: the sets, best first.
        until: end of the range, Unix nanoseconds; what is booked at its end is of its last day.
    """
    chosen = {"Best": order[0], "Median": median(order), "Worst": order[-1]} if order else {}
    sums = {name: _sums(row["days"], (until - 1) // DAY_NS) for name, row in chosen.items()}
    if max(map(len, sums.values()), default=0) < 2:
        return None
    chart, drawn = _chart(340), set()
    for (name, row), color in zip(chosen.items(), (BLUE, GREY, RED), strict=True):
        if row["set"] in drawn:
            continue
        drawn.add(row["set"])
        own = sums[name]
        chart["data"].append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{name}, set {row['set']}",
                "x": [(_EPOCH + timedelta(days=day)).isoformat() for day in own],
                "y": [_usd(value) for value in own.values()],
                "text": [usd(value, signed=True) for value in own.values()],
                "line": {"color": color, "width": 2},
                "hovertemplate": f"{name.lower()} %{{text}}<extra></extra>",
            }
        )
    ticks = {"dtick": 86_400_000} if len(sums["Best"]) <= 10 else {}
    chart["layout"]["xaxis"] = {
        "type": "date",
        "hoverformat": "%d %b",
        "tickformat": "%d %b",
    } | ticks
    chart["layout"]["yaxis"] = _zeroed("Net since the start, USD")
    return chart


def _sums(days: Sequence[tuple[int, float]], last: int) -> dict[int, float]:
    """Return the net result at the end of each day, by the number of the day."""
    totals = accumulate(net for _, net in days)
    return {min(day, last): total for (day, _), total in zip(days, totals, strict=True)}


_EPOCH = date(1970, 1, 1)


def _chart(height: int) -> Chart:
    """Return an empty chart."""
    return {"data": [], "layout": base_layout(height)}


def _zeroed(title: str) -> dict[str, Any]:
    """Return an axis of dollars with a line at zero."""
    zero = {"zeroline": True, "zerolinecolor": GREY, "zerolinewidth": 1}
    return value_axis(title) | zero


def _category(axis: Axis) -> dict[str, Any]:
    """Return what keeps the values of an axis apart and in order, numbers or words."""
    values = [_text(text) for text in axis.labels]
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": values,
        "automargin": True,
        "fixedrange": True,
    }


def _mean(values: Sequence[float] | None) -> float | None:
    """Return a mean in dollars; None of nothing."""
    return None if not values else _usd(float(np.mean(values)))


def _usd(value: float) -> float:
    """Return dollars to the hundredth of a cent, never a negative zero."""
    return round(value, 4) + 0.0


def _text(text: str) -> str:
    """Return a text that plotly takes for no markup."""
    return html.escape(text, quote=False)
