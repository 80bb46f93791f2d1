"""Versus — fills of a live run against those of its replay: which are the same, and what the rest cost.

Pure: it is given what both sides did and gives pairs, causes and parts. All money is in half
micro-dollars, so that a mid between two prices stays an integer and the parts add up exactly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from botmm.units import SECOND_NS

MERGE_NS = SECOND_NS
"""Fills of one order at one price within this time are one execution."""
NEAR_NS = SECOND_NS
"""An order that came or went within this time of a fill missed it, or had it, by its latency."""

Cause = Literal["queue", "latency", "held", "data", "quotes"]
CAUSES: Mapping[Cause, tuple[str, str]] = {
    "queue": (
        "Queue",
        "Both sides had an order there; only one was filled. What is ahead of us is estimated.",
    ),
    "latency": (
        "Latency",
        "The other side's order there came, or went, within a second of the fill.",
    ),
    "data": (
        "Missing data",
        "Live had no connection, or its journal has a hole: it could not see.",
    ),
    "held": ("Held", "Live kept its quotes back for another reason; replay knows no holds."),
    "quotes": (
        "Other quotes",
        "The other side quoted elsewhere; mostly it held another position after earlier differences.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A fill of one side; side is +1 bought or -1 sold, time the venue's in ns, fee micro-dollars."""

    symbol: int
    side: int
    px: int
    size: int
    fee: int
    ts: int
    order: str
    maker: bool = True

    def value2(self, mid2: int) -> int:
        """Return what it is worth at twice a mid, less its fee."""
        return self.side * (mid2 - 2 * self.px) * self.size - 2 * self.fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An order while it rested, by the venue's clock; `until` is the end of the run where none came."""

    symbol: int
    side: int
    px: int
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A time in which live could not or did not quote."""

    since: int
    until: int
    cause: Literal["held", "data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One execution on both sides, or on one of them with the cause."""

    live: Execution | None
    replay: Execution | None
    cause: Cause | None = None

    @property
    def one(self) -> Execution:
        """Return the execution, live's where there are two."""
        found = self.live or self.replay
        assert found is not None, "invariant: a pair has a side"
        return found

    @property
    def sort(self) -> str:
        """Return in a word what it is: same, price, size, both, live or replay."""
        if self.live is None:
            return "replay"
        if self.replay is None:
            return "live"
        words = []
        if self.live.px != self.replay.px:
            words.append("price")
        if self.live.size != self.replay.size:
            words.append("size")
        return " and ".join(words) or "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What both sides did in one run, over the same time and markets."""

    live: Sequence[Execution]
    replay: Sequence[Execution]
    live_stays: Sequence[Stay]
    replay_stays: Sequence[Stay]
    silences: Sequence[Silence]
    mid2: Mapping[int, int]
    """Twice the mid at the end, by symbol."""
    funding: tuple[int, int] = (0, 0)
    """Micro-dollars received, live and replay."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Pairs, and the gap (live less replay) in parts that add up; half micro-dollars."""

    pairs: list[Pair] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    live2: int = 0
    replay2: int = 0

    @property
    def gap2(self) -> int:
        """Return what live earned more than replay."""
        return self.live2 - self.replay2

    def count(self, sort: str, cause: Cause | None = None) -> int:
        """Return how many pairs are of a sort, and of a cause where one is named."""
        return sum(p.sort == sort and (cause is None or p.cause == cause) for p in self.pairs)


def merged(fills: Iterable[Execution]) -> list[Execution]:
    """Return executions in order of time; partial fills of one order close together are one."""
    kept: list[Execution] = []
    last: dict[tuple[int, str, int], int] = {}
    ends: dict[int, int] = {}
    for fill in sorted(fills, key=lambda one: one.ts):
        key = (fill.symbol, fill.order, fill.px)
        at = last.get(key)
        if at is not None and fill.ts - ends[at] <= MERGE_NS:
            whole = kept[at]
            kept[at] = replace(whole, size=whole.size + fill.size, fee=whole.fee + fill.fee)
        else:
            at = last[key] = len(kept)
            kept.append(fill)
        ends[at] = fill.ts
    return kept


