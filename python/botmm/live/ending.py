"""Ending — a run is over when no order of this program rests at the venue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.live.health import Health
from botmm.live.tags import is_of_program
from botmm.ports import Venue

STOP_S = 8.0
"""How long a stop may take to see every order gone."""
TRIES = 4


async def see_orders_gone(live: Callable[[], int], clock: Clock) -> None:
    """Wait until no order of ours rests as far as we know, but not for ever.

    Args:
        live: tells how many do or may.
    """
    end = clock.monotonic() + STOP_S
    while clock.monotonic() < end:
        await asyncio.sleep(0.2)
        if live() == 0:
            break


async def withdraw_all(venue: Venue, health: Health, alarm: Callable[[str, str], object]) -> bool:
    """Withdraw by the venue's ids whatever of this program rests; whether it was seen gone."""
    for _ in range(TRIES):
        try:
            ours = [one for one in await venue.resting() if is_of_program(one.cloid)]
            if not ours:
                return True
            await venue.withdraw(ours)
        except VenueError as error:
            health.complaint = error.message
        await asyncio.sleep(0.3)
    alarm("stop", "orders may rest: the venue does not confirm that they are gone")
    return False
