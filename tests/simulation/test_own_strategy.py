"""Own strategy — a rule in Python trades as the shipped one; what it sees was heard, what it wants is checked."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botmm
from botmm.core import ArgumentError, OnStepError, Replay, read_tape
from tests.fakes.markets import MINUTE, SECOND, WIDE, Market, play, told, write_market
from tests.fakes.models import one_split
from tests.fakes.strategies import CAPITAL_USD, FIXED, LOTS, FixedRule, returning

Answer = Any
TRADE = 5  # kind of a row of a tape


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A market in which something happens at every step."""
    return write_market(tmp_path_factory.mktemp("busy"), "BTC", 40, seed=4, streams="full")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A market that is seen twice a second."""
    return write_market(tmp_path_factory.mktemp("calm"), "ETH", 40, seed=3, streams="classic")


def led(spec: dict[str, Any], *strategies: Any, chunk: int = 1 << 40) -> dict[str, Any]:
    """Run a spec to its end with strategies."""
    replay = Replay(json.dumps(spec), list(strategies))
    while not replay.run(chunk)["done"]:
        pass
    result = replay.result()
    return {**result, "summary": json.loads(result["summary"])}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for table in ("fills", "orders", "equity"):
        for name, column in one[table].items():
            assert column.tobytes() == other[table][name].tobytes(), (table, name)


@pytest.mark.parametrize("step_ms", [100.0, 1_000.0])
@pytest.mark.parametrize("name", ["busy", "calm"])
def test_the_shipped_rule_in_python_has_the_same_fills_orders_and_equity(
    name: str, step_ms: float, request: pytest.FixtureRequest
) -> None:
    market = request.getfixturevalue(name)
    spec = told((market, FIXED), account={"capital_usd": CAPITAL_USD}, step_ms=step_ms)
    shipped, own = play(spec), led(spec, FixedRule())
    assert len(shipped["fills"]["px"]) > 50
    assert_same(shipped, own)
    again = led(spec, FixedRule(), chunk=777)
    assert_same(own, again)


def test_each_symbol_has_its_own_strategy_and_the_account_is_shared(
    busy: Market, calm: Market
) -> None:
    spec = told((busy, FIXED), (calm, FIXED), account={"capital_usd": CAPITAL_USD})
    assert_same(play(spec), led(spec, FixedRule(), FixedRule()))
    with pytest.raises(ArgumentError, match="strategies: 1 for 2 symbols"):
        led(spec, FixedRule())


class Looking(FixedRule):
    """Quotes as the fixed rule, and notes what it saw."""

    depth = 4

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def on_step(self, view: Any) -> Any:
        names = [name for name in dir(view) if not name.startswith("_")]
        self.seen.append(
            {name: getattr(view, name) for name in names if name not in {"floor", "ceil"}}
        )
        return super().on_step(view)


def test_the_view_is_what_was_heard_by_the_step(busy: Market) -> None:
    strategy = Looking()
    spec = told((busy, FIXED), account={"capital_usd": CAPITAL_USD})
    run = led(spec, strategy)
    seen = strategy.seen
    times = np.array([row["time"] for row in seen])
    assert (np.diff(times) >= 100_000_000).all()
    assert (times % 100_000_000 == 0).all()
    for row in seen[::50]:
        assert row["heard"] <= row["time"]
        assert (row["bid_px"][0], row["ask_px"][0]) == (row["bid"], row["ask"])
        assert (row["bid_size"][0], row["ask_size"][0]) == (row["bid_lots"], row["ask_lots"])
        assert row["bid"] <= row["micro"] <= row["ask"]
        assert row["mid"] == (row["bid"] + row["ask"]) / 2
        assert (np.diff(row["bid_px"]) < 0).all()
        assert (np.diff(row["ask_px"]) > 0).all()
        assert len(row["bid_px"]) <= 4
        assert row["bid_px"].dtype == np.int64
        assert (row["px_decimals"], row["size_decimals"]) == (1, 5)
    tape = read_tape(str(busy.path))
    trades = (tape["kind"] == TRADE) & (tape["ts_recv"] > times[0])
    trades &= tape["ts_recv"] <= times[-1]
    for name, column in (("trade_px", "px"), ("trade_size", "qty"), ("trade_side", "side")):
        got = np.concatenate([row[name] for row in seen[1:]])
        assert np.array_equal(got, tape[column][trades]), name
    for row in seen[1:]:
        assert (row["trade_time"] <= row["time"]).all()
        assert row["bought"] + row["sold"] == row["trade_size"].sum()
    fills = run["fills"]
    known = fills["ts_recv"] <= times[-1]
    told_of = {name: np.concatenate([row[name] for row in seen]) for name in FILLS}
    for name, column in FILLS.items():
        assert np.array_equal(told_of[name], fills[column][known]), name
    signed = np.cumsum([int((row["fill_side"] * row["fill_size"]).sum()) for row in seen])
    assert np.array_equal(signed, [row["position"] for row in seen])


FILLS = {"fill_time": "ts_recv", "fill_px": "px", "fill_size": "qty", "fill_side": "side"}


def test_later_data_changes_no_earlier_step(busy: Market, tmp_path: Path) -> None:
    """The same market, but for what comes in its second half."""
    other = write_market(tmp_path, "BTC", 20, seed=4, streams="full")
    looks = []
    for market in (busy, other):
        strategy = Looking()
        led(told((market, FIXED), account={"capital_usd": CAPITAL_USD}), strategy)
        looks.append(strategy.seen)
    end = min(looks[0][0]["time"] + 19 * MINUTE, looks[1][-1]["time"])
    early = [[row for row in seen if row["time"] < end] for seen in looks]
    assert len(early[0]) == len(early[1]) > 10_000
    for one, two in zip(*early, strict=True):
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_open_orders_are_shown_as_the_maker_knows_them(busy: Market) -> None:
    strategy = Looking()
    led(told((busy, FIXED), account={"capital_usd": CAPITAL_USD}, step_ms=50.0), strategy)
    first, second = strategy.seen[0], strategy.seen[1]
    assert len(first["order_px"]) == 0
    assert sorted(second["order_side"]) == [-1, 1]
    assert set(second["order_left"]) == {LOTS}
    assert set(second["order_state"]) == {0}
    states = {int(state) for row in strategy.seen for state in row["order_state"]}
    assert {0, 1, 2} <= states


def test_the_gate_refuses_what_a_strategy_wants_beyond_its_limits(busy: Market) -> None:
    greedy = returning(lambda view: ((view.bid, 10_000_000), None))
    run = led(told((busy, WIDE)), greedy)
    own = run["summary"]["symbols"][0]
    assert len(run["orders"]["px"]) == 0
    assert own["refusals"], "the gate says what it refused"


def test_a_size_of_zero_and_none_want_nothing(busy: Market) -> None:
    for answer in (
        lambda view: (None, ()),
        lambda view: ((view.bid, 0), np.empty((0, 2), np.int64)),
        lambda view: ([], np.zeros(0)),
    ):
        run = led(told((busy, WIDE)), returning(answer))
        assert len(run["orders"]["px"]) == 0


def test_every_spelling_of_the_same_quotes_is_the_same(busy: Market) -> None:
    def quotes(view: Any) -> list[list[int]]:
        step = view.tick
        return [[view.bid - step, 50], [view.bid - 2 * step, 60]]

    spellings: list[Answer] = [
        lambda view: (quotes(view), None),
        lambda view: [tuple(map(tuple, quotes(view))), []],
        lambda view: (np.array(quotes(view)), None),
        lambda view: (np.array(quotes(view), float), None),
        lambda view: (np.asfortranarray(quotes(view)), None),
        lambda view: ([(float(px), np.int64(lots)) for px, lots in quotes(view)], ()),
    ]
    runs = [led(told((busy, WIDE)), returning(spelling)) for spelling in spellings]
    assert len(runs[0]["orders"]["px"]) > 10
    for run in runs[1:]:
        assert_same(runs[0], run)


WRONG: dict[str, tuple[Answer, str]] = {
    "none": (lambda v: None, r"returned None: two sides \(bids, asks\) are expected"),
    "one side": (lambda v: ((v.bid, 1),), r"two sides \(bids, asks\) are expected"),
    "four numbers": (lambda v: (v.bid, 1, v.ask, 1), r"two sides \(bids, asks\) are expected"),
    "a text": (lambda v: ("bid", None), r"bids: None, \(price, lots\) or rows of these"),
    "a triple": (lambda v: ((v.bid, 1, 1), None), r"bids: None, \(price, lots\) or rows"),
    "a triple in rows": (lambda v: (None, [(v.ask, 1, 1)]), r"asks: row 0: \(price, lots\) is"),
    "shape": (lambda v: (np.ones((2, 3)), None), r"bids: an array of shape \[2, 3\]"),
    "dtype": (lambda v: (np.ones(2, np.int32), None), r"bids: an array of int32; int64 or"),
    "nan": (lambda v: ((float("nan"), 1), None), r"bids: price NaN is no whole number"),
    "nan in an array": (lambda v: (None, np.array([[v.ask, np.nan]])), r"asks: row 0: size NaN"),
    "infinite": (lambda v: ((float("inf"), 1), None), r"bids: price inf is no whole number"),
    "a half": (lambda v: ((v.bid - 0.5, 1), None), r"bids: price \d+\.5 is no whole number"),
    "no number": (lambda v: ((v.bid, "1"), None), r"bids: size '1' is no number"),
    "too large": (lambda v: ((10**30, 1), None), r"bids: price 1000\d* is no whole number"),
    "off grid": (lambda v: ((v.bid - 1, 1), None), r"bid 0: price \d+ is off the grid, between"),
    "not positive": (lambda v: ((0, 1), None), r"bid 0: price 0 is not positive"),
    "negative size": (lambda v: (None, (v.ask, -5)), r"ask 0: size -5 is negative"),
    "order": (
        lambda v: ([(v.bid - v.tick, 1), (v.bid, 1)], None),
        r"bid 1: price \d+ is not farther out than the \d+ before it",
    ),
    "own cross": (lambda v: ((v.bid, 1), (v.bid, 1)), r"the bid of \d+ is not below the ask of"),
    "levels": (
        lambda v: (np.array([[v.bid - i * v.tick, 1] for i in range(9)]), None),
        r"bids: 9 levels, at most 8 are allowed",
    ),
    "raises": (lambda v: 1 / 0, r"raised ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_return_ends_the_run_naming_step_and_value(name: str, calm: Market) -> None:
    answer, text = WRONG[name]
    late = {"left": 100, "time": 0}

    def later(view: Any) -> Any:
        late["left"] -= 1
        late["time"] = view.time
        return (None, None) if late["left"] > 0 else answer(view)

    with pytest.raises(OnStepError, match=text) as caught:
        led(told((calm, WIDE)), returning(later))
    assert f"step {late['time']} (" in str(caught.value)
    assert late["left"] == 0, "the run ends at once"
    cause = caught.value.__cause__
    assert isinstance(cause, ZeroDivisionError) == (name == "raises")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_comes_out_as_it_is(kind: type[BaseException], calm: Market) -> None:
    def stop(view: Any) -> Any:
        raise kind

    with pytest.raises(kind):
        led(told((calm, WIDE)), returning(stop))


def test_nothing_is_asked_in_warm_up_nor_in_a_silence(tmp_path: Path) -> None:
    market = write_market(tmp_path, "SOL", 5)
    asked: list[tuple[int, int]] = []

    def note(view: Any) -> Any:
        asked.append((view.time, view.time - view.heard))
        return None, None

    spec = told((market, {**WIDE, "stale_ms": 2_000.0}), warmup_ns=2 * MINUTE)
    led(spec, returning(note))
    first = int(read_tape(str(market.path))["ts_recv"][0])
    assert asked[0][0] >= first + 2 * MINUTE
    assert max(silence for _, silence in asked) <= 2 * SECOND


def test_prices_go_to_the_grid_both_ways(calm: Market) -> None:
    def look(view: Any) -> Any:
        step = view.tick
        assert view.floor(view.bid + 0.5) == view.bid
        assert view.ceil(view.bid + 0.5) == view.bid + step
        assert view.floor(view.bid) == view.ceil(view.bid) == view.bid
        for wrong in (float("nan"), float("inf"), -1.0):
            with pytest.raises(ValueError, match="price"):
                view.floor(wrong)
            with pytest.raises(ValueError, match="price"):
                view.ceil(wrong)
        return None, None

    led(told((calm, WIDE)), returning(look))


def test_a_fill_model_beside_a_strategy_is_refused(calm: Market, tmp_path: Path) -> None:
    model = one_split(tmp_path, 30.0, 30.0, cut=0.0)
    with pytest.raises(ArgumentError, match="fill_model: judges the shipped quotes only"):
        led(told((calm, {"fill_model": model})), FixedRule())


def test_steps_are_quick(busy: Market) -> None:
    """A loose bound: the measured figure stands in docs/PERFORMANCE.md."""
    strategy = FixedRule()
    began = time.process_time()
    led(told((busy, FIXED), account={"capital_usd": CAPITAL_USD}), strategy)
    seconds = time.process_time() - began
    assert 40 * 600 / seconds > 20_000


def test_the_base_class_says_what_is_missing(calm: Market) -> None:
    with pytest.raises(OnStepError, match="raised NotImplementedError: Strategy needs an on_step"):
        led(told((calm, WIDE)), botmm.Strategy())