def matched(
    live: Sequence[Execution], replay: Sequence[Execution], window_ns: int
) -> list[tuple[Execution | None, Execution | None]]:
    """Return pairs of one symbol and side within the window: same price first, then nearest in time."""
    times: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for number, one in enumerate(replay):
        times[(one.symbol, one.side)].append((one.ts, number))
    offers = []
    for number, one in enumerate(live):
        rows = times[(one.symbol, one.side)]
        first = bisect_left(rows, (one.ts - window_ns, -1))
        end = bisect_right(rows, (one.ts + window_ns, len(replay)))
        for ts, other in rows[first:end]:
            differs = one.px != replay[other].px
            offers.append((differs, abs(ts - one.ts), number, other))
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, _, number, other in sorted(offers):
        if number not in taken and other not in used:
            taken[number] = other
            used.add(other)
    pairs: list[tuple[Execution | None, Execution | None]] = [
        (one, replay[taken[number]] if number in taken else None) for number, one in enumerate(live)
    ]
    return pairs + [(None, one) for number, one in enumerate(replay) if number not in used]


def compare(sides: Sides, window_ns: int) -> Comparison:
    """Match the fills of both sides, name a cause for each lone one, and split the gap."""
    found = Comparison()
    live, replay = merged(sides.live), merged(sides.replay)
    live_stays, replay_stays = _Stays(sides.live_stays), _Stays(sides.replay_stays)
    parts: dict[str, int] = {"price": 0, "size": 0, "fees": 0, **{str(name): 0 for name in CAUSES}}
    for mine, theirs in matched(live, replay, window_ns):
        if mine is not None and theirs is not None:
            pair = Pair(live=mine, replay=theirs)
            for name, value in _differences(mine, theirs, sides.mid2[mine.symbol]).items():
                parts[name] += value
        elif mine is not None:
            cause: Cause = replay_stays.cause(mine)
            pair = Pair(live=mine, replay=None, cause=cause)
            parts[cause] += mine.value2(sides.mid2[mine.symbol])
        else:
            assert theirs is not None, "invariant: a pair has a side"
            cause = _silent(theirs, sides.silences) or live_stays.cause(theirs)
            pair = Pair(live=None, replay=theirs, cause=cause)
            parts[cause] -= theirs.value2(sides.mid2[theirs.symbol])
        found.pairs.append(pair)
    found.pairs.sort(key=lambda one: one.one.ts)
    parts["funding"] = 2 * (sides.funding[0] - sides.funding[1])
    found.parts = parts
    found.live2 = _total2(live, sides.mid2) + 2 * sides.funding[0]
    found.replay2 = _total2(replay, sides.mid2) + 2 * sides.funding[1]
    assert sum(parts.values()) == found.gap2, "invariant: the parts add up to the gap"
    return found


def together(all_of: Sequence[Comparison]) -> Comparison:
    """Return several runs as one."""
    whole = Comparison()
    for one in all_of:
        whole.pairs += one.pairs
        whole.live2 += one.live2
        whole.replay2 += one.replay2
        for name, value in one.parts.items():
            whole.parts[name] = whole.parts.get(name, 0) + value
    return whole


def _total2(fills: Iterable[Execution], mid2: Mapping[int, int]) -> int:
    return sum(one.value2(mid2[one.symbol]) for one in fills)


def _differences(live: Execution, replay: Execution, mid2: int) -> dict[str, int]:
    """Return what price, size and fee of a matched fill contribute to the gap; exact."""
    more = live.size - replay.size
    return {
        "price": live.side * 2 * (replay.px - live.px) * replay.size,
        "size": live.side * (mid2 - 2 * live.px) * more,
        "fees": 2 * (replay.fee - live.fee),
    }


def _silent(one: Execution, silences: Sequence[Silence]) -> Cause | None:
    """Return why live could not have had a fill, missing data first."""
    causes = {s.cause for s in silences if s.since <= one.ts <= s.until}
    return "data" if "data" in causes else "held" if causes else None


class _Stays:
    """Where the orders of one side rested, and when."""

    def __init__(self, stays: Sequence[Stay]) -> None:
        self._by_price: dict[tuple[int, int, int], list[Stay]] = defaultdict(list)
        for one in stays:
            self._by_price[(one.symbol, one.side, one.px)].append(one)

    def cause(self, fill: Execution) -> Cause:
        """Return why this side did not have a fill of the other."""
        there = self._by_price.get((fill.symbol, fill.side, fill.px), [])
        if any(one.since <= fill.ts <= one.until for one in there):
            return "queue"
        if any(one.since - NEAR_NS <= fill.ts <= one.until + NEAR_NS for one in there):
            return "latency"
        return "quotes"
