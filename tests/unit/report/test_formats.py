"""Formats — signs and units are shown as people read them."""

import pytest

from botmm.report.formats import NONE, bps, count, duration, percent, plain, ratio, usd


def test_money_has_a_sign_where_asked_and_never_a_negative_zero() -> None:
    assert usd(-25.267, signed=True) == "−$25.27"
    assert usd(3, signed=True) == "+$3.00"
    assert usd(-0.001, signed=True) == "$0.00"
    assert usd(250_691.24) == "$250,691"
    assert usd(None) == NONE


def test_shares() -> None:
    assert bps(-1.006) == "−1.01 bps"
    assert bps(0.5, signed=False) == "0.50 bps"
    assert percent(0.0214) == "2.1 %"
    assert count(1234567) == "1,234,567"
    assert ratio(-1234.56) == "−1,234.6"
    assert ratio(-0.01) == "0.0"
    assert bps(None) == percent(None) == count(None) == NONE


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.25 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (7_260, "2 h 1 min"),
        (86_400, "1 d"),
        (262_000, "3 d"),
        (None, NONE),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_values_of_parameters_are_short_and_exact() -> None:
    shown = [plain(value) for value in (1.0, 0.30000000000000004, 1234567, True, "basic")]
    assert shown == ["1", "0.30000000000000004", "1234567", "true", "basic"]
