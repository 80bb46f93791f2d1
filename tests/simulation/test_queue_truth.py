"""Queue truth — the order-count model nearest to true positions, in a real book and a synthetic one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from backtest.studies.queue_truth.books import (
    BOOKS,
    Book,
    Followed,
    Recording,
    Synthetic,
    data_folder,
)
from backtest.studies.queue_truth.fills import Fills, curves_table, outcome_table, results_table
from backtest.studies.queue_truth.fit import REAL, SYNTHETIC, rates
from backtest.studies.queue_truth.levels import read_lobster_levels
from backtest.studies.queue_truth.messages import read_lobster
from backtest.studies.queue_truth.pictures import curves_picture, errors_picture
from backtest.studies.queue_truth.score import CLASSICS, SHIPPED, score_book
from backtest.studies.queue_truth.tables import verdict_table

from botmm.core import ArgumentError, QpnFit, QueueTruth

RULES = {
    "risk-averse",
    "pow1, n = 1",
    "pow2, n = 2",
    "pow3, n = 2",
    "pow3, n = 3 (qpn without counts)",
}


def recording_of(book: Book) -> Path:
    """Return the file of a real book, or skip the test."""
    assert isinstance(book, Recording)
    path = data_folder() / book.file
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


def test_the_shipped_rates_beat_each_fixed_rule_on_a_synthetic_market() -> None:
    scores = score_book("SOL", Synthetic("SOL", "SOL", hours=0.5).truths())
    for scored in scores:
        errors = {name: np.nanmean(o.error[o.n >= 4]) for name, o in scored.models.items()}
        assert all(errors[SHIPPED] < errors[rule] for rule in RULES), scored.views
        assert set(CLASSICS) < set(errors)
    assert verdict_table(scores).count("\n") == 3
    assert errors_picture(scores[0]).startswith("<svg")
    assert curves_picture(scores[0]).count("<polyline") == 9
    books = [Fills(scored) for scored in scores]
    assert curves_table(books).count("\n") == 3
    assert results_table(books).count("\n") == 5
    assert outcome_table(books[0]).count("\n") == 2 + len(scores[0].models)


def test_the_shipped_rates_beat_each_fixed_rule_on_the_real_book() -> None:
    pytest.importorskip("databento_dbn", reason="the extra 'studies' is not installed")
    recording_of(BOOKS[0])
    by_event, by_half_second = score_book("ES", BOOKS[0].truths())
    for scored, share in ((by_event, 0.6), (by_half_second, 1.0)):
        errors = {name: np.nanmean(o.error[o.n >= 4]) for name, o in scored.models.items()}
        assert all(errors[SHIPPED] < share * errors[rule] for rule in RULES), scored.views


def test_rates_of_all_books_are_means_of_their_ratios() -> None:
    @dataclass
    class Told:
        rates: list[float]

        def calibrate(self, timing: tuple[int, int, int]) -> Told:
            assert timing[0] == 500
            return self

    def part(rates: list[float]) -> Followed:
        return Followed(Told(rates), None)  # type: ignore[arg-type]

    made = [4.0, 2.0, 2.0, 2.0, 1.0, 4.0, 2.0, 2.0, 2.0, 1.0]
    # A book in which all cancel ten times as often has the same ratios.
    books = {name: part([rate * 10**i for rate in made]) for i, name in enumerate(SYNTHETIC)}
    real = [16.0, 8.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 4.0]
    got = rates(books | {REAL: part(real)})
    assert got == pytest.approx([8, 4, 2, 2, 1, 2, 2, 2, 2, 2])


def test_real_orders_filled_by_volume_have_nobody_ahead() -> None:
    pytest.importorskip("databento_dbn", reason="the extra 'studies' is not installed")
    recording_of(BOOKS[0])
    truth = BOOKS[0].truths()[1].truth
    ghosts, samples = truth.ghosts(), truth.samples()
    filled = {
        (order, ts)
        for order, ts, fate in zip(ghosts["id"], ghosts["filled"], ghosts["fate"], strict=True)
        if fate == 1
    }
    ahead = [
        ahead
        for order, ts, ahead in zip(samples["id"], samples["ts"], samples["ahead"], strict=True)
        if (order, ts) in filled
    ]
    # An order that shows part of itself can fill behind others and show more at once.
    assert len(ahead) >= 500
    assert np.mean(np.array(ahead) > 0) < 0.02


def test_every_level_in_sight_of_the_real_zip_is_its_files() -> None:
    # Levels that disagree would be refused.
    assert len(read_lobster_levels(recording_of(BOOKS[-1])).columns["ts"]) > 200_000


def test_messages_of_a_lobster_file_become_orders(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(
        "34200.000000001,1,7,18,5853300,1\n34200.5,5,0,1,5853300,1\n34201.5,4,7,18,5853300,1\n"
    )
    told = read_lobster(path)
    columns = told.columns
    assert columns["ts"].tolist() == [34_200_000_000_001, 34_201_500_000_000], (
        "hidden ones are left out"
    )
    assert columns["action"].tolist() == [1, 3]
    assert columns["tick"].tolist() == [58_533, 58_533]
    assert told.end - told.start == 34_201_500_000_000 - 34_200_000_000_001 - 600 * 10**9


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
