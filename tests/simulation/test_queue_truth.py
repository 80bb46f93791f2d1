"""Queue truth — the order-count model nearest to true positions, in a real book and a synthetic one."""

from pathlib import Path

import numpy as np
import pytest
from backtest.studies.queue_truth.books import BOOKS, Synthetic, data_folder, read_lobster
from backtest.studies.queue_truth.score import CLASSICS, SHIPPED, interval, score_book
from backtest.studies.queue_truth.tables import picture, verdict_table

from botmm.core import ArgumentError, QpnFit, QueueTruth

RULES = {
    "risk-averse",
    "pow1, n = 1",
    "pow2, n = 2",
    "pow3, n = 2",
    "pow3, n = 3 (qpn without counts)",
}


def test_the_shipped_rates_beat_each_fixed_rule_on_a_synthetic_market() -> None:
    scores = score_book("SOL", Synthetic("SOL", "SOL", hours=0.5).truths())
    for scored in scores:
        errors = {name: np.nanmean(o.error[o.n >= 4]) for name, o in scored.models.items()}
        assert all(errors[SHIPPED] < errors[rule] for rule in RULES), scored.views
        assert set(CLASSICS) < set(errors)
    assert verdict_table(scores).count("\n") == 3
    assert picture(scores[0]).startswith("<svg")


def test_the_shipped_rates_beat_each_fixed_rule_on_the_real_book() -> None:
    pytest.importorskip("databento_dbn", reason="the extra 'studies' is not installed")
    if not data_folder().is_dir():
        pytest.skip(f"{data_folder()} holds no recordings")
    by_event, by_half_second = score_book("ES", BOOKS[0].truths())
    for scored, share in ((by_event, 0.6), (by_half_second, 1.0)):
        errors = {name: np.nanmean(o.error[o.n >= 4]) for name, o in scored.models.items()}
        assert all(errors[SHIPPED] < share * errors[rule] for rule in RULES), scored.views


def test_messages_of_a_lobster_file_become_orders(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(
        "34200.000000001,1,7,18,5853300,1\n34200.5,5,0,1,5853300,1\n34201.5,4,7,18,5853300,1\n"
    )
    columns, start, end = read_lobster(path)
    assert columns["ts"].tolist() == [34_200_000_000_001, 34_201_500_000_000], (
        "hidden ones are left out"
    )
    assert columns["action"].tolist() == [1, 3]
    assert columns["tick"].tolist() == [58_533, 58_533]
    assert end - start == 34_201_500_000_000 - 34_200_000_000_001 - 600 * 10**9


def test_wrong_rates_and_columns_are_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match="are not rates of the ages"):
        QpnFit([1.0], [0.5])
    columns = {
        name: np.zeros(1, dtype)
        for name, dtype in (
            ("ts", np.int64), ("action", np.uint8), ("id", np.uint64), ("side", np.int8),
            ("tick", np.int64), ("qty", np.int64), ("last", np.uint8),
        )
    }  # fmt: skip
    with pytest.raises(ArgumentError, match="0 is none of 1 to 6"):
        QueueTruth.recorded(columns, (500, 1_000, 0), (0, 1, 1))


def test_an_interval_holds_the_mean() -> None:
    start = np.arange(600) * 10**9
    values = np.sin(np.arange(600.0))
    low, high = interval(start, values)
    assert low < values.mean() < high
