"""Explain — the cause of every order and fill that one engine alone has.

An order that both engines sent and that ended differently is a *cause*: the reading that reproduces
their end and the one that reproduces ours differ in one or more switches, and these name it. An order
that only one engine sent is a *consequence*: when it was sent, the other engine still had, or no longer
had, an order that ended differently.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from backtest.bench.rule import CANCELLED, FILLED, Outcome, Rule
from backtest.studies.cross_check.reading import FOREVER, OURS, Difference, Order, Tape

Key = tuple[int, int, int]
UNEXPLAINED = "unexplained"
FOLLOWS = "follows another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What both engines read: the rows in our order and in theirs, and what they read as we do."""

    ours: Tape
    theirs: Tape
    rule: Rule
    alike: frozenset[Difference]
    ours_how: frozenset[Difference] = OURS


@dataclass(slots=True, kw_only=True)
class Explained:
    """Fills of one engine alone and causes, each counted by what explains it."""

    matched: int = 0
    ours: int = 0
    theirs: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    examples: list[Any] = field(default_factory=list)

    def add(self, other: Explained) -> None:
        """Add the counts of another run."""
        self.matched += other.matched
        self.ours += other.ours
        self.theirs += other.theirs
        self.causes += other.causes
        self.alone += other.alone
        self.examples += other.examples


def explain(ground: Ground, outcomes: tuple[Outcome, Outcome], end: int) -> Explained:
    """Compare our orders with theirs, and find why those filled before `end` differ.

    Args:
        ground: what both engines read.
        outcomes: ours and theirs.
        end: later fills have no answer in the data.
    """
    mine, other = (_by_key(outcome.orders, end) for outcome in outcomes)
    found, spans = Explained(), []
    heard = ground.rule.response_ns + ground.rule.step_ns
    for key in sorted(mine.keys() | other.keys()):
        one, two = mine.get(key), other.get(key)
        if one is not None and two is not None and _end(one) == _end(two):
            found.matched += one["status"] == FILLED
            continue
        reason = _reason(ground, key, (one, two), spans)
        if reason == UNEXPLAINED:
            found.examples.append((key, one, two))
        else:
            done = max(_done(order) for order in (one, two) if order is not None)
            spans.append((key[0], done if done == FOREVER else done + heard))
            spans = [span for span in spans if span[1] >= key[0]]
        if one is not None and two is not None:
            found.causes[reason] += 1
        for order, name in ((one, "ours"), (two, "theirs")):
            if order is not None and order["status"] == FILLED:
                found.alone[reason] += 1
                setattr(found, name, getattr(found, name) + 1)
    found.ours += found.matched
    found.theirs += found.matched
    return found


def _by_key(orders: npt.NDArray[np.void], end: int) -> dict[Key, np.void]:
    """Return orders by what both engines know of them; what ended too late has not ended."""
    orders = orders.copy()
    late = orders["done"] >= end
    orders["status"][late], orders["done"][late] = 0, 0
    return {(int(o["sent"]), int(o["side"]), int(o["px"])): o for o in orders if o["sent"] < end}


def _end(order: np.void) -> tuple[int, int]:
    return int(order["status"]), int(order["done"])


def _done(order: np.void) -> int:
    return int(order["done"]) or FOREVER


def _reason(
    ground: Ground,
    key: Key,
    ends: tuple[np.void | None, np.void | None],
    spans: list[tuple[int, int]],
) -> str:
    one, two = ends
    if one is None or two is None:
        followed = any(since < key[0] <= until for since, until in spans)
        return FOLLOWS if followed else UNEXPLAINED
    sent, side, px = key
    first, second = (
        Order(
            side=side,
            px=px * ground.ours.units_per_tick,
            arrived=sent + ground.rule.entry_ns,
            until=_done(order) if order["status"] == CANCELLED else FOREVER,
            ahead=float(one["ahead"]),
        )
        for order in (one, two)
    )
    theirs_read = ground.theirs.outcome(second, ground.alike) == _end(two)
    if not theirs_read or ground.ours.outcome(first, ground.ours_how) != _end(one):
        return UNEXPLAINED
    return _least(ground, first, _end(one))


def _least(ground: Ground, order: Order, end: tuple[int, int]) -> str:
    """Return the fewest differences with which the order ends as ours did."""
    differences = sorted(ground.ours_how - ground.alike)
    for size in range(len(differences) + 1):
        for chosen in combinations(differences, size):
            if ground.ours.outcome(order, ground.alike | set(chosen)) == end:
                return " + ".join(chosen) or FOLLOWS
    return UNEXPLAINED
