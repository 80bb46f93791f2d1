"""Bootstrap — intervals cover what they should, and are withheld where blocks are too few."""

import numpy as np

from botmm.report.bootstrap import BLOCK_NS, block_ids, block_sums, ratio_intervals, total_interval


def test_blocks_are_ten_minutes() -> None:
    ts = np.array([0, BLOCK_NS - 1, BLOCK_NS, 5 * BLOCK_NS])
    assert block_ids(ts).tolist() == [0, 0, 1, 5]
    sums = block_sums(np.array([1.0, 2.0, 3.0, 4.0]), block_ids(ts))
    assert sums.tolist() == [3.0, 3.0, 4.0]


def test_the_interval_of_a_sum_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    blocks = np.arange(60).repeat(5)
    hits = 0
    for _ in range(100):
        block_effect = rng.normal(0.1, 1.0, 60).repeat(5)  # rows of a block move together
        interval = total_interval(block_effect, blocks, rng)
        assert interval is not None
        hits += interval.low <= 0.1 * 300 <= interval.high
    assert 85 <= hits <= 100


def test_rows_that_move_together_do_not_count_as_many() -> None:
    rng = np.random.default_rng(7)
    effect = rng.normal(0.0, 1.0, 40).repeat(50)
    together = total_interval(effect, np.arange(40).repeat(50), rng)
    apart = total_interval(effect, np.arange(2000), rng)
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 4 * (apart.high - apart.low)


def test_few_blocks_give_no_interval() -> None:
    rng = np.random.default_rng(7)
    assert total_interval(np.ones(11), np.arange(11), rng) is None
    tops = np.ones((30, 2))
    bottoms = np.column_stack([np.ones(30), np.r_[np.ones(11), np.zeros(19)]])
    first, second = ratio_intervals(tops * bottoms, bottoms, rng)
    assert first is not None
    assert (first.low, first.high) == (1.0, 1.0)
    assert second is None
