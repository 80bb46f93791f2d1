"""Sweep — every set ends as it would alone, to the last bit, on any number of threads."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError, Sweep, Synth
from tests.fakes.markets import MINUTE, SECOND, Market, play, told, write_market, write_rows
from tests.fakes.models import one_split
from tests.fakes.specs import START

# More than two stretches, so that orders, replies and markouts go over their ends.
ROWS_MIN = 70_000
STRETCH_ROWS = 32_768
TRADE = 5
SLOW = {"latency": {"model": "constant", "entry_ns": 300_000_000, "response_ns": 150_000_000}}
FEED = {
    "model": "feed",
    "entry_multiplier": 1.0,
    "entry_ns": 0,
    "response_multiplier": 0.5,
    "response_ns": 0,
}
SETS: list[dict[str, Any]] = [
    {},
    {"base_spread_bps": 0.5, "max_position_usd": 150.0},
    {"strategy": "adaptive", "num_levels": 1, "order_size_usd": 90.0},
    {"mode": "glft", "strategy": "adaptive", "inventory_skew_factor": 0.9},
    {"mode": "fixed", "fixed_half_ticks": 3.0, "num_levels": 1},
    {"stale_ms": 400.0, "order_size_usd": 240.0},
    {"daily_halt_frac": 0.0005, "daily_reduce_frac": 0.0002},
]


@pytest.fixture(scope="module")
def markets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Market]:
    folder = tmp_path_factory.mktemp("markets")
    return {
        "classic": write_market(folder, "BTC", 30, streams="classic"),
        "other": write_market(folder, "ETH", 20, streams="classic"),
        "modern": write_market(folder, "SOL", 100, streams="modern"),
        "full": write_market(folder, "XRP", 40, streams="full"),
    }


def run_of(played: Sequence[Market], sim: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a run of these markets is told, with a venue far away."""
    run = told(*((market, {}) for market in played), equity_interval_s=5.0, max_gap_s=60.0)
    run["sim"] |= SLOW | dict(sim or {})
    return run


