"""Tables — run the cases of the study and lay out what they gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from backtest.bench.rule import MS, Rule
from backtest.bench.streams import incremental, snapshots
from backtest.studies.cross_check.cases import Case, simulated, streamed
from backtest.studies.cross_check.explain import Explained, Ground, explain
from backtest.studies.cross_check.reading import OURS, Difference, Tape
from backtest.studies.cross_check.truth import MARKETS, scores
from botmm.core import read_tape

SEEDS = (1, 2)
EVENTS = 1_000_000
HOURS = 3.0
TRUTH_SEED = 5
CLIP_LOTS = {"incremental": 10}
CLIP = 100
# The last second has orders whose answers the data no longer carries.
TAIL_NS = 1_000 * MS

# To the venue and back. The maker is stepped so that it has heard the answer before it asks again.
LATENCIES: Mapping[str, dict[str, int]] = {
    "20.1 / 20 ms": {"entry_ns": 20 * MS + 100_000},
    "20 / 20 ms": {"entry_ns": 20 * MS},
    "300 / 150 ms": {"entry_ns": 300 * MS, "response_ns": 150 * MS, "step_ns": 500 * MS},
}


def rule_of(latency: str, clip_lots: int = CLIP, half_ticks: float = 0.5) -> Rule:
    """Return the fixed rule of the study at a latency: both touches, no skew, no memory."""
    return Rule(
        half_ticks=half_ticks,
        skew_ticks=0,
        clip_lots=clip_lots,
        queue="risk-averse",
        **LATENCIES[latency],
    )


def compared(case: Case, rule: Rule, *, alike: bool) -> Explained:
    """Run a case in both engines and explain each difference.

    Where `alike`, both are given what they need to read the events in the same way: the other engine gets
    prints before the levels of the same instant, and our orders between snapshots join the last one.
    """
    rows = read_tape(str(case.tape))
    tapes = [
        Tape(rows, case.scale.units_per_tick, prints_first=first)
        for first in ((False, True) if alike else (False,))
    ]
    ground = Ground(
        ours=tapes[0],
        theirs=tapes[-1],
        rule=rule,
        alike=frozenset() if case.clears else frozenset({Difference.CLEAR}),
        ours_how=OURS - {Difference.ARRIVAL} if alike else OURS,
    )
    outcomes = case.ours(rule, "last" if alike else "shared"), case.theirs(rule, prints_first=alike)
    return explain(ground, outcomes, case.end - TAIL_NS)


def markets(seed: int, folder: Path) -> Iterator[tuple[str, Case]]:
    """Yield every market of the study under its name in the tables."""
    yield "incremental", streamed("incremental", incremental(EVENTS, seed), folder)
    stream = snapshots(HOURS, seed)
    yield "snapshots", streamed("snapshots", stream, folder)
    yield "snapshots, as changes", streamed("changes", stream, folder, as_changes=True)
    for symbol in ("BTC", "SOL"):
        for streams in ("full", "classic"):
            yield f"{symbol}, {streams}", simulated(symbol, streams, seed, HOURS, folder)


def fill_tables() -> dict[str, str]:
    """Return the tables of both ways to read, by their marks."""
    sums: dict[str, dict[tuple[str, str], Explained]] = {"alike": {}, "shipped": {}}
    for seed in SEEDS:
        with TemporaryDirectory() as folder:
            for name, case in markets(seed, Path(folder)):
                for latency in LATENCIES:
                    rule = rule_of(latency, CLIP_LOTS.get(name, CLIP))
                    for mark, rows in sums.items():
                        found = compared(case, rule, alike=mark == "alike")
                        rows.setdefault((name, latency), Explained()).add(found)
    return {mark: _layout(rows) for mark, rows in sums.items()}


def _layout(rows: Mapping[tuple[str, str], Explained]) -> str:
    lines = [
        "| market | latency | ours | theirs | difference | equal | causes: orders | fills of one engine alone |",
        "|---|---|---:|---:|---:|---:|---|---|",
    ]
    lines += [
        f"| {name} | {latency} | {e.ours:,} | {e.theirs:,} | {e.ours / e.theirs - 1:+.2%} "
        f"| {e.matched:,} | {_counts(e.causes)} | {_counts(e.alone)} |"
        for (name, latency), e in rows.items()
    ]
    return "\n".join(lines)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"


def truth_table() -> str:
    """Return how each reading does against the known fills."""
    lines = [
        "| market | streams | reading | orders | filled in truth | by the reading | called wrongly | fill time |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for name in MARKETS:
        for streams in ("full", "classic"):
            for reading, score in scores(name, streams, TRUTH_SEED, HOURS).items():
                orders, truth, told, wrong, late = score
                lines.append(
                    f"| {name} | {streams} | {reading} | {orders:,.0f} | {truth:.2%} | {told:.2%} "
                    f"| {wrong:.2%} | {late:.3f} s |"
                )
    return "\n".join(lines)
