"""Tests of the venue's own switch — renewed in time, and a failure after a grant is tried again soon."""

from __future__ import annotations

import asyncio

import pytest

from botmm.clock import ManualClock
from botmm.live import deadman


def test_a_switch_that_was_granted_is_never_left_to_fire() -> None:
    assert deadman._pause("refused", granted=False) == deadman.ABSENT_S
    again = deadman._pause("no proof", granted=True)
    assert again < deadman.EVERY_S < deadman.AHEAD_S
    assert deadman._pause("", granted=True) == deadman.EVERY_S


def test_an_account_without_the_switch_is_told_of_once_and_asked_ahead() -> None:
    asked: list[int | None] = []
    told: list[str] = []

    async def schedule(at: int | None) -> str:
        asked.append(at)
        return "enough volume"

    async def some_time() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await deadman.renew(schedule, ManualClock(10**9), lambda key, _: told.append(key))

    asyncio.run(some_time())
    assert (asked, told) == ([1_000 + 30_000], ["deadman"])
