"""Tally — medians of long runs come from an even, bounded sample."""

import numpy as np
import pytest

from botmm.report.tally import SAMPLE_MAX, OrderTally, Sample


def test_a_sample_stays_bounded_and_even() -> None:
    sample, all_values = Sample(), np.arange(1_000_000, dtype=np.float64)
    for piece in np.array_split(all_values, 37):
        sample.add(piece)
    assert len(sample.values) <= SAMPLE_MAX
    assert np.array_equal(sample.values, all_values[:: sample.stride])
    assert sample.median() == pytest.approx(500_000, rel=1e-3)


def test_nothing_has_no_median() -> None:
    assert Sample().median() is None
    assert OrderTally().life_median_s(0) is None
    assert OrderTally().ahead_median(0) is None


def test_only_orders_that_rested_and_ended_count() -> None:
    tally = OrderTally()
    tally.add(
        {
            "symbol": np.array([0, 0, 0, 1], np.uint16),
            "status": np.array([1, 2, 3, 2], np.uint8),
            "ts_venue": np.array([10**9, 10**9, 10**9, 0]),
            "ts_done": np.array([2 * 10**9, 4 * 10**9, 9 * 10**9, 9 * 10**9]),
            "ahead": np.array([5.0, np.nan, 7.0, 1.0]),
            "px": np.array([10, 10, 10, 10]),
        }
    )
    assert tally.life_median_s(0) == 2.0
    assert tally.ahead_median(0) == 50.0
    assert tally.life_median_s(1) is None