def alone(run: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Replay one set by itself."""
    run = copy.deepcopy(run)
    for symbol in run["symbols"]:
        symbol["params"] |= own
    return play(run)


def swept(
    run: Mapping[str, Any],
    sets: Sequence[Mapping[str, Any]],
    threads: int = 1,
    stretch_rows: int | None = STRETCH_ROWS,
) -> tuple[Sweep, list[dict[str, Any]]]:
    """Sweep sets over a run, each meant for all symbols; the sweep with its fills, and its rows."""
    params = [{"params": [dict(own)] * len(run["symbols"])} for own in sets]
    wish = {"run": run, "sets": params, "threads": threads, "keep_fills": True}
    wish |= {} if stretch_rows is None else {"stretch_rows": stretch_rows}
    sweep = Sweep(json.dumps(wish))
    while not sweep.run(20_000)["done"]:
        pass
    return sweep, json.loads(sweep.results())


def assert_same(run: dict[str, Any], sets: list[dict[str, Any]], threads: Sequence[int]) -> None:
    """Hold figures and every column of fills of a sweep against replays of its sets."""
    singles = [alone(run, own) for own in sets]
    assert any(len(single["fills"]["px"]) for single in singles)
    for count in threads:
        sweep, rows = swept(run, sets, count)
        for number, single in enumerate(singles):
            assert rows[number] == single["summary"]["figures"], (count, number)
            mine = sweep.fills(number)
            for column, values in single["fills"].items():
                np.testing.assert_array_equal(mine[column], values, f"{count} {number} {column}")


CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "snapshots": (["classic"], {}),
    "two symbols on one account": (["classic", "other"], {"queue": "pow3:3"}),
    "three streams": (["modern"], {"queue": "log1:2"}),
    "every change, by orders": (["full"], {"queue": "qpn"}),
    "latency of the feed": (["classic"], {"latency": FEED}),
    "blocks": (["classic"], {"block_ns": 200_000_000}),
    "whole fills": (["full"], {"partial_fills": False, "through_fill": "full"}),
}


@pytest.mark.parametrize("name", CASES)
def test_every_set_ends_as_it_would_alone(name: str, markets: dict[str, Market]) -> None:
    places, sim = CASES[name]
    run = run_of([markets[place] for place in places], sim)
    assert alone(run, {})["summary"]["rows"] > ROWS_MIN
    assert_same(run, SETS, (1, 2, 4))


# A venue near enough that a step finds nothing under way.
NEAR = {"latency": {"model": "constant", "entry_ns": 20_000_000, "response_ns": 20_000_000}}
FIXED: dict[str, Any] = {
    "mode": "fixed",
    "num_levels": 1,
    "order_size_usd": 20.0,
    "actions_burst": 10_000,
    "actions_per_s": 10_000,
}
GRID = [
    FIXED | {"fixed_half_ticks": half, "fixed_skew_ticks": skew}
    for half in (1.0, 1.5, 2.0)
    for skew in (0.0, 1.0, 2.0)
]
# Sets of other limits, which stop some and not others while they go the same way.
STOPPED = [
    own | limits
    for limits in ({"mmp_fills": 3}, SETS[-1], {"gross_frac": 0.05})
    for own in GRID[::2]
]
# Orders that what is displayed may be too small for, some of them beyond all that is seen.
LARGE = [
    own | {"order_size_usd": 2_000.0, "max_position_usd": 6_000.0, "fixed_half_ticks": half}
    for half in (5.0, 40.0, 200.0)
    for own in GRID[:3]
]
ALIKE: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "snapshots": ("classic", {"queue": "pow3:3"}, GRID),
    "every change, by orders": ("full", {"queue": "qpn"}, GRID),
    "contexts, whole fills": ("modern", {"partial_fills": False, "through_fill": "full"}, GRID),
    "blocks": ("classic", {"block_ns": 30_000_000}, GRID),
    "limits": ("full", {}, STOPPED),
    "large and far": ("classic", {"block_ns": 30_000_000}, LARGE),
}


@pytest.mark.parametrize("name", ALIKE)
def test_sets_that_go_the_way_of_another_end_as_they_would_alone(
    name: str, markets: dict[str, Market]
) -> None:
    place, sim, sets = ALIKE[name]
    run = run_of([markets[place]], NEAR | sim)
    assert_same(run, sets, (1, 2))
    assert swept(run, sets, 2)[0].run(1)["followed"] > 10
    # In stretches of any length, their own among them.
    assert swept(run, sets, 2, 5_000)[1] == swept(run, sets, 1, None)[1]
    assert swept(run, sets[:1])[0].run(1)["followed"] == 0


def test_a_step_longer_than_the_first_look_changes_no_markout(markets: dict[str, Market]) -> None:
    assert_same(run_of([markets["classic"]]) | {"step_ms": 700.0}, SETS[:2], (1,))


def test_trades_at_the_end_of_a_tape_end_the_run(tmp_path: Path) -> None:
    # Trades that reach no order wake nobody, but for the last.
    end = START + 5 * MINUTE
    wish = {"symbol": "BTC", "seed": 5, "start": START, "streams": "classic"}
    rows = Synth(json.dumps(wish)).step_until(end)
    kept = (rows["ts_recv"] < end - 20 * SECOND) | (rows["kind"] == TRADE)
    assert np.ptp(rows["ts_exch"][kept & (rows["ts_recv"] >= end - 20 * SECOND)]) > 5 * SECOND
    market = write_rows(tmp_path, "BTC", {name: column[kept] for name, column in rows.items()})
    assert_same(run_of([market]) | {"equity_interval_s": 60.0}, [SETS[4]], (1,))


@pytest.mark.parametrize(
    # About one quote in two has the larger queue on its side; a last one stays while it is among
    # the rear half of its level.
    ("feature", "odds", "cut"),
    [("imb1_side", (30.0, -30.0), 0.0), ("ahead_frac", (-30.0, 30.0), 0.5)],
)
def test_a_set_with_a_fill_model_is_played_beside_the_others(
    feature: str, odds: tuple[float, float], cut: float, markets: dict[str, Market], tmp_path: Path
) -> None:
    model = one_split(tmp_path, *odds, cut=cut, feature=feature)
    wide = {"base_spread_bps": 6.0}
    sets = [wide, wide | {"fill_model": model}]
    run = run_of([markets["classic"]])
    with_model, without = (alone(run, own)["summary"]["figures"]["orders"] for own in sets[::-1])
    assert with_model != without
    assert_same(run, sets, (2,))


def test_fills_are_forgotten_unless_kept(markets: dict[str, Market]) -> None:
    wish = {"run": run_of([markets["classic"]]), "sets": [{"params": [{}]}], "threads": 1}
    sweep = Sweep(json.dumps(wish))
    while not sweep.run(10**9)["done"]:
        pass
    (row,) = json.loads(sweep.results())
    assert row["fills"] > len(sweep.fills(0)["px"])
    assert row["symbols"][0]["markout_bps"][1] is not None


def test_a_set_that_cannot_be_is_named(markets: dict[str, Market]) -> None:
    run = run_of([markets["classic"]])
    with pytest.raises(ArgumentError, match=r"set 1: .*did you mean `base_spread_bps`"):
        swept(run, [{}, {"base_spread_bp": 1.0}])
