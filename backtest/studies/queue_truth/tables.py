"""Tables — positions and chances of the queue truth study as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtest.studies.queue_truth.blocks import interval
from backtest.studies.queue_truth.mids import F64
from backtest.studies.queue_truth.score import (
    CLASSICS,
    FITTED,
    ORDERS_MIN,
    SHIPPED,
    Orders,
    Scored,
    calibration,
)


def book_table(scored: Scored, *, deep: bool) -> str:
    """Return one row a model; `deep` takes orders with some others in the level at insert."""
    lines = [
        "| model | error [95 %] | bias | fill time | Brier [95 %] | log loss | calibration |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for model, orders in scored.models.items():
        keep = kept(orders, deep=deep)
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
        keep = kept(first, deep=True)
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


def kept(orders: Orders, *, deep: bool) -> Any:
    """Return which orders count; `deep` takes those with some others in the level at insert."""
    return orders.n >= (ORDERS_MIN if deep else 0)


def _mean(orders: Orders, values: F64, keep: Any) -> str:
    low, high = interval(orders.start[keep], values[keep])
    return f"{np.nanmean(values[keep]):.4f} [{low:.4f}, {high:.4f}]"


def _difference(orders: Orders, values: F64, keep: Any) -> str:
    low, high = interval(orders.start[keep], values[keep])
    return f"{np.nanmean(values[keep]):+.4f} [{low:+.4f}, {high:+.4f}]"
