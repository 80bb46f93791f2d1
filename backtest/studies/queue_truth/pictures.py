"""Pictures — errors of the queue models as bars, and their fill curves against the true one (SVG)."""

from __future__ import annotations

import numpy as np

from backtest.studies.queue_truth.blocks import Blocks
from backtest.studies.queue_truth.mids import F64
from backtest.studies.queue_truth.outcome import QUOTE_S, STEPS, Outcome, survival
from backtest.studies.queue_truth.score import SHIPPED, Scored
from backtest.studies.queue_truth.tables import kept

BAR_PX, ROW_PX, LEFT_PX = 420, 22, 230
WIDE_PX, HIGH_PX, MARGIN_PX = 620, 260, 50
LINES = {
    "risk-averse": "#b5651d",
    "pow1, n = 1": "#6a6fb3",
    "pow3, n = 3 (qpn without counts)": "#9aa5b1",
    SHIPPED: "#2a7f62",
}


def errors_picture(scored: Scored) -> str:
    """Return the errors of a book as bars."""
    rows = []
    errors = {
        name: float(np.nanmean(o.error[kept(o, deep=True)])) for name, o in scored.models.items()
    }
    most = max(errors.values())
    for at, (name, error) in enumerate(errors.items()):
        y, width = ROW_PX * at + 30, BAR_PX * error / most
        colour = "#2a7f62" if name.startswith("qpn") else "#9aa5b1"
        rows.append(
            f'<text x="{LEFT_PX - 8}" y="{y + 13}" text-anchor="end">{name}</text>'
            f'<rect x="{LEFT_PX}" y="{y}" width="{width:.1f}" height="{ROW_PX - 6}" fill="{colour}"/>'
            f'<text x="{LEFT_PX + width + 6:.1f}" y="{y + 13}">{error:.3f}</text>'
        )
    height = ROW_PX * len(errors) + 40
    title = f"Error of the quantity ahead: {scored.book}, {scored.views}"
    return _svg(LEFT_PX + BAR_PX + 60, height, title, "".join(rows))


def curves_picture(scored: Scored) -> str:
    """Return by how much the share filled by some models is off the true one, over 60 s."""
    first = scored.models[SHIPPED]
    keep = kept(first, deep=True)
    blocks = Blocks(first.start[keep])

    def share(of: Outcome) -> F64:
        one = np.ones((1, blocks.count))
        curve: F64 = 1.0 - survival(of.seconds[keep], of.filled[keep], blocks.where, one)[0]
        return curve * 100

    true = share(scored.truth)
    gaps = {name: share(scored.models[name].outcome) - true for name in LINES}
    most = max(float(np.abs(gap).max()) for gap in gaps.values()) or 1.0
    zero = MARGIN_PX + HIGH_PX / 2
    parts = [
        _line([(0, zero), (WIDE_PX, zero)], "#333333"),
        _text(4, MARGIN_PX + 10, f"+{most:.1f} points"),
        _text(4, MARGIN_PX + HIGH_PX, f"-{most:.1f} points"),
    ]
    parts += [
        _text(WIDE_PX * seconds / QUOTE_S, HIGH_PX + 1.5 * MARGIN_PX, f"{seconds} s")
        for seconds in range(10, QUOTE_S + 1, 10)
    ]
    for at, (name, gap) in enumerate(gaps.items()):
        points = [
            (WIDE_PX * step / STEPS, zero - HIGH_PX / 2 * float(value) / most)
            for step, value in enumerate(gap)
        ]
        y = MARGIN_PX + 20 + ROW_PX * at
        parts.append(_line(points, LINES[name]))
        parts.append(_line([(WIDE_PX + 30, y - 4), (WIDE_PX + 50, y - 4)], LINES[name]))
        parts.append(_text(WIDE_PX + 56, y, name))
    title = (
        f"Share filled by a model less share truly filled: {scored.book}, {scored.views} "
        f"({true[-1]:.0f} % truly filled after 60 s)"
    )
    return _svg(WIDE_PX + LEFT_PX + 50, HIGH_PX + 2 * MARGIN_PX, title, "".join(parts))


def _line(points: list[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{text}</text>'


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="18" font-weight="bold">{title}</text>{body}</svg>\n'
    )
