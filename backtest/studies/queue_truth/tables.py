"""Tables — the scores of the queue truth study as Markdown, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtest.studies.queue_truth.score import (
    CLASSICS,
    F64,
    FITTED,
    ORDERS_MIN,
    SHIPPED,
    Orders,
    Scored,
    calibration,
    interval,
)

BAR_PX, ROW_PX, LEFT_PX = 420, 22, 230


def book_table(scored: Scored, *, deep: bool) -> str:
    """Return one row a model; `deep` takes orders with some others in the level at insert."""
    lines = [
        "| model | error [95 %] | bias | fill time | Brier [95 %] | log loss | calibration |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for model, orders in scored.models.items():
        keep = _kept(orders, deep=deep)
        lines.append(
            f"| {model} | {_mean(orders, orders.error, keep)} | {np.nanmean(orders.bias[keep]):+.4f} "
            f"| {np.nanmean(orders.late[keep]):.3f} | {_mean(orders, orders.brier, keep)} "
            f"| {np.nanmean(orders.loss[keep]):.4f} | {calibration(orders, keep):.4f} |"
        )
    return "\n".join(lines)


def verdict_table(scores: Sequence[Scored]) -> str:
    """Return the best fixed rule of each book, and how far the order-count model is from it."""
    lines = [
        "| book | views | orders | best fixed rule | its error | qpn as in replay | difference [95 %] "
        "| qpn fitted | difference of Brier, as in replay [95 %] |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for scored in scores:
        first = scored.models[SHIPPED]
        keep = _kept(first, deep=True)
        best = min(CLASSICS, key=lambda name: float(np.nanmean(scored.models[name].error[keep])))
        sharp = min(CLASSICS, key=lambda name: float(np.nanmean(scored.models[name].brier[keep])))
        rule, sharpest = scored.models[best], scored.models[sharp]
        lines.append(
            f"| {scored.book} | {scored.views} | {keep.sum():,} | {best} "
            f"| {np.nanmean(rule.error[keep]):.4f} | {np.nanmean(first.error[keep]):.4f} "
            f"| {_difference(first, first.error - rule.error, keep)} "
            f"| {np.nanmean(scored.models[FITTED].error[keep]):.4f} "
            f"| {_difference(first, first.brier - sharpest.brier, keep)} ({sharp}) |"
        )
    return "\n".join(lines)


def picture(scored: Scored) -> str:
    """Return the errors of a book as bars (SVG)."""
    rows = []
    errors = {
        name: float(np.nanmean(o.error[_kept(o, deep=True)])) for name, o in scored.models.items()
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
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT_PX + BAR_PX + 60}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="18" font-weight="bold">{title}</text>{"".join(rows)}</svg>\n'
    )


def _kept(orders: Orders, *, deep: bool) -> Any:
    return orders.n >= (ORDERS_MIN if deep else 0)


def _mean(orders: Orders, values: F64, keep: Any) -> str:
    low, high = interval(orders.start[keep], values[keep])
    return f"{np.nanmean(values[keep]):.4f} [{low:.4f}, {high:.4f}]"


def _difference(orders: Orders, values: F64, keep: Any) -> str:
    low, high = interval(orders.start[keep], values[keep])
    return f"{np.nanmean(values[keep]):+.4f} [{low:+.4f}, {high:+.4f}]"
