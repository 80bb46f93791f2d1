"""Wire — numbers as the venue writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botmm.exchanges.emulator.coins import listed
from botmm.exchanges.emulator.shapes import aggregated, average_px
from botmm.exchanges.emulator.wire import dec, micros, plain, ratio, usd

(BTC,) = listed(["BTC"])


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (841_430, 1, "84143.0"),
        (0, 5, "0.0"),
        (2_058_973, 0, "2058973.0"),
        (-12_639, 6, "-0.012639"),
        (4_411, 6, "0.004411"),
        (100_000, 5, "1.0"),
    ],
)
def test_one_decimal_at_least_and_no_needless_zeros(units: int, decimals: int, text: str) -> None:
    assert dec(units, decimals) == text


@given(st.integers(-(10**15), 10**15), st.integers(0, 12))
def test_texts_are_exact(units: int, decimals: int) -> None:
    assert Decimal(dec(units, decimals)) == Decimal(units).scaleb(-decimals)


@pytest.mark.parametrize(
    ("text", "same"),
    [("1.50", "1.5"), ("100", "100"), ("100.0", "100"), ("0.10", "0.1"), ("x", "x")],
)
def test_hashed_numbers_have_no_needless_zeros(text: str, same: str) -> None:
    assert plain(text) == same


def test_money_and_quotients() -> None:
    assert micros("1.5") == 1_500_000
    assert usd(1_500_000) == "1.5"
    assert ratio(1, 3, 4) == "0.3333"
    assert ratio(-2, 3, 2) == "-0.67"
    # 0.002 BTC for 128.0411 dollars: 64020.55, shown to a tenth.
    assert average_px(BTC, 128_041_100, 200) == "64020.6"


def test_buckets_round_away_from_the_spread() -> None:
    book = {
        "time": 5_000_000,
        "bids": [[841_439, 1, 1], [841_430, 2, 1], [841_300, 4, 2]],
        "asks": [[841_441, 1, 1], [841_450, 2, 3]],
    }
    shape = aggregated(BTC, book, figures=5, mantissa=None)
    bids, asks = shape["levels"]
    assert [(row["px"], row["sz"], row["n"]) for row in bids] == [
        ("84143.0", "0.00003", 2),
        ("84130.0", "0.00004", 2),
    ]
    assert [(row["px"], row["n"]) for row in asks] == [("84145.0", 4)]
    assert (shape["time"], shape["spread"]) == (5, "0.2")
    wide = aggregated(BTC, book, figures=2, mantissa=None)
    assert [side[0]["px"] for side in wide["levels"]] == ["84000.0", "85000.0"]
