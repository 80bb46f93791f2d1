"""Insist tests — a short outage ends no start, a long one does, and another error passes at once."""

from __future__ import annotations

import asyncio

import pytest

from botmm.clock import SystemClock
from botmm.errors import ConfigError, VenueError
from botmm.live.insist import insist


class Fails:
    """Raises an error so often, then gives 7."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.calls, self._error = times, 0, error

    async def __call__(self) -> int:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise self._error
        return 7


def run(attempt: Fails, said: list[str], *, most_s: float) -> int:
    return asyncio.run(
        insist(attempt, SystemClock(), said.append, first_s=0.01, most_s=most_s),
    )


def test_a_short_outage_is_waited_out_and_each_wait_is_told() -> None:
    said: list[str] = []
    attempt = Fails(3, VenueError("meta: HTTP 429"))
    assert run(attempt, said, most_s=5) == 7
    assert attempt.calls == 4
    waits = ("0.01", "0.02", "0.04")
    assert said == [f"meta: HTTP 429: trying again in {wait} s" for wait in waits]


def test_a_long_outage_ends_the_start_with_the_last_error() -> None:
    attempt = Fails(1_000, VenueError("no connection"))
    with pytest.raises(VenueError, match="no connection"):
        run(attempt, [], most_s=0.1)
    assert 2 <= attempt.calls <= 5


def test_an_error_that_waiting_does_not_cure_passes_at_once() -> None:
    attempt, said = Fails(1, ConfigError("no such symbol")), list[str]()
    with pytest.raises(ConfigError):
        run(attempt, said, most_s=5)
    assert (attempt.calls, said) == (1, [])
