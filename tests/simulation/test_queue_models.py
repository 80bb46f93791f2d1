"""Queue models — their known order against the truth of a small synthetic market."""

from pathlib import Path

import numpy as np
import pytest
from backtest.studies.document import put
from backtest.studies.queue_models.score import WORLDS, Score, score_world, summary_table

HOURS = 0.6
NEVER = 0


@pytest.fixture(scope="module", params=["SOL", "ETH, still"])
def scores(request: pytest.FixtureRequest) -> dict[tuple[str, str], Score]:
    world = next(world for world in WORLDS if world.name == request.param)
    return {(s.views, s.model): s for s in score_world(world, HOURS)}


def test_the_truth_is_possible() -> None:
    truth = WORLDS[0].truth(5, HOURS)
    ghosts, samples = truth.ghosts(), truth.samples()
    assert len(ghosts["id"]) > 900
    assert samples["ahead"].min() >= 0
    assert np.all(samples["ahead"] <= samples["qty"])
    filled = ghosts["filled"] != NEVER
    assert np.all(ghosts["filled"][filled] > ghosts["ts"][filled])
    assert np.array_equal(filled, ghosts["fate"] > 0)
    assert np.all(ghosts["filled"] <= ghosts["ended"])


def test_what_is_ahead_never_grows() -> None:
    samples = WORLDS[2].truth(5, HOURS).samples()
    order = np.argsort(samples["id"], kind="stable")
    same = np.diff(samples["id"][order]) == 0
    assert np.all(np.diff(samples["ahead"][order])[same] <= 0)


@pytest.mark.parametrize("views", ["each block", "each 0.5 s"])
def test_models_keep_their_order(scores: dict[tuple[str, str], Score], views: str) -> None:
    averse, pow1 = scores[views, "risk-averse"], scores[views, "pow1, n = 1"]
    pow3, qpn = scores[views, "pow3, n = 3"], scores[views, "qpn, fitted"]
    assert averse.bias == pytest.approx(averse.error, rel=1e-6), "an upper bound errs to one side"
    assert averse.bias > pow3.bias > pow1.bias
    assert qpn.error < min(averse.error, pow1.error, pow3.error)


def test_seeing_less_makes_estimates_worse(scores: dict[tuple[str, str], Score]) -> None:
    for model in ("risk-averse", "qpn, fitted"):
        assert scores["each block", model].error < scores["each 0.5 s", model].error


def test_scores_become_a_table(scores: dict[tuple[str, str], Score], tmp_path: Path) -> None:
    still = any("still" in score.world for score in scores.values())
    table = summary_table(list(scores.values()), still=still)
    assert table.count("\n") == 1 + len(scores)
    page = tmp_path / "PAGE.md"
    page.write_text("a\n<!-- here -->\nold\n<!-- end -->\nb\n")
    put(page, "here", table)
    put(page, "here", table)
    assert page.read_text() == f"a\n<!-- here -->\n{table}\n<!-- end -->\nb\n"
    with pytest.raises(ValueError, match="no <!-- there -->"):
        put(page, "there", table)
