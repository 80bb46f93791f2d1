"""Fills — tables of fill curves and results of quotes, by the models against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtest.studies.queue_truth.blocks import Blocks, middle
from backtest.studies.queue_truth.mids import F64
from backtest.studies.queue_truth.outcome import LATER_S, curve_gap, per_fill, per_quote
from backtest.studies.queue_truth.score import CAREFUL, CLASSICS, SHIPPED, Scored
from backtest.studies.queue_truth.tables import kept

# Where fewer orders have some others in their level, all orders are looked at.
DEEP_MIN = 1_000


class Fills:
    """The outcomes of a book, of the orders that are looked at."""

    def __init__(self, scored: Scored) -> None:
        """Draw blocks once for every figure."""
        first = scored.models[SHIPPED]
        deep = kept(first, deep=True)
        self.scored, self.deep = scored, int(deep.sum()) >= DEEP_MIN
        self.keep: Any = deep if self.deep else kept(first, deep=False)
        self.blocks = Blocks(first.start[self.keep])

    def gap(self, model: str) -> tuple[F64, F64]:
        """Return the fill curve's difference from the truth, with its sign and without."""
        said = self.scored.models[model].outcome
        return curve_gap(self.scored.truth, said, self.keep, self.blocks)

    def quote_gap(self, model: str, later: int) -> F64:
        """Return the model's mean result of a quote less the true one."""
        said = self.scored.models[model].outcome
        return per_quote(said, later, self.keep, self.blocks) - self.true_quote(later)

    def true_quote(self, later: int) -> F64:
        """Return the true mean result of a quote."""
        return per_quote(self.scored.truth, later, self.keep, self.blocks)

    def fill_gap(self, model: str, later: int) -> F64:
        """Return the model's mean result of a fill less the true one."""
        said = self.scored.models[model].outcome
        return per_fill(said, later, self.keep, self.blocks) - self.true_fill(later)

    def true_fill(self, later: int) -> F64:
        """Return the true mean result of a fill."""
        return per_fill(self.scored.truth, later, self.keep, self.blocks)

    def title(self) -> str:
        """Return what is looked at."""
        which = "four orders or more in the level at insert" if self.deep else "all orders"
        return f"{self.scored.book}, {self.scored.views}, {which}"


def curves_table(books: Sequence[Fills]) -> str:
    """Return how far the order-count model's fill curve is off, against fixed rules."""
    lines = [
        "| book | views | orders | filled in 60 s | qpn as in replay, with its sign [95 %] "
        "| without | risk-averse, without its sign | qpn less risk-averse [95 %] "
        "| nearest fixed rule | without its sign | qpn less nearest [95 %] |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|",
    ]
    for fills in books:
        scored = fills.scored
        signed, absolute = fills.gap(SHIPPED)
        rules = {rule: fills.gap(rule)[1] for rule in CLASSICS}
        best = min(rules, key=lambda rule: float(rules[rule][0]))
        lines.append(
            f"| {scored.book} | {scored.views} | {fills.keep.sum():,} "
            f"| {scored.truth.filled[fills.keep].mean():.1%} "
            f"| {shown(signed, '+.3f')} | {absolute[0]:.3f} "
            f"| {rules[CAREFUL][0]:.3f} | {shown(absolute - rules[CAREFUL], '+.3f')} "
            f"| {best} | {rules[best][0]:.3f} | {shown(absolute - rules[best], '+.3f')} |"
        )
    return "\n".join(lines)


def results_table(books: Sequence[Fills]) -> str:
    """Return how far results of quotes are off, against fixed rules; without signs at the end."""
    lines = [
        "| book | views | after | true result a quote [95 %] | qpn as in replay − truth [95 %] "
        "| risk-averse − truth [95 %] | qpn less risk-averse, without signs [95 %] "
        "| nearest fixed rule | rule − truth | qpn less nearest, without signs [95 %] |",
        "|---|---|---:|---:|---:|---:|---:|---|---:|---:|",
    ]
    for fills in books:
        for later in LATER_S:
            ours = fills.quote_gap(SHIPPED, later)
            rules = {rule: fills.quote_gap(rule, later) for rule in CLASSICS}
            best = min(rules, key=lambda rule: abs(float(rules[rule][0])))
            lines.append(
                f"| {fills.scored.book} | {fills.scored.views} | {later} s "
                f"| {shown(fills.true_quote(later), '+.4f')} | {shown(ours, '+.4f')} "
                f"| {shown(rules[CAREFUL], '+.4f')} "
                f"| {shown(np.abs(ours) - np.abs(rules[CAREFUL]), '+.4f')} "
                f"| {best} | {rules[best][0]:+.4f} "
                f"| {shown(np.abs(ours) - np.abs(rules[best]), '+.4f')} |"
            )
    return "\n".join(lines)


def outcome_table(fills: Fills) -> str:
    """Return one row a model, as differences from the truth, which has the first row."""
    truth = fills.scored.truth
    heads = " | ".join(f"a quote, {s} s [95 %] | a fill, {s} s [95 %]" for s in LATER_S)
    levels = " | ".join(
        f"{shown(fills.true_quote(s), '+.4f')} | {shown(fills.true_fill(s), '+.4f')}"
        for s in LATER_S
    )
    lines = [
        f"| model | filled in 60 s | curve, with its sign [95 %] | without [95 %] | {heads} |",
        "|---|" + "---:|" * (3 + 2 * len(LATER_S)),
        f"| **truth** (itself) | {truth.filled[fills.keep].mean():.1%} | | | {levels} |",
    ]
    for model, orders in fills.scored.models.items():
        signed, absolute = fills.gap(model)
        gaps = " | ".join(
            f"{shown(fills.quote_gap(model, s), '+.4f')} | {shown(fills.fill_gap(model, s), '+.4f')}"
            for s in LATER_S
        )
        lines.append(
            f"| {model} | {orders.outcome.filled[fills.keep].mean():.1%} "
            f"| {shown(signed, '+.3f')} | {shown(absolute, '.3f')} | {gaps} |"
        )
    return "\n".join(lines)


def shown(draws: F64, form: str) -> str:
    """Return a figure, which stands first, and its interval."""
    low, high = middle(draws[1:])
    return f"{draws[0]:{form}} [{low:{form}}, {high:{form}}]"
