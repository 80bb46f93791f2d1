"""Deadman — the venue's own switch: it withdraws everything unless it is told again in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.observe.logging import logger
from botmm.units import SECOND_NS, day_of, day_start

FIRES_MAX = 8
"""The venue lets it fire ten times a day; the last two are left to a person."""
DEADMAN = "deadman"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How far ahead the switch is set, how often, and how soon again where that failed.

    `absent_s` is how long a venue is left in peace that does not grant the switch, `same_s` how
    long the news of one firing may come, order by order.
    """

    ahead_s: float = 30.0
    every_s: float = 10.0
    again_s: float = 2.0
    absent_s: float = 600.0
    same_s: float = 2.0


class Deadman:
    """Sets the switch again and again, and counts how often it fired on this UTC day."""

    def __init__(
        self,
        schedule: Callable[[int | None], Awaitable[str]],
        clock: Clock,
        alarm: Callable[[str, str], object],
        pace: Pace | None = None,
    ) -> None:
        """Take what sets it.

        Args:
            schedule: sets it at a Unix time in ms, or takes it off; returns nothing, or why not.
            alarm: told where an account does not have the switch: fewer layers protect it then.
        """
        self._schedule, self._clock, self._alarm = schedule, clock, alarm
        self._pace = pace or Pace()
        self._set_ms: int | None = None
        self._granted = self._told = self._over = False
        self._day = day_of(int(clock.now()))
        self._fired_ns: int | None = None
        self.fires = 0

    async def run(self, earlier: Callable[[int], Awaitable[int]]) -> None:
        """Renew for as long as this task lives.

        Args:
            earlier: counts the firings since a Unix time in ms, those of earlier runs.
        """
        try:
            self.fires += await earlier(day_start(self._day) // 1_000_000)
        except VenueError as error:
            _log.warning("firings of the switch today are not known", why=error.message)
        while True:
            await asyncio.sleep(await self.step())

    async def hear(self, firings: AsyncIterator[None]) -> None:
        """Count what the venue tells, for as long as this task lives."""
        async for _ in firings:
            self.fired()

    async def off(self) -> None:
        """Take the switch off: nothing rests, and a firing would be one of the day's."""
        if self._granted and (words := await self._schedule(None)):
            _log.warning("the venue's switch stays set", why=words)

    async def step(self) -> float:
        """Set the switch once, or leave it off; return how long to wait."""
        if (day := day_of(int(self._clock.now()))) != self._day:
            self._day, self.fires, self._over = day, 0, False
        at = self._now_ms() + round(self._pace.ahead_s * 1000)
        if self._set_ms is not None and self._now_ms() > self._set_ms:
            self.fired()  # whether orders rested or not: the venue counts it
        if self.fires >= FIRES_MAX:
            return await self._leave()
        words = await self._schedule(at)
        if words and not self._told:
            self._alarm(DEADMAN, f"the venue's switch is not there: {words}")
        self._told, self._granted = bool(words), self._granted or not words
        if not words:
            self._set_ms = at
            return self._pace.every_s
        # Once it was granted a failure is tried again soon: it would fire.
        return self._pace.again_s if self._granted else self._pace.absent_s

    async def _leave(self) -> float:
        """Take the switch off for the rest of the day."""
        if self._over:
            return self._pace.every_s
        if words := await self._schedule(None):
            _log.warning("the venue's switch stays set", why=words)
            return self._pace.again_s
        self._over, self._set_ms = True, None
        self._alarm(
            DEADMAN,
            f"the venue's switch fired {self.fires} times today: it stays off until midnight UTC,"
            " and the guard alone protects the orders",
        )
        return self._pace.every_s

    def fired(self) -> None:
        """Take note that it fired; the news of one firing count once."""
        now = int(self._clock.now())
        self._set_ms = None
        last = self._fired_ns
        if last is None or now - last > self._pace.same_s * SECOND_NS:
            self._fired_ns = now
            self.fires += 1
            self._alarm(
                DEADMAN, f"the venue's switch withdrew everything, {self.fires} times today"
            )

    def _now_ms(self) -> int:
        return int(self._clock.now()) // 1_000_000
