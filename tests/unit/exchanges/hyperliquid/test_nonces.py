"""Tests of nonces — strictly rising, whatever the clock does and whenever the process dies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botmm.exchanges.hyperliquid.nonces import LEAP_MS, Nonces


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), max_size=200))
def test_nonces_rise_over_clock_steps_and_crashes(steps: list[tuple[int, bool]]) -> None:
    disk = [0]
    nonces = Nonces(0, disk.append, block=100)
    used: list[int] = []
    for now_ms, crash in steps:
        if crash:
            nonces = Nonces(disk[-1], disk.append, block=100)
        used.append(nonces.next(now_ms))
    assert all(a < b for a, b in pairwise(used))
    assert not used or disk[-1] >= used[-1]


def test_a_nonce_is_the_time_where_that_is_free() -> None:
    nonces = Nonces(0, lambda upto: None)
    assert [nonces.next(1_000), nonces.next(1_000), nonces.next(5_000)] == [1_000, 1_001, 5_000]


def test_nothing_is_handed_out_when_it_cannot_be_written_down() -> None:
    def full(upto: int) -> None:
        raise OSError("disk full")

    nonces = Nonces(0, full)
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            nonces.next(1_000)


def test_a_request_finds_its_nonce_reserved() -> None:
    disk: list[int] = []
    nonces = Nonces(0, disk.append)
    for now_ms in range(50_000, 90_000, 1_000):
        nonces.keep_ahead(now_ms)
        writes = len(disk)
        nonces.next(now_ms + 999)
        assert len(disk) == writes
    assert 4 <= len(disk) <= 6


def test_a_thousand_nonces_take_one_write_and_a_jump_is_kept() -> None:
    disk: list[int] = []
    nonces = Nonces(0, disk.append)
    assert len({nonces.next(7) for _ in range(1_000)}) == 1_000
    assert len(disk) == 1
    nonces.jump(50_000)
    assert nonces.next(7) == 50_000 + LEAP_MS + 1
