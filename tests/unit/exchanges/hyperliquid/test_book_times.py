"""Tests of book times — what cannot be the venue's time is not used, and what can be is."""

from __future__ import annotations

import pytest

from botmm.exchanges.hyperliquid.book_times import AHEAD_MS, BACK_MS, ODD_MAX, BookTimes

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
        assert not times.worn_out()
    times.fit(frame(0), 0)
    assert times.worn_out()
    assert not times.worn_out(), "counted anew"


@pytest.mark.parametrize("text", [b"", b'{"data":{}}', b'{"time":1e3}', b'{"time":"1"}'])
def test_what_bears_no_time_is_for_its_reader(text: bytes) -> None:
    assert BookTimes(START_MS, 0).fit(text, 0)
