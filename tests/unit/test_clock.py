"""Clock — the manual clock moves only by hand, the system's never back."""

import pytest

from botmm.clock import ManualClock, SystemClock


def test_the_manual_clock_moves_by_hand() -> None:
    clock = ManualClock(ns=5)
    clock.advance(1.5)
    assert clock.now() == 1_500_000_005
    assert clock.monotonic() == pytest.approx(1.500000005)


def test_the_system_clock_counts_nanoseconds_since_1970() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    assert clock.now() > 1_700_000_000 * 10**9
    assert clock.monotonic() >= before
