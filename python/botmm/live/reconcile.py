"""Reconcile — own records against the venue's: what follows from each difference.

Pure: a report of the engine and the venue's standing go in, events and findings come out. The
venue is the truth; a position is corrected only when it differs twice in a row, since a fill may
be on its way in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botmm.ports import Event, RestingOrder, Standing

YOUNG_NS = 3_000_000_000
"""An order younger than this may be on its way: that it is missing says nothing."""


@dataclass(slots=True)
class Findings:
    """What a comparison showed."""

    corrections: list[Event] = field(default_factory=list)
    agreed: list[Event] = field(default_factory=list)
    """Of symbols whose positions are equal: orders that are over wait for no fill."""
    doubtful: list[tuple[int, str]] = field(default_factory=list)
    """Orders to ask after: we think that they rest, the venue does not list them."""
    foreign: list[RestingOrder] = field(default_factory=list)
    """Orders that rest and that this run did not send."""
    positions: list[int] = field(default_factory=list)
    """Symbols whose positions differ."""


def baseline(standing: Standing, symbols: Sequence[int]) -> list[Event]:
    """Return the events that tell the engine where positions stand."""
    return [_baseline(standing, symbol) for symbol in symbols]


def _baseline(standing: Standing, symbol: int) -> Event:
    return {
        "kind": "baseline",
        "symbol": symbol,
        "position": standing.positions.get(symbol, 0),
        "since": standing.at_ns,
        "trades": list(standing.trades.get(symbol, ())),
    }


def compare(
    asked: Mapping[str, Any],
    report: Mapping[str, Any],
    standing: Standing,
    suspects: Sequence[int],
    tag: int,
) -> Findings:
    """Return what differs between the engine's report and the venue's standing.

    Args:
        asked: report of before the venue was asked: a position that was equal then differs by what
            was traded while the answer was on its way.
        report: of `Engine.report`, not older than the standing.
        suspects: symbols whose positions differed at the last comparison.
        tag: what the ids of this run's orders begin with.
    """
    found = Findings()
    for symbol, row in enumerate(report["symbols"]):
        mine = {order["cloid"]: order for order in row["orders"]}
        theirs = [order for order in standing.orders if order.symbol == symbol]
        listed = {order.cloid for order in theirs}
        for cloid, order in mine.items():
            rests = order["state"] in ("working", "unknown")
            if rests and cloid not in listed and standing.at_ns - order["sent"] > YOUNG_NS:
                found.doubtful.append((symbol, cloid))
        found.foreign += [order for order in theirs if not _is_ours(order.cloid, mine, tag)]
        position = standing.positions.get(symbol, 0)
        if row["proven"] == position:
            found.agreed.append({"kind": "agreed", "symbol": symbol, "since": standing.at_ns})
        elif asked["symbols"][symbol]["proven"] != position:
            found.positions.append(symbol)
            if symbol in suspects:
                found.corrections.append(_baseline(standing, symbol))
    return found


def _is_ours(cloid: str | None, mine: Mapping[str, Any], tag: int) -> bool:
    """Whether an order is of this run: known, or with our tag and on its way to be known."""
    return cloid is not None and (cloid in mine or int(cloid, 16) >> 64 == tag)
