"""Queue truth — fill curves, results of quotes and repaired levels, against small cases by hand."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from backtest.studies.queue_truth.blocks import Blocks, interval
from backtest.studies.queue_truth.levels import LUMP, Repair, read_lobster_levels
from backtest.studies.queue_truth.messages import ADD, CUT, TRADE, takers_own
from backtest.studies.queue_truth.mids import BookMids, Mids, mids_of_messages
from backtest.studies.queue_truth.outcome import (
    Outcome,
    curve_gap,
    outcome,
    per_fill,
    per_quote,
    survival,
)
from scipy.stats import CensoredData, ecdf

SECOND = 10**9


def curve(seconds: list[float], filled: list[bool]) -> np.ndarray:
    where = np.zeros(len(seconds), np.int64)
    return survival(np.array(seconds), np.array(filled), where, np.ones((1, 1)))[0]


def test_an_order_censored_between_two_fills_leaves_the_set_at_risk() -> None:
    # Four orders: filled at 10 s (3 of 4 are left), censored at 20 s, filled at 30 s (1 of 2 is
    # left), censored at 60 s.
    found = curve([10.0, 20.0, 30.0, 60.0], [True, False, True, False])
    assert found[99] == 1.0
    assert found[100] == found[299] == 0.75
    assert found[300] == found[599] == 0.375


def test_curves_are_those_of_scipy_which_has_no_weights() -> None:
    rng = np.random.default_rng(4)
    seconds, filled = rng.integers(1, 600, 200) / 10, rng.random(200) < 0.6
    where = rng.integers(0, 5, 200)
    times = np.array([2.0, 0.0, 1.0, 3.0, 1.0])
    found = survival(seconds, filled, where, times[None, :])[0]
    drawn = np.repeat(np.arange(200), times[where].astype(int))
    seconds, filled = seconds[drawn], filled[drawn]
    data = CensoredData(uncensored=seconds[filled], right=seconds[~filled])
    right = ecdf(data).sf.evaluate(np.arange(600) / 10 + 1e-6)
    assert found == pytest.approx(right, abs=1e-12)


def test_a_fill_six_seconds_late_of_one_in_two_orders_costs_three_seconds() -> None:
    def of(seconds: list[float]) -> Outcome:
        return Outcome(np.array(seconds), np.array([True, True]), {})

    blocks = Blocks(np.zeros(2, np.int64))
    signed, absolute = curve_gap(of([10.0, 20.0]), of([16.0, 20.0]), np.ones(2, bool), blocks)
    assert signed[0] == pytest.approx(-3.0)
    assert absolute[0] == pytest.approx(3.0)
    early, size = curve_gap(of([10.0, 20.0]), of([13.0, 17.0]), np.ones(2, bool), blocks)
    assert early[0] == pytest.approx(0.0)
    assert size[0] == pytest.approx(3.0)


def test_results_of_a_bid_and_an_ask() -> None:
    mids = Mids(np.array([0, 12, 40, 200]) * SECOND, np.array([1_001.0, 1_002.0, 999.0, 998.0]))
    ghosts = {
        "ts": np.array([1, 1, 1, 150]) * SECOND,
        "side": np.array([1, -1, 1, 1]),
        "px": np.array([1_000, 1_003, 900, 990]),
        "ended": np.array([71, 71, 71, 199]) * SECOND,
    }
    said = outcome(ghosts, np.array([10, 38, 65, 160]) * SECOND, mids)
    # The bid at 1,000 is worth 1,002 five seconds later: 20 bp; the ask at 1,003 is bought back
    # at 999. The third is filled after 64 s, when it is no quote any more; of the last one's
    # minute the recording ends too early.
    assert said.filled.tolist() == [True, True, False, True]
    assert said.seconds.tolist() == [9.0, 37.0, 60.0, 10.0]
    assert said.results[5][:3] == pytest.approx([20.0, 4 / 1_003 * 1e4, 0.0])
    assert said.results[60][0] == pytest.approx(-10.0)
    assert np.isnan(said.results[5][3])
    blocks = Blocks(ghosts["ts"])
    every = np.ones(4, bool)
    total = 20.0 + 4 / 1_003 * 1e4
    assert per_quote(said, 5, every, blocks)[0] == pytest.approx(total / 3)
    assert per_fill(said, 5, every, blocks)[0] == pytest.approx(total / 2)


def test_mids_before_the_first_and_after_the_last_are_not_known() -> None:
    mids = Mids(np.array([10, 20]), np.array([1.0, 2.0]))
    found = mids.at(np.array([9, 10, 19, 20, 21]))
    assert np.isnan(found).tolist() == [True, False, False, False, True]
    assert found[1:4].tolist() == [1.0, 1.0, 2.0]


def test_mids_of_orders_follow_adds_trades_and_changes() -> None:
    rows = [
        (1, ADD, 1, 1, 100, 5, 1),
        (2, ADD, 2, -1, 104, 5, 1),
        (3, ADD, 3, 1, 102, 2, 1),
        (4, TRADE, 3, 1, 102, 2, 1),
        (5, 5, 2, -1, 103, 4, 1),
        (6, 6, 0, 0, 0, 0, 1),
    ]
    names = ("ts", "action", "id", "side", "tick", "qty", "last")
    columns = {
        name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)
    }
    mids = mids_of_messages(columns)
    assert mids.ts.tolist() == [2, 3, 4, 5]
    assert mids.px.tolist() == [102.0, 103.0, 102.0, 101.5]


def test_mids_of_book_data_are_noted_at_the_end_of_a_message() -> None:
    book = BookMids()
    book.apply({
        "ts_exch": np.array([1, 1, 2, 2, 3]), "kind": np.array([1, 1, 2, 1, 5]),
        "side": np.array([1, -1, 1, 1, 1]), "px": np.array([100, 102, 100, 98, 7]),
        "qty": np.array([1, 1, 0, 1, 1]), "flags": np.array([0, 1, 0, 1, 1]),
    })  # fmt: skip
    assert (book.mids().ts.tolist(), book.mids().px.tolist()) == ([1, 2], [101.0, 100.0])


def test_a_fill_of_the_order_that_took_is_told_from_one_that_rested() -> None:
    action = np.array(["A", "T", "F", "F", "C", "T", "F"])
    ids = np.array([7, 7, 7, 9, 7, 8, 7])
    assert takers_own(action, ids).tolist() == [False, False, True, False, False, False, False]


def test_a_level_that_comes_into_sight_is_a_lump_until_it_was_empty() -> None:
    repair = Repair()
    asks = {120: 1}
    steps = (
        ((1, 5, 0, 1, 100, 1), {100: 5, 99: 7}),  # Two levels are shown, and neither is known.
        ((2, 1, 11, 4, 101, 1), {101: 4, 100: 5}),  # A known one; 99 leaves sight.
        ((3, 3, 11, 4, 101, 1), {100: 5, 99: 9}),  # 99 comes back with what was not seen.
        ((4, 3, 77, 5, 100, 1), {99: 9, 98: 1}),  # An order never seen leaves, all of 100.
        ((5, 1, 12, 3, 100, 1), {100: 3, 99: 9}),  # Now 100 is known.
    )
    for at, (message, bids) in enumerate(steps):
        repair.apply(at, message, (bids, asks))
    repair.finish(len(steps))
    assert (repair.held, repair.wrong) == (10, 0)
    assert repair.lumps[1, 100] == [(0, 3)]
    assert repair.lumps[1, 99] == [(0, 1), (2, 5)]
    assert (4, CUT, LUMP + 1, 1, 100, 5, 0) in repair.rows
    assert [row[6] for row in repair.rows if row[0] == 5] == [0, 1]


def test_a_level_that_is_not_the_files_is_counted() -> None:
    repair = Repair()
    repair.apply(0, (1, 5, 0, 1, 100, 1), ({100: 5, 99: 7}, {}))
    repair.apply(1, (2, 5, 0, 1, 100, 1), ({100: 6, 99: 7}, {}))
    assert (repair.held, repair.wrong) == (2, 1)


def zipped(path: Path, levels: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X_message_1.csv", "34200.5,1,7,18,1000000,1\n34201.5,1,8,2,1000000,1\n")
        archive.writestr("X_orderbook_1.csv", levels)
    return path


def test_orders_of_a_zip_are_known_where_their_level_stays_in_sight(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "1000100,9,1000000,18\n1000100,9,1000000,20\n")
    told = read_lobster_levels(path)
    assert told.columns["tick"].tolist() == [10_000, 10_001, 10_000]
    ghosts = {
        "ts": np.array([34_200_500_000_000] * 3),
        "ended": np.array([34_201_500_000_000] * 3),
        "side": np.array([1, 1, -1]),
        "px": np.array([10_000, 9_999, 10_001]),
    }
    # The bid's only order was seen to come; below is out of sight; the ask is a lump.
    assert told.known(ghosts).tolist() == [True, False, False]


def test_levels_that_disagree_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "1000100,9,1000000,18\n1000100,9,1000000,21\n")
    with pytest.raises(ValueError, match="of the levels in sight are not the file's"):
        read_lobster_levels(path)


def test_an_interval_holds_the_mean() -> None:
    start = np.arange(600) * SECOND
    values = np.sin(np.arange(600.0))
    low, high = interval(start, values)
    assert low < values.mean() < high
