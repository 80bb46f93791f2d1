"""Deadman — the venue's own switch: it withdraws everything unless it is told again in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from botmm.clock import Clock

AHEAD_S = 30.0
EVERY_S = 10.0
AGAIN_S = 2.0
ABSENT_S = 600.0
"""How long a venue that does not grant the switch is left in peace."""


async def renew(
    schedule: Callable[[int | None], Awaitable[str]],
    clock: Clock,
    alarm: Callable[[str, str], object],
) -> None:
    """Set the switch again and again, for as long as this task lives.

    Once it was granted a failure is tried again soon: it would fire.

    Args:
        schedule: sets it at a Unix time in ms; returns nothing, or why it was not done.
        alarm: told where an account does not have the switch: fewer layers protect it then.
    """
    told = granted = False
    while True:
        at = int(clock.now()) // 1_000_000 + round(AHEAD_S * 1000)
        words = await schedule(at)
        if words and not told:
            alarm("deadman", f"the venue's switch is not there: {words}")
        told, granted = bool(words), granted or not words
        await asyncio.sleep(_pause(words, granted=granted))


def _pause(words: str, *, granted: bool) -> float:
    """Return how long to wait after an answer."""
    if not words:
        return EVERY_S
    return AGAIN_S if granted else ABSENT_S
