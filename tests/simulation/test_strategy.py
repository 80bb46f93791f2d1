"""Strategy — the whole strategy in a replay: what each part changes, and that skipped steps change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError
from tests.fakes.markets import MINUTE, WIDE, Market, play, told, write_market
from tests.fakes.specs import START

ADAPTIVE = {"strategy": "adaptive", "compound": True, "funding_weight": 1.0, **WIDE}


@pytest.fixture(scope="module")
def eth(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A market that is seen twice a second, so that most steps may be left out."""
    return write_market(tmp_path_factory.mktemp("eth"), "ETH", 200, seed=3, streams="classic")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A market in which something happens at every step."""
    return write_market(tmp_path_factory.mktemp("busy"), "BTC", 200, seed=4, streams="full")


def of_first(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    mine = columns["symbol"] == 0
    return {name: column[mine] for name, column in columns.items()}


@pytest.mark.parametrize(
    "params",
    [
        {"base_spread_bps": 1.0, "min_edge_bps": 0.0, **WIDE},
        ADAPTIVE,
        {**ADAPTIVE, "age_touch_s": 20.0, "age_taker_exit": True, "age_taker_s": 60.0},
        {**WIDE, "mode": "glft", "sizer": "on", "auto_tune": "on"},
        {**WIDE, "mmp_fills": 2, "mmp_window_s": 60.0, "mmp_freeze_s": 21.3, "mmp_widen_s": 90.7},
    ],
    ids=["basic", "adaptive", "exits", "glft", "protected"],
)
def test_a_busy_neighbour_changes_no_fill(
    eth: Market, busy: Market, params: dict[str, Any]
) -> None:
    silent = {**WIDE, "min_notional_usd": 1e6}
    alone = play(told((eth, params)))
    beside = play(told((eth, params), (busy, silent)))
    assert len(alone["fills"]["px"]) > 20
    for table in ("fills", "orders"):
        mine = of_first(beside[table])
        for name, column in alone[table].items():
            assert column.tobytes() == mine[name].tobytes(), (table, name)


def test_each_part_of_the_strategy_changes_the_quotes(eth: Market) -> None:
    base = {"bias_strength": 0.0, "toxicity": False, **WIDE}
    parts: dict[str, dict[str, Any]] = {
        "bias": {"bias_strength": 1.0},
        "toxicity": {"toxicity": True},
        "regime and age": {"strategy": "adaptive", "sizer": "off", "auto_tune": "off"},
        "sizer": {"sizer": "on"},
        "tuner": {"auto_tune": "on"},
    }
    plain = play(told((eth, base)))["orders"]
    for name, part in parts.items():
        orders = play(told((eth, base | part)))["orders"]
        same = len(orders["px"]) == len(plain["px"]) and all(
            np.array_equal(orders[key], plain[key]) for key in ("px", "qty", "ts_sent")
        )
        assert not same, name


def test_what_is_not_ready_is_named(tmp_path: Path) -> None:
    short = write_market(tmp_path, "SOL", 3)
    run = play(told((short, {"strategy": "adaptive"})))
    names = " ".join(run["summary"]["symbols"][0]["not_ready"])
    for name in ("bias (needs 73", "toxicity of bids (needs 10 scored fills", "toxicity of asks"):
        assert name in names
    off = {"strategy": "basic", "bias_strength": 0.0, "toxicity": False}
    assert play(told((short, off)))["summary"]["symbols"][0]["not_ready"] == []


def test_the_tuner_acts_at_the_end_of_an_hour(eth: Market) -> None:
    run = play(told((eth, {"auto_tune": "on", "base_spread_bps": 30.0, "vol_multiplier": 0.0})))
    events = run["summary"]["symbols"][0]["tuner"]
    assert events, "hardly anything fills at such a spread, so the tuner tightens"
    assert {name for _, name in events} == {"tighten"}
    assert all(ts % (60 * MINUTE) < 10 * 10**9 for ts, _ in events)


def test_glft_quotes_with_the_intensity_that_trades_show(eth: Market, tmp_path: Path) -> None:
    base = {"bias_strength": 0.0, "toxicity": False}
    run = play(told((eth, base | {"mode": "glft"})))
    found = run["summary"]["symbols"][0]["intensity"]
    assert found["status"] == "ok"
    assert found["a"] > 0
    assert 0.01 <= found["k"] <= 10
    given = play(told((eth, base | {"mode": "glft", "intensity": "given"})))
    assert not np.array_equal(run["orders"]["px"], given["orders"]["px"])
    short = write_market(tmp_path, "SOL", 3)
    fallback = play(told((short, base | {"mode": "glft"})))
    names = " ".join(fallback["summary"]["symbols"][0]["not_ready"])
    assert "fill intensity (too_few_points; quoted in bps instead)" in names
    bps = play(told((short, base)))
    assert np.array_equal(fallback["orders"]["px"], bps["orders"]["px"])


def test_many_fills_pull_the_quotes_and_the_report_says_so(eth: Market) -> None:
    rules = {"mmp_net_orders": 1.5, "mmp_window_s": 120.0, "mmp_freeze_s": 60.0}
    run = play(told((eth, {**WIDE, **rules})))
    changes = [row for row in run["summary"]["breakers"] if "net filled" in row["cause"]]
    assert changes
    sent = run["orders"]["ts_sent"]
    for row in changes:
        assert (row["state"], row["symbol"]) == ("Halted", 0)
        frozen = (sent > row["ts"]) & (sent < row["ts"] + MINUTE)
        assert not frozen.any(), "nothing is placed in the freeze"


def minutes(count: int, slope: float) -> list[list[float]]:
    """Return candles of a market that moved steadily up to START."""
    first = START // 1_000_000 - count * 60_000
    rows = []
    for minute in range(count):
        close = 180.0 + slope * (minute - count) + [0.0, 0.05, -0.03][minute % 3]
        rows.append([first + minute * 60_000, close, close + 0.1, close - 0.1, close, 1.0])
    return rows


def test_candles_warm_the_signals_before_the_first_quote(tmp_path: Path) -> None:
    short = write_market(tmp_path, "SOL", 4)
    params = {"toxicity": False, "bias_strength": 2.0, "strategy": "adaptive", "sizer": "off"}
    cold = told((short, params))
    runs = {}
    for name, slope in (("up", 0.05), ("down", -0.05)):
        warm = told((short, params))
        warm["symbols"][0]["candles"] = minutes(120, slope)
        runs[name] = play(warm)
        assert runs[name]["summary"]["symbols"][0]["not_ready"] == []
    first = int(runs["up"]["orders"]["ts_sent"].min())
    assert first < START + 10**9, "quotes from the first second"
    asleep = play(cold)
    assert int(asleep["orders"]["ts_sent"].min()) > START + 100 * 10**9, "20 samples of 5 s"

    def bid(run: dict[str, Any]) -> int:
        orders = run["orders"]
        at = (orders["side"] > 0) & (orders["level"] == 0) & (orders["ts_sent"] == first)
        return int(orders["px"][at][0])

    assert bid(runs["up"]) > bid(runs["down"]), "a rising market is bid for"


def test_candles_out_of_order_are_refused(tmp_path: Path) -> None:
    spec = told((write_market(tmp_path, "SOL", 1), {}))
    spec["symbols"][0]["candles"] = minutes(3, 0.0)[::-1]
    with pytest.raises(ArgumentError, match="minute 1770854280000 of SOL is unsound or out"):
        play(spec)
