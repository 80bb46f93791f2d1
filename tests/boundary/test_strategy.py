"""Strategy — what crosses into the core's signals and adaptation, and what is refused there."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from botmm import core

NONE = np.zeros(0)
ONE = np.ones(1)


def candles(rows: int) -> tuple[Any, Any]:
    """Return open times and columns of a walk."""
    close = 100.0 + np.cumsum(np.random.default_rng(1).normal(size=rows))
    columns = (close.copy(), close + 1.0, close - 1.0, close, np.full(rows, 3.0))
    return np.arange(rows, dtype=np.int64) * 60_000_000_000, columns


def test_features_are_a_table_of_doubles_named_in_order() -> None:
    times, columns = candles(50)
    quotes = [(10, 1, 99.0), (10, -1, 101.0), (49, 1, 98.0)]
    rows = core.candle_features(times, columns, quotes)
    assert (rows.dtype, rows.shape) == (np.dtype(np.float64), (3, 15))
    assert len(core.CANDLE_FEATURES) == len(core.TICK_FEATURES) == 15
    early = core.candle_features(times[:11], tuple(c[:11].copy() for c in columns), quotes[:2])
    assert np.array_equal(early, rows[:2]), "later candles change nothing"
    assert core.candle_features(times, columns, []).shape == (0, 15)


def test_what_is_not_there_yet_is_none() -> None:
    assert core.average_true_range(ONE, ONE, ONE) == [None]
    assert core.qqe(ONE, 14, 5, 4.236)["line"] == [None]
    assert core.noise_by_likelihood(ONE) is None
    assert core.noise_by_moments(NONE) is None
    assert core.regimes(np.array([np.nan, 1.0])) == [None, "normal"]
    assert core.Toxicity().side(1) == {"value": None, "fills": 0, "multiplier": 1.0}
    assert core.vpin([], 1.0, 1) == []


def test_ticks_score_after_a_minute_and_unknown_ranges_are_skipped() -> None:
    toxicity = core.Toxicity()
    toxicity.on_mid(0, 99.0)
    toxicity.on_fill(0, 1, 100.0, 1.0)
    toxicity.on_fill(0, 1, 100.0, None)
    toxicity.settle(60_000_000_000)
    assert toxicity.side(1) == {"value": 1.0, "fills": 1, "multiplier": 1.0}
    toxicity.on_fill(60_000_000_000, -1, 100.0, 1.0)
    toxicity.on_gap()
    assert (toxicity.side(-1)["fills"], toxicity.skipped) == (0, 2)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: core.toxicity_score(2, 1.0, 1.0, 1.0), "side: must be 1 or -1, had 2"),
        (lambda: core.Toxicity(0), "bar_ns: must be above 0"),
        (lambda: core.Toxicity().on_fill(0, 0, 1.0, 1.0), "side: must be 1 or -1, had 0"),
        (lambda: core.vpin([], 0.0, 5), "bucket: must be above 0"),
        (lambda: core.vpin([], 1.0, 0), "n: must be from 1"),
        (lambda: core.vpin([(3, 1.0)], 1.0, 1), "side: must be 1 or -1, had 3"),
        (lambda: core.average_true_range(ONE, ONE, NONE), "the columns differ in length"),
        (lambda: core.fit_intensity(ONE, np.empty(0), 9.0), "counts: 0 values where deltas has 1"),
        (lambda: core.qqe(ONE, 0, 5, 4.236), "lengths must be from 1"),
        (lambda: core.kalman_level(np.array([np.nan]), 1.0, 1.0), "values: must be numbers"),
        (lambda: core.kalman_trend(ONE, (1.0, 1.0, 1.0), 0.0), "dt above 0"),
        (lambda: core.Tuner(-1.0, 0.3), "base: must be 0 or more"),
        (lambda: core.Tuner(1.0, float("nan")), "base: must be 0 or more"),
        (lambda: core.candle_features(*candles(5), [(5, 1, 1.0)]), "candle 5 is not there"),
        (lambda: core.candle_features(*candles(5), [(3, 1, 1.0), (2, 1, 1.0)]), "is behind"),
        (lambda: core.candle_features(*candles(5), [(1, 1, float("nan"))]), "candle 1: no sound"),
        (lambda: core.candle_features(candles(4)[0], candles(5)[1], []), "differ in length"),
    ],
)
def test_what_is_outside_its_domain_is_refused(call: Callable[[], Any], why: str) -> None:
    with pytest.raises(core.ArgumentError, match=why):
        call()
