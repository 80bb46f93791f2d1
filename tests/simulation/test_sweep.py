"""Sweep — every set ends as it would alone, to the last bit, on any number of threads."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError, Replay, Sweep
from tests.fakes.tapes import write_market

MINUTE = 60 * 10**9
# More than two stretches of the core, so that orders, replies and markouts go over their ends.
ROWS_MIN = 70_000
CONSTANT = {"model": "constant", "entry_ns": 300_000_000, "response_ns": 150_000_000}
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
def tapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tapes")
    return {
        "classic": write_market(folder / "BTC.parquet", 30, symbol="BTC", streams="classic"),
        "other": write_market(folder / "ETH.parquet", 20, symbol="ETH", streams="classic"),
        "modern": write_market(folder / "SOL.parquet", 100, symbol="SOL", streams="modern"),
        "full": write_market(folder / "XRP.parquet", 40, symbol="XRP", streams="full"),
    }


def run_of(paths: list[Path], **sim: Any) -> dict[str, Any]:
    """Return what a run over tapes is told."""
    return {
        "symbols": [
            {"symbol": path.stem, "venue": "hyperliquid", "tapes": [str(path)], "params": {}}
            for path in paths
        ],
        "account": {"capital_usd": 1_000.0},
        "sim": {
            "queue": "risk-averse",
            "latency": CONSTANT,
            "partial_fills": True,
            "through_fill": "volume",
            "block_ns": 0,
            **sim,
        },
        "fees": {"maker": 0.00015, "taker": 0.00045},
        "from": None,
        "to": None,
        "warmup_ns": 0,
        "step_ms": 100.0,
        "equity_interval_s": 5.0,
        "max_gap_s": 60.0,
        "seed": 1,
    }


def alone(run: dict[str, Any], own: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Replay one set by itself; its fills, its figures and the rows read."""
    told = copy.deepcopy(run)
    for symbol in told["symbols"]:
        symbol["params"] |= own
    core = Replay(json.dumps(told))
    while not (at := core.run(50_000))["done"]:
        pass
    result = core.result()
    figures = json.loads(result["summary"])["figures"]
    return dict(result["fills"]), figures, int(at["rows"])


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
def test_every_set_ends_as_it_would_alone(name: str, tapes: dict[str, Path]) -> None:
    symbols, sim = CASES[name]
    run = run_of([tapes[symbol] for symbol in symbols], **sim)
    singles = [alone(run, own) for own in SETS]
    assert singles[0][2] > ROWS_MIN
    assert sum(len(fills["px"]) > 0 for fills, _, _ in singles) >= len(SETS) - 1
    sets = [{"params": [own] * len(symbols)} for own in SETS]
    for threads in (1, 2, 4):
        told = {"run": run, "sets": sets, "threads": threads, "keep_fills": True}
        sweep = Sweep(json.dumps(told))
        while not sweep.run(20_000)["done"]:
            pass
        rows = json.loads(sweep.results())
        for number, (fills, figures, _) in enumerate(singles):
            assert rows[number] == figures, (threads, number)
            mine = sweep.fills(number)
            for column, values in fills.items():
                np.testing.assert_array_equal(mine[column], values, f"{threads} {number} {column}")


def test_a_step_longer_than_the_first_look_changes_no_markout(tapes: dict[str, Path]) -> None:
    run = run_of([tapes["classic"]]) | {"step_ms": 700.0}
    fills, figures, _ = alone(run, {})
    told = {"run": run, "sets": [{"params": [{}]}], "threads": 1, "keep_fills": True}
    sweep = Sweep(json.dumps(told))
    while not sweep.run(10**9)["done"]:
        pass
    assert json.loads(sweep.results()) == [figures]
    mine = sweep.fills(0)
    assert all(np.array_equal(mine[name], values) for name, values in fills.items())


def test_fills_are_forgotten_unless_kept(tapes: dict[str, Path]) -> None:
    told = {"run": run_of([tapes["classic"]]), "sets": [{"params": [{}]}], "threads": 1}
    sweep = Sweep(json.dumps(told))
    while not sweep.run(10**9)["done"]:
        pass
    (row,) = json.loads(sweep.results())
    assert row["fills"] > len(sweep.fills(0)["px"])
    assert row["symbols"][0]["markout_bps"][1] is not None


def test_a_set_that_cannot_be_is_named(tapes: dict[str, Path]) -> None:
    run = run_of([tapes["classic"]])
    told = {"run": run, "sets": [{"params": [{}]}, {"params": [{"base_spread_bp": 1.0}]}]}
    with pytest.raises(ArgumentError, match=r"set 1: .*did you mean `base_spread_bps`"):
        Sweep(json.dumps(told))
