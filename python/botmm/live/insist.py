"""Insist — what a venue's short outage or a 429 must not end is tried again, later each time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from botmm.clock import Clock
from botmm.errors import VenueError

FIRST_S = 1.0
LAST_S = 30.0
MOST_S = 600.0
"""How long a venue may be away at a start until the start fails after all."""

T = TypeVar("T")


async def insist(
    attempt: Callable[[], Awaitable[T]],
    clock: Clock,
    say: Callable[[str], object],
    *,
    first_s: float = FIRST_S,
    most_s: float = MOST_S,
) -> T:
    """Return what an attempt gives, trying again while the venue does not answer.

    Args:
        say: told before each wait why, and how long it is.

    Raises:
        VenueError: the last one, once `most_s` are over. Any other error passes at once.
    """
    end, pause = clock.monotonic() + most_s, first_s
    while True:
        try:
            return await attempt()
        except VenueError as error:
            if clock.monotonic() + pause > end:
                raise
            say(f"{error.message}: trying again in {pause:g} s")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LAST_S)
