"""Cross check — our fills against hftbacktest's on the same synthetic events and rule.

The study with its figures is docs/studies/CROSS_CHECK.md. The other engine comes with the extra `bench`
(`make bench` installs it); without it these tests are skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backtest.bench import files, ours
from backtest.bench.compare import Match, match
from backtest.bench.rule import MS, Rule
from backtest.bench.streams import (
    INCREMENTAL_HABITS,
    LEVEL,
    SNAPSHOT_HABITS,
    TRADE,
    Stream,
    changes,
    incremental,
    snapshots,
)

pytest.importorskip("hftbacktest", reason="hftbacktest is not installed: `make bench` installs it")

from backtest.bench import peer

EVENTS = 600_000
# Orders arrive between the venue's millisecond stamps: what happens at one instant has no order.
RULE = Rule(
    half_ticks=0.5, skew_ticks=0, clip_lots=10, queue="risk-averse", entry_ns=20 * MS + 100_000
)
# A print this soon after its level shrank is taken as part of that change.
LATE_TRADE_NS = 1 * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One stream, as both engines read it."""

    stream: Stream
    tape: Path
    rows: Any

    def bounds(self) -> tuple[int, int]:
        """Return prices around everything that happens, in ticks."""
        px = self.stream.px[self.stream.px > 0]
        return int(px.min()) - 100, int(px.max()) + 100

    def compare(self, rule: Rule) -> Match:
        """Run both engines; fills of the last second, whose answers no data carries, are left."""
        theirs = peer.run(self.rows, self.stream.scale, rule, self.bounds(), "vector").fills
        mine = ours.run([self.tape], self.stream.scale, rule).fills
        end = int(self.stream.ts_recv[-1]) - 1_000 * MS
        return match(mine[mine["ts"] < end], theirs[theirs["ts"] < end])


def made(stream: Stream, folder: Path) -> Case:
    """Write the tape of a stream and the rows of the other engine."""
    tape = folder / "tape.parquet"
    files.write_tape([stream], tape)
    return Case(stream=stream, tape=tape, rows=peer.rows_of(stream))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A stream in which no trade follows a change of the book within 3 ms."""
    habits = replace(INCREMENTAL_HABITS, quiet_ns=3 * MS)
    return made(incremental(EVENTS, 3, habits=habits), tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A stream in which trades come at any time."""
    return made(incremental(EVENTS, 3), tmp_path_factory.mktemp("busy"))


@pytest.mark.parametrize("skew_ticks", [0, 1])
@pytest.mark.parametrize("half_ticks", [0.5, 1.0, 1.5])
def test_every_fill_is_the_same_to_the_nanosecond(
    calm: Case, half_ticks: float, skew_ticks: int
) -> None:
    same = calm.compare(replace(RULE, half_ticks=half_ticks, skew_ticks=skew_ticks))
    assert same.matched > 500
    assert len(same.only_ours) == 0, same.only_ours
    assert len(same.only_theirs) == 0, same.only_theirs


def test_a_print_right_after_its_level_shrank_explains_the_rest(busy: Case) -> None:
    same = busy.compare(RULE)
    assert abs(same.ours - same.theirs) <= 0.01 * same.theirs
    assert same.matched >= 0.99 * same.theirs
    alone = list(alone_fills(same))
    assert alone, "nothing differs: this stream no longer shows the difference"
    unexplained = [fill for fill in alone if not follows_a_late_print(busy.stream, fill)]
    assert not unexplained


def test_snapshots_given_as_changes_have_the_same_fills(tmp_path: Path) -> None:
    rule = replace(RULE, clip_lots=1_000)
    given = snapshots(4.0, 3, habits=replace(SNAPSHOT_HABITS, quiet_ns=3 * MS))
    as_changes = made(changes(given), tmp_path)
    same = as_changes.compare(rule)
    assert same.matched > 500
    assert not list(alone_fills(same))
    # What differs with snapshots is thus their reading: an order that arrives between two of them
    # joins behind its share of what the next one shows, where the other engine knows the older one
    # alone. So fills come later, or not at all.
    files.write_tape([given], as_changes.tape)
    same = as_changes.compare(rule)
    assert same.matched >= 0.9 * same.theirs
    assert 0.9 * same.theirs <= same.ours < same.theirs


def alone_fills(same: Match) -> Iterator[np.void]:
    """Yield every fill that one engine alone has."""
    yield from same.only_ours
    yield from same.only_theirs


def follows_a_late_print(stream: Stream, fill: np.void) -> bool:
    """Whether, shortly before, the level shrank and a print came within the late-trade time."""
    ts, px = stream.ts_exch, stream.px
    near = (px == fill["px"]) & (ts <= fill["ts"]) & (ts > fill["ts"] - 3_000 * MS)
    kinds, times = stream.kind[near], ts[near]
    trade, level = times[kinds == TRADE], times[kinds == LEVEL]
    place = np.searchsorted(level, trade, side="right")
    known = place > 0
    return bool((trade[known] - level[place[known] - 1] <= LATE_TRADE_NS).any())
