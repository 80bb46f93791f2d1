"""Pace — the clock of the local exchange, at real speed or faster, and the loop that keeps to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from botmm.clock import Clock
from botmm.units import SECOND_NS, UnixNanos

# The loop wakes this often at most; several blocks may run at once.
_WAKE_S = 0.005
# More than this at once would hold up requests.
STEP_NS_MAX = 2 * SECOND_NS
# Who is further behind than so many seconds of the machine never catches up: the clock slips.
BEHIND_S_MAX = 30.0


class ScaledClock:
    """A clock that runs at a multiple of another from a time of its own; it is a `Clock`."""

    def __init__(self, base: Clock, *, speed: float, start: int) -> None:
        """Begin at `start` now, and run `speed` times as fast as the base."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._base = base
        self._origin = base.monotonic()
        self._start = start

    def now(self) -> UnixNanos:
        """Return Unix nanoseconds of the scaled time."""
        elapsed = self._base.monotonic() - self._origin
        return UnixNanos(self._start + round(elapsed * self.speed * SECOND_NS))

    def monotonic(self) -> float:
        """Return seconds of the scaled time since the clock began."""
        return (self._base.monotonic() - self._origin) * self.speed

    def slip(self, ns: int) -> None:
        """Set the clock back by what could not be kept up with."""
        self._start -= ns


async def keep_pace(
    clock: ScaledClock, *, block_ns: int, done: int, step: Callable[[int], None]
) -> None:
    """Call `step(until)` for the time that has passed, block by block, for ever.

    Args:
        clock: what time it is.
        block_ns: time from block to block.
        done: up to when everything is played already.
        step: plays up to a time.
    """
    behind_max = round(BEHIND_S_MAX * clock.speed * SECOND_NS)
    while True:
        behind = clock.now() - done
        if behind < block_ns:
            await asyncio.sleep(max((block_ns - behind) / SECOND_NS / clock.speed, _WAKE_S))
            continue
        if behind > behind_max:
            clock.slip(behind - behind_max)
        due = max(min(behind, STEP_NS_MAX), block_ns)
        done += due - due % block_ns
        step(done)
        await asyncio.sleep(0)
