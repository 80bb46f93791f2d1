"""Tests of the venue's own switch — renewed in time, its firings counted, off before the day's are used."""

from __future__ import annotations

import asyncio

import pytest

from botmm.clock import ManualClock
from botmm.errors import VenueError
from botmm.live.deadman import DEADMAN, FIRES_MAX, Deadman, Pace

PACE = Pace()
NOON = (1_700_006_400 + 12 * 3600) * 10**9


class Switch:
    """A venue's switch, and who sets it, step by step."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.words = ""
        self.set: list[int | None] = []
        self.told: list[str] = []
        self.deadman = Deadman(
            self._schedule, self.clock, lambda key, words: self.told.append(f"{key}: {words}")
        )

    async def _schedule(self, at: int | None) -> str:
        self.set.append(at)
        return self.words

    def step(self, after_s: float = 0.0) -> float:
        self.clock.advance(after_s)
        return asyncio.run(self.deadman.step())


def test_a_switch_that_was_granted_is_never_left_to_fire() -> None:
    switch = Switch()
    assert switch.step() == PACE.every_s
    assert switch.set == [NOON // 10**6 + round(PACE.ahead_s * 1000)]
    switch.words = "no proof"
    assert switch.step(PACE.every_s) == PACE.again_s < PACE.every_s < PACE.ahead_s


def test_an_account_without_the_switch_is_told_of_once_and_left_in_peace() -> None:
    switch = Switch()
    switch.words = "enough volume"
    assert switch.step() == switch.step(PACE.absent_s) == PACE.absent_s
    assert switch.told == [f"{DEADMAN}: the venue's switch is not there: enough volume"]
    asyncio.run(switch.deadman.off())
    assert len(switch.set) == 2, "there is nothing to take off"


def test_a_renewal_that_comes_too_late_is_a_firing_and_its_news_are_the_same_one() -> None:
    switch = Switch()
    switch.step()
    switch.step(PACE.ahead_s + 0.1)
    switch.deadman.fired()
    assert switch.deadman.fires == 1
    switch.clock.advance(5)
    for _ in range(4):  # order by order
        switch.deadman.fired()
    assert switch.deadman.fires == 2
    assert len(switch.told) == 2
    switch.step(PACE.ahead_s)
    assert switch.deadman.fires == 2, "the news had told it"


def test_after_eight_firings_it_is_taken_off_until_midnight() -> None:
    switch = Switch()
    for _ in range(FIRES_MAX):
        switch.step()
        switch.clock.advance(PACE.ahead_s)
        switch.deadman.fired()
    switch.words = "no proof"
    assert switch.step() == PACE.again_s
    switch.words = ""
    switch.step()
    switch.step(PACE.every_s)
    assert switch.set[FIRES_MAX:] == [None, None], "taken off once that is done"
    assert "8 times today: it stays off" in switch.told[-1]
    switch.step(12 * 3600)
    assert switch.set[-1] is not None, "another day"
    assert switch.deadman.fires == 0


@pytest.mark.parametrize(("known", "fires"), [(7, 7), (None, 0)])
def test_firings_of_earlier_runs_count(known: int | None, fires: int) -> None:
    switch = Switch()
    asked: list[int] = []

    async def earlier(since_ms: int) -> int:
        asked.append(since_ms)
        if known is None:
            raise VenueError("no answer")
        return known

    async def some_time() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await switch.deadman.run(earlier)

    asyncio.run(some_time())
    assert asked == [NOON // 10**6 - 12 * 3_600_000]
    assert switch.deadman.fires == fires
    assert len(switch.set) == 1


def test_a_stop_takes_it_off() -> None:
    switch = Switch()
    switch.step()
    asyncio.run(switch.deadman.off())
    assert switch.set[-1] is None
