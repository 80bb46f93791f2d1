"""Probes — fill intensity from orders of nobody: fitted, quoted with, and the same in a sweep."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import Sweep
from tests.fakes.markets import WIDE, Market, play, told, write_market

GLFT: dict[str, Any] = {"mode": "glft", "bias_strength": 0.0, "toxicity": False, **WIDE}


@pytest.fixture(scope="module")
def eth(tmp_path_factory: pytest.TempPathFactory) -> Market:
    return write_market(tmp_path_factory.mktemp("eth"), "ETH", 60, seed=3, streams="full")


@pytest.fixture(scope="module")
def runs(eth: Market) -> dict[str, dict[str, Any]]:
    return {
        source: play(told((eth, GLFT | {"intensity": source}))) for source in ("auto", "probes")
    }


def test_fills_grow_rare_with_distance(runs: dict[str, dict[str, Any]]) -> None:
    intensity = runs["probes"]["summary"]["symbols"][0]["intensity"]
    probes = intensity["probes"]
    rates = {row["ticks"]: row["rate"] for row in probes["distances"]}
    assert probes["status"] == "ok"
    assert probes["k"] > 0
    assert rates[0] > rates[4] > rates[12]
    # Half an hour on two sides, less what the probes were filled or without a book.
    assert all(3_000 < row["seconds"] <= 3_600 for row in probes["distances"])
    known = [row for row in probes["distances"] if row["fills"]]
    assert all(row["se_ln"] == pytest.approx(row["fills"] ** -0.5) for row in known)
    # Away from the touch trades show more: there is no queue, and no quote that follows the mid.
    assert rates[4] < 0.5 * intensity["a"] * math.exp(-4 * intensity["k"])
    assert runs["auto"]["summary"]["symbols"][0]["intensity"]["probes"] is None


def test_quotes_follow_the_probes(runs: dict[str, dict[str, Any]]) -> None:
    auto, probed = (runs[source]["orders"]["px"].tobytes() for source in ("auto", "probes"))
    assert auto != probed
    assert not any("intensity" in name for name in ready(runs["probes"]))


def ready(run: dict[str, Any]) -> list[str]:
    """Return what never became ready."""
    names: list[str] = run["summary"]["symbols"][0]["not_ready"]
    return names


def test_until_the_fit_holds_quotes_are_in_bps_and_it_is_named(tmp_path: Path) -> None:
    short = write_market(tmp_path, "ETH", 1, seed=3, streams="full")
    run = play(told((short, GLFT | {"intensity": "probes"})))
    assert any("fill intensity (too_few_points" in name for name in ready(run))


def test_a_set_with_probes_ends_as_it_would_alone(
    eth: Market, runs: dict[str, dict[str, Any]]
) -> None:
    sets = [{"params": [GLFT | {"intensity": source}]} for source in ("probes", "auto")]
    run = {**told((eth, {})), "max_gap_s": 60.0}
    sweep = Sweep(json.dumps({"run": run, "sets": sets, "threads": 2, "keep_fills": True}))
    while not sweep.run(10**9)["done"]:
        pass
    for number, source in enumerate(("probes", "auto")):
        single = runs[source]
        assert json.loads(sweep.results())[number] == single["summary"]["figures"]
        mine = sweep.fills(number)
        for column, values in single["fills"].items():
            np.testing.assert_array_equal(mine[column], values, f"{source} {column}")
