"""Tests of book times — what cannot be the venue's time is not used, and what can be is."""

from __future__ import annotations

import pytest

from botmm.exchanges.hyperliquid.book_times import (
    AHEAD_MS,
    ANEW_NS,
    BACK_MS,
    LATE_MS,
    ODD_MAX,
    WINDOW_NS,
    BookTimes,
)

START_MS = 1_764_000_000_000
MS_NS = 1_000_000


def frame(ms: int) -> bytes:
    return b'{"channel":"bbo","data":{"coin":"BTC","time":%d,"bbo":[null,null]}}' % ms


@pytest.mark.parametrize(
    ("by_ms", "fits"),
    [(0, True), (-BACK_MS, True), (-BACK_MS - 1, False), (AHEAD_MS, True), (AHEAD_MS + 1, False)],
)
def test_a_time_fits_near_the_latest_one(by_ms: int, fits: bool) -> None:
    times = BookTimes(START_MS, 0)
    assert times.fit(frame(START_MS + by_ms), 0) is fits
    assert times.odd == (not fits)


def test_time_that_passes_here_passes_there() -> None:
    times = BookTimes(START_MS, 0)
    hour_ms = 3_600_000
    assert times.fit(frame(START_MS + hour_ms), hour_ms * MS_NS)
    assert not times.fit(frame(START_MS), hour_ms * MS_NS)


def test_a_book_that_was_long_on_its_way_is_not_of_now() -> None:
    times = BookTimes(START_MS, 0)
    for seconds in range(1, 60):
        # The line falls behind by a second in three.
        lag_ms = seconds * 1_000 // 3
        now_ns = seconds * 1_000 * MS_NS
        fits = times.fit(frame(START_MS + seconds * 1_000 - lag_ms), now_ns)
        assert fits is (lag_ms <= LATE_MS)


def test_clocks_that_drift_apart_are_no_lag() -> None:
    times, windows = BookTimes(START_MS, 0), 40
    for at in range(1, windows * 4):
        now_ns = at * WINDOW_NS // 4
        drift_ms = 1_000 * at // 4
        assert times.fit(frame(START_MS + now_ns // MS_NS - drift_ms), now_ns)


def test_one_from_the_future_does_not_move_what_is_known() -> None:
    times = BookTimes(START_MS, 0)
    assert not times.fit(frame(START_MS + 300_000), 0)
    assert times.fit(frame(START_MS + 1), 0)


def test_a_machine_that_slept_takes_the_venues_word() -> None:
    times = BookTimes(START_MS, 0)
    later_ms = START_MS + 3_600_000
    assert not times.fit(frame(later_ms), 0)
    times.told(later_ms, 0)
    assert times.fit(frame(later_ms), 0)
    times.told(START_MS, 0)
    assert times.fit(frame(later_ms), 0), "an answer that is old moves nothing back"


def test_some_in_a_row_are_too_many_and_a_good_one_between_them_is_not() -> None:
    times = BookTimes(START_MS, 0)
    for ms in [0] * (ODD_MAX - 1) + [START_MS] + [0] * (ODD_MAX - 1):
        times.fit(frame(ms), 0)
        assert not times.worn_out(0)
    times.fit(frame(0), 0)
    assert times.worn_out(0)
    times.fit(frame(0), ANEW_NS - 1)
    assert not times.worn_out(ANEW_NS - 1), "it was tried just now"
    assert times.worn_out(ANEW_NS)


@pytest.mark.parametrize("text", [b"", b'{"data":{}}', b'{"time":1e3}', b'{"time":"1"}'])
def test_what_bears_no_time_is_for_its_reader(text: bytes) -> None:
    assert BookTimes(START_MS, 0).fit(text, 0)
