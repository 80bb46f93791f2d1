"""Sweep sheet — what a sweep came to, in words and rows, the same on the terminal and in the HTML.

Rows are those of `botmm.research.sweep.play`: a dict a set. Sets that failed are named and take
part in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from botmm.report.formats import bps, plain, ratio, usd
from botmm.report.sheet import FEW_FILLS, Rows, plural
from botmm.units import time_text

Row = Mapping[str, Any]
UNSAID = "as configured"
# An hourly Sharpe ratio of less than a day of hours says nothing.
CHANCE_SECONDS_MIN = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A parameter that takes more than one value, with its values in order, as texts."""

    name: str
    labels: Sequence[str]
    numeric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSheet:
    """A sweep before it is drawn; `rows` are fewer than `wanted` where it was stopped."""

    rows: Sequence[Row]
    names: Sequence[str]
    wanted: int
    symbols: Sequence[str]
    venue: str
    since: int
    until: int
    seconds: float
    tiers: Sequence[str]
    synthetic: bool
    fees: tuple[float, float]
    assumptions: Rows
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    # Replays the best set; None where there is none.
    command: str | None

    @property
    def partial(self) -> bool:
        """Whether sets are still to be played."""
        return len(self.rows) < self.wanted

    @property
    def range(self) -> str:
        """Return the range of the data, UTC."""
        return f"{time_text(self.since)[:16]} – {time_text(self.until)[:16]} UTC"


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return the sets that were played to the end, best net result first, then by number."""
    return sorted((row for row in rows if not row["error"]), key=lambda row: -row["net_usd"])


def failed(rows: Sequence[Row]) -> list[Row]:
    """Return the sets that stopped with an error."""
    return [row for row in rows if row["error"]]


def median(order: Sequence[Row]) -> Row:
    """Return the set in the middle of a ranking; of two in the middle, the worse."""
    return order[len(order) // 2]


def net_bps(row: Row) -> float | None:
    """Return the net result of a set in bps of its own volume; None without a fill."""
    return row["net_usd"] / row["volume_usd"] * 1e4 if row["volume_usd"] > 0 else None


def label(row: Row, name: str) -> str:
    """Return the value of a parameter of a set as a text."""
    value = row.get(name)
    return UNSAID if value is None else plain(value)


def axes(rows: Sequence[Row], names: Sequence[str]) -> list[Axis]:
    """Return the parameters with more than one value: numbers in their order, words as they came."""
    found = []
    for name in names:
        values: dict[str, Any] = {label(row, name): row.get(name) for row in rows}
        if len(values) > 1:
            numeric = all(_is_number(value) for value in values.values())
            labels = sorted(values, key=values.__getitem__) if numeric else list(values)
            found.append(Axis(name=name, labels=labels, numeric=numeric))
    return found


def _is_number(value: Any) -> bool:
    """Whether a value lies on a scale."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def constants(rows: Sequence[Row], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the parameters that are the same in all sets, with their value."""
    varied = {axis.name for axis in axes(rows, names)}
    return [(name, label(rows[0], name)) for name in names if name not in varied]


def answer(rows: Sequence[Row]) -> str:
    """Return how many sets earn, and what best, median and worst came to, in one sentence."""
    order = ranked(rows)
    if not order:
        return f"No set was played to its end: {plural(len(rows), 'set')} failed."
    if len(order) == 1:
        return _answer_of_one(
            order[0], "The set" if len(rows) == 1 else "The set that did not fail"
        )
    earning = sum(row["net_usd"] > 0 for row in order)
    best, middle, worst = (
        f"{usd(row['net_usd'], signed=True)} ({bps(net_bps(row))}"
        for row in (order[0], median(order), order[-1])
    )
    many = "None" if earning == 0 else "All" if earning == len(order) else f"{earning:,}"
    verb = "earns" if earning <= 1 else "earn"
    return (
        f"{many} of {len(order):,} sets {verb} money after fees: the best {best} of volume), "
        f"the median {middle}), the worst {worst})."
    )


def _answer_of_one(row: Row, subject: str) -> str:
    """Return what a single set came to."""
    if row["fills"] == 0:
        return f"{subject} had no fills, so it neither earned nor lost."
    verb = "earned" if row["net_usd"] > 0 else "lost"
    return (
        f"{subject} {verb} {usd(abs(row['net_usd']))} after fees ({bps(net_bps(row))} of volume)."
    )


def warnings(sheet: SweepSheet) -> list[str]:
    """Return what a reader must know before believing the figures."""
    order, found = ranked(sheet.rows), []
    if sheet.partial:
        found.append(
            f"Stopped: {len(sheet.rows):,} of {plural(sheet.wanted, 'set')} are played, and "
            "everything here is of these."
        )
    if sheet.synthetic:
        found.append("The market is synthetic: it says that the program works, nothing of profit.")
    if lost := len(failed(sheet.rows)):
        found.append(f"{plural(lost, 'set')} failed; the figures are without them.")
    if len(order) > 1:
        found += [_choice(order, sheet.seconds), *_sameness(order)]
    if order and order[0]["fills"] == 0:
        found.append("The best set had no fills: it is best by not trading.")
    elif order and order[0]["fills"] < FEW_FILLS:
        few = plural(order[0]["fills"], "fill")
        found.append(f"The best set has only {few}: chance decides its result.")
    return found


def _choice(order: Sequence[Row], seconds: float) -> str:
    """Return why the best set is less good than it looks, with what chance alone would give."""
    text = (
        f"The best of {len(order):,} sets is chosen after the fact, on the data that it is judged "
        "by: its result is flattered, and other days will rank the sets otherwise."
    )
    chance = chance_sharpe(order)
    highest = max((row["sharpe"] for row in order if row["sharpe"] is not None), default=0.0)
    if chance is None or highest <= 0 or seconds < CHANCE_SECONDS_MIN:
        return text
    verdict = "no more than chance would give" if highest <= chance else "more than that"
    return (
        f"{text} If no set had any worth and their Sharpe ratios were apart by chance alone, the "
        f"highest would be expected at {ratio(chance)}; here it is {ratio(highest)}, {verdict}."
    )


def chance_sharpe(order: Sequence[Row]) -> float | None:
    """Return the Sharpe ratio that the best of so many worthless sets would show; None of too few.

    Sets with one and the same result count once. Source: Bailey and López de Prado, "The deflated
    Sharpe ratio" (2014).
    """
    from botmm.core import expected_max_sharpe

    results = {_result(row): row["sharpe"] for row in order if row["sharpe"] is not None}
    if len(results) < 3:
        return None
    return expected_max_sharpe(float(len(results)), float(np.var(list(results.values()), ddof=1)))


def _sameness(order: Sequence[Row]) -> list[str]:
    """Return a warning where values make no difference."""
    distinct = len({_result(row) for row in order})
    if distinct == len(order):
        return []
    return [
        f"The {len(order):,} sets have {plural(distinct, 'different result')}: some values change "
        "nothing here."
    ]


def _result(row: Row) -> tuple[Any, ...]:
    """Return what two sets share only where they traded alike."""
    return row["net_usd"], row["volume_usd"], row["fills"], row["orders"]
