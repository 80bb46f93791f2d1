"""Cross check — our fills against hftbacktest's on the same synthetic events and rule.

The study with its figures is docs/studies/CROSS_CHECK.md. The other engine comes with the extra `bench`
(`make bench` installs it); without it these tests are skipped.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

pytest.importorskip("hftbacktest", reason="hftbacktest is not installed: `make bench` installs it")

from backtest.bench.compare import match
from backtest.bench.rule import MS
from backtest.bench.streams import INCREMENTAL_HABITS, incremental, snapshots
from backtest.studies.cross_check.cases import Case, simulated, streamed
from backtest.studies.cross_check.explain import UNEXPLAINED, Ground, explain
from backtest.studies.cross_check.reading import OURS, Difference, Tape
from backtest.studies.cross_check.tables import LATENCIES, TAIL_NS, compared, rule_of
from backtest.studies.cross_check.truth import scores

from botmm.core import read_tape

EVENTS = 400_000
APART, TOGETHER = "20.1 / 20 ms", "20 / 20 ms"
CLIPS = {"incremental": 10}


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A stream in which no trade follows a change of the book within 3 ms."""
    habits = replace(INCREMENTAL_HABITS, quiet_ns=3 * MS)
    stream = incremental(EVENTS, 3, habits=habits)
    return streamed("calm", stream, tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def markets(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    folder = tmp_path_factory.mktemp("markets")
    frames = snapshots(1.5, 3)
    return {
        "incremental": streamed("incremental", incremental(EVENTS, 3), folder),
        "snapshots": streamed("snapshots", frames, folder),
        "changes": streamed("changes", frames, folder, as_changes=True),
        "BTC full": simulated("BTC", "full", 3, 0.5, folder),
        "BTC classic": simulated("BTC", "classic", 3, 0.5, folder),
        "SOL classic": simulated("SOL", "classic", 3, 0.5, folder),
    }


@pytest.mark.parametrize("skew_ticks", [0, 1])
@pytest.mark.parametrize("half_ticks", [0.5, 1.0, 1.5])
def test_every_fill_is_the_same_to_the_nanosecond(
    calm: Case, half_ticks: float, skew_ticks: int
) -> None:
    rule = replace(rule_of(APART, 10, half_ticks), skew_ticks=skew_ticks)
    end = calm.end - TAIL_NS
    mine, theirs = (run.fills for run in (calm.ours(rule), calm.theirs(rule)))
    same = match(mine[mine["ts"] < end], theirs[theirs["ts"] < end])
    assert same.matched > 300
    assert len(same.only_ours) == 0, same.only_ours
    assert len(same.only_theirs) == 0, same.only_theirs


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize(
    "name", ["incremental", "snapshots", "changes", "BTC full", "BTC classic", "SOL classic"]
)
def test_counts_agree_and_each_difference_has_its_cause(
    markets: Mapping[str, Case], name: str, latency: str
) -> None:
    rule = rule_of(latency, CLIPS.get(name, 100))
    for alike in (True, False):
        found = compared(markets[name], rule, alike=alike)
        assert found.causes[UNEXPLAINED] == found.alone[UNEXPLAINED] == 0, found.examples[:3]
        assert found.matched > 400
        if alike:
            assert abs(found.ours - found.theirs) <= 0.01 * found.theirs
            assert found.matched >= 0.98 * found.theirs


@pytest.mark.parametrize("name", ["changes", "BTC full", "BTC classic", "SOL classic"])
def test_read_alike_no_fill_is_alone(markets: Mapping[str, Case], name: str) -> None:
    found = compared(markets[name], rule_of(APART), alike=True)
    assert not found.alone


def test_causes_are_those_of_the_events(markets: Mapping[str, Case]) -> None:
    busy = compared(markets["incremental"], rule_of(APART, 10), alike=False)
    assert set(busy.causes) == {Difference.LATE}
    met = compared(markets["BTC full"], rule_of(TOGETHER), alike=True)
    assert set(met.causes) == {Difference.INSTANT}
    frames = compared(markets["snapshots"], rule_of(APART), alike=False)
    assert frames.causes[Difference.ARRIVAL] > 100
    assert frames.causes[Difference.CLEAR] > 0


def test_what_no_known_difference_explains_is_not_explained(markets: Mapping[str, Case]) -> None:
    case, rule = markets["BTC full"], rule_of(APART)
    tape = Tape(read_tape(str(case.tape)), case.scale.units_per_tick)
    blind = OURS - {Difference.LATE}
    alike = frozenset({Difference.CLEAR})
    ground = Ground(ours=tape, theirs=tape, rule=rule, alike=alike, ours_how=blind)
    found = explain(ground, (case.ours(rule), case.theirs(rule)), case.end - TAIL_NS)
    assert found.causes[UNEXPLAINED] > 5


def test_fills_are_the_true_ones_where_the_price_moves() -> None:
    for streams in ("full", "classic"):
        told = scores("SOL", streams, 6, 0.5)
        for orders, truth, said, wrong, seconds in told.values():
            assert orders > 800
            assert 0.5 < truth < 0.95
            assert abs(said - truth) < 0.005
            assert wrong < 0.005
            assert seconds < 0.3
