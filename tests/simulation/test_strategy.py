"""Strategy — the whole strategy in a replay: what each part changes, and that skipped steps change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError, Replay
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


@pytest.mark.parametrize(
    "params",
    [
        {"strategy": "adaptive", "funding_weight": 2.0, "num_levels": 4, "bias_strength": 1.0},
        {"mode": "glft", "max_spread_bps": 4.0},
        {"max_spread_bps": 2.0, "fee_floor": True, "min_edge_bps": 2.0},
        {"mode": "fixed", "fixed_half_ticks": 7.0, "fixed_skew_ticks": 2.0},
    ],
    ids=["adaptive", "glft", "capped", "fixed"],
)
def test_the_terms_of_a_quote_add_up_to_its_price(eth: Market, params: dict[str, Any]) -> None:
    replay = Replay(json.dumps(told((eth, params | WIDE))))
    explained: set[str] = set()
    for second in range(300, 9_000, 97):
        row = json.loads(replay.why(START + second * 10**9 + 123_456_789))["symbols"][0]
        scale = 10 ** (row["term_decimals"] - row["px_decimals"])
        for side, away in (("bids", -1), ("asks", 1)):
            for quote in row[side]["quotes"]:
                terms = dict(quote["terms"])
                if not terms:
                    assert quote["state"] != "working"
                    continue
                assert sum(terms.values()) == quote["px"] * scale
                step = 10 * scale  # ETH above 1,000 moves in tenths: ten units of 0.01
                assert 0 <= away * terms.get("rounding to the grid", 0) < step
                for name in ("base half spread", "fee floor", "level"):
                    assert away * terms.get(name, 0) >= 0
                explained |= set(terms)
            assert bool(row[side]["quotes"]) == (row[side]["absent"] is None)
    assert {"fair price", "inventory skew"} <= explained


def test_playing_to_a_time_changes_nothing(eth: Market) -> None:
    spec = told((eth, {"strategy": "adaptive"}))
    plain = play(spec)
    replay = Replay(json.dumps(spec))
    for minute in range(0, 150, 7):
        replay.why(START + minute * MINUTE)
    while not replay.run(1_000_000)["done"]:
        pass
    for name, column in replay.result()["fills"].items():
        assert column.tobytes() == plain["fills"][name].tobytes(), name


def test_an_absent_side_has_its_reason(eth: Market, tmp_path: Path) -> None:
    def absent(params: dict[str, Any], second: int) -> list[str | None]:
        run = Replay(json.dumps(told((eth, params))))
        row = json.loads(run.why(START + second * 10**9))["symbols"][0]
        return [row[side]["absent"] for side in ("bids", "asks")]

    early = absent({}, 50)
    assert early == ["the volatility is not known yet: it needs 20 samples of 5 s"] * 2
    tiny = absent({"min_notional_usd": 1e5}, 600)
    assert all("or less than the smallest order" in str(text) for text in tiny)
    frozen = {"mmp_fills": 1, "mmp_freeze_s": 86_400.0}
    first = int(play(told((eth, frozen)))["fills"]["ts_recv"][0])
    halted = absent(frozen, (first - START) // 10**9 + 20)
    assert halted == ["halted: 1 fills within the window"] * 2
