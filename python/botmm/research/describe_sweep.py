"""Describe sweep — a sweep, ended or stopped, as the sheet that its report draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botmm.report.sweep_sheet import SweepSheet, ranked
from botmm.research import grids
from botmm.research.describe import assumptions, config_of, is_synthetic, origins, venues
from botmm.units import SECOND_NS

if TYPE_CHECKING:
    from botmm.research.grids import ParameterSet
    from botmm.research.plan import Plan


def make_sheet(
    plan: Plan,
    sets: Sequence[ParameterSet],
    rows: Sequence[Mapping[str, Any]],
    command: Callable[[ParameterSet], str],
) -> SweepSheet:
    """Return the report of a sweep before it is drawn.

    Args:
        plan: what was played.
        sets: all sets, played or not.
        rows: the rows of those that were played, as of `botmm.research.sweep.play`.
        command: what replays one set, as a line for a shell.
    """
    first, last = plan.span
    order, names = ranked(rows), grids.columns(sets)
    return SweepSheet(
        rows=rows,
        names=names,
        wanted=len(sets),
        symbols=plan.symbols,
        venue=venues(plan),
        since=first + plan.warmup_ns,
        until=last,
        seconds=_seconds(plan),
        tiers=sorted({t.meta["tier"] for group in plan.tapes.values() for t in group}),
        synthetic=is_synthetic(plan),
        fees=plan.fees,
        assumptions=assumptions(plan, plan.settings.sim.queue),
        config=_config(plan, names),
        versions=origins(plan),
        command=command(sets[order[0]["set"]]) if order else None,
    )


def _config(plan: Plan, names: Sequence[str]) -> dict[str, Any]:
    """Return every value by its dotted key, without those that the sets change."""
    changed: set[str] = set()
    for name in names:
        own = name.removeprefix("symbols.") if name.startswith("symbols.") else None
        bare = name.removeprefix("strategy.")
        changed |= {own} if own is not None else {f"{symbol}.{bare}" for symbol in plan.symbols}
    return {key: value for key, value in config_of(plan).items() if key not in changed}


def _seconds(plan: Plan) -> float:
    """Return how much of the range has data: that of the symbol with the most, without its gaps."""
    begin, end = plan.span[0] + plan.warmup_ns, plan.span[1]

    def inside(since: int, until: int) -> int:
        """Return how much of a stretch of time is in the range."""
        return max(0, min(until, end) - max(since, begin))

    played = (
        sum(
            inside(tape.first_ts, tape.last_ts) - sum(inside(*gap) for gap in tape.gaps)
            for tape in group
        )
        for group in plan.tapes.values()
    )
    return max(played) / SECOND_NS
