"""Deadman — the venue's own switch: it withdraws everything unless it is told again in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from botmm.clock import Clock

AHEAD_S = 30.0
EVERY_S = 10.0
ABSENT_S = 600.0
"""How long a venue that does not grant the switch is left in peace."""


async def renew(
    schedule: Callable[[int | None], Awaitable[str]],
    clock: Clock,
    alarm: Callable[[str, str], object],
) -> None:
    """Set the switch again and again, for as long as this task lives.

    Args:
        schedule: sets it at a Unix time in ms; returns nothing, or why it was not done.
        alarm: told once where an account does not have the switch: fewer layers protect it then.
    """
    told = False
    while True:
        at = int(clock.now()) // 1_000_000 + round(AHEAD_S * 1000)
        words = await schedule(at)
        if words and not told:
            alarm("deadman", f"the venue's switch is not there: {words}")
            told = True
        await asyncio.sleep(ABSENT_S if words else EVERY_S)
