"""Units — decimals convert exactly, ranges of days include both ends."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botmm.units import (
    DAY_NS,
    day_of,
    day_start,
    parse_date,
    parse_time,
    time_text,
    to_text,
    to_units,
)


@given(st.integers(-(10**17), 10**17), st.integers(0, 12))
def test_text_and_units_are_inverse(units: int, decimals: int) -> None:
    assert to_units(to_text(units, decimals), decimals) == units


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [("0.10", 1, 1), ("65000.5", 1, 650005), ("-0.003", 3, -3), ("7", 0, 7), ("0.5000", 1, 5)],
)
def test_decimals_convert_exactly(text: str, decimals: int, units: int) -> None:
    assert to_units(text, decimals) == units


@pytest.mark.parametrize("text", ["1e5", "", "nan", "1.", ".5", "0.12", "+1", " 1"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"plain decimal|decimals"):
        to_units(text, 1)


def test_a_day_as_the_end_of_a_range_is_included() -> None:
    start = parse_time("2026-02-12", end=False)
    assert parse_time("2026-02-12", end=True) - start == DAY_NS
    assert start == day_start(date(2026, 2, 12))
    assert day_of(start + DAY_NS - 1) == date(2026, 2, 12)


def test_times_are_utc_unless_they_say_otherwise() -> None:
    assert parse_time("2026-02-12T08:30", end=True) == parse_time(
        "2026-02-12T09:30+01:00", end=True
    )
    assert time_text(parse_time("2026-02-12T08:30", end=False)) == "2026-02-12 08:30:00"


@pytest.mark.parametrize("text", ["12.02.2026", "2026-02-30", "yesterday", "2026-02-12T25:00"])
def test_other_times_are_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-02-12"):
        parse_time(text, end=False)
    with pytest.raises(ValueError, match="write it as"):
        parse_date(text)
