"""Metadata — the venue's listing, read again while the daemon runs: what changed is quoted no more.

Prices and sizes are integers of the listing's decimals through and through. So a coin whose listing
is another one is withdrawn until the venue lists it as before, or until a person starts anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.live.books import Traded
from botmm.observe.logging import logger
from botmm.ports import Event

LISTING = "listing"
EVERY_S = 3_600.0
AGAIN_S = 10.0
"""How soon a listing is asked for again that could not be read."""
STALE = 3.0
"""A listing that is older than so many intervals is none that orders may be signed on."""

_log = logger(__name__)


class Listed(Traded, Protocol):
    """One market as its venue lists it."""

    @property
    def asset(self) -> int:
        """The venue's number of it."""
        ...

    @property
    def delisted(self) -> bool:
        """Whether it is traded no more."""
        ...


class Lister(Protocol):
    """A venue that says what it lists."""

    @property
    def instruments(self) -> Sequence[Listed]:
        """Return what is traded, as it was listed at the start."""
        ...

    async def listing(self) -> Sequence[Listed | None]:
        """Return what is traded as it is listed now, None where it is not.

        Raises:
            VenueError: no answer that can be trusted.
        """
        ...

    async def misfits(self) -> set[int]:
        """Wait for symbols that seem to be listed otherwise; return them."""
        ...


def change(was: Listed, now: Listed | None) -> str:
    """Return why a market is not the one that the run began with; empty where it is."""
    if now is None:
        return "the venue lists it no more"
    if now.delisted and not was.delisted:
        return "the venue delisted it"
    for name, before, after in (
        ("number", was.asset, now.asset),
        ("size decimals", was.size_decimals, now.size_decimals),
        ("price decimals", was.px_decimals, now.px_decimals),
    ):
        if before != after:
            return f"the venue changed its {name} from {before} to {after}"
    return ""


class Metadata:
    """Reads the listing each hour, and at once where an order is refused by its step."""

    def __init__(
        self,
        venue: Lister,
        tell: Callable[[Event], object],
        alarm: Callable[[str, str], object],
        clock: Clock,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        """Take the venue, what takes events of the engine, and who is told."""
        self._venue, self._tell, self._alarm, self._clock = venue, tell, alarm, clock
        self._every_s = every_s
        self._read_s = clock.monotonic()
        self._due_s = self._read_s + every_s
        self._struck: dict[int, float] = {}
        self._held: dict[int, str] = {}

    async def run(self) -> None:
        """Watch for as long as this task lives."""
        while True:
            struck: set[int] = set()
            try:
                async with asyncio.timeout(max(0.0, self._due_s - self._clock.monotonic())):
                    struck = await self._venue.misfits()
            except TimeoutError:
                pass
            for symbol in struck:
                self._withdraw(symbol)
            await self._look(struck)

    async def _look(self, struck: set[int]) -> None:
        """Compare the listing; what is as before is quoted again."""
        now = self._clock.monotonic()
        try:
            found = await self._venue.listing()
        except VenueError as error:
            _log.warning("listing unknown", why=error.message)
            self._due_s = now + AGAIN_S
            is_old = now - self._read_s > STALE * self._every_s
            for symbol in range(len(self._venue.instruments)) if is_old else struck:
                self._hold(symbol, f"its listing cannot be read: {error.message}")
            return
        timed, self._read_s = now >= self._due_s, now
        if timed:
            self._due_s = now + self._every_s
        for symbol, (was, listed) in enumerate(zip(self._venue.instruments, found, strict=True)):
            words = change(was, listed)
            if not words and symbol in struck and self._again(symbol, now):
                words = "its orders are refused by their step, and its listing is as it was"
            if words:
                self._hold(symbol, words)
            elif timed or symbol in struck:
                self._let_go(symbol)

    def _again(self, symbol: int, now: float) -> bool:
        """Take note of a refusal; whether one came before, within the interval."""
        before = self._struck.get(symbol)
        self._struck[symbol] = now
        return before is not None and now - before < self._every_s

    def _withdraw(self, symbol: int) -> None:
        if symbol not in self._held:
            self._tell({"kind": "hold", "symbol": symbol, "by": LISTING, "on": True})
            self._held[symbol] = ""

    def _hold(self, symbol: int, words: str) -> None:
        self._withdraw(symbol)
        if self._held.get(symbol) != words:
            name = self._venue.instruments[symbol].name
            self._alarm(f"{LISTING} {name}", f"{name} is not quoted: {words}")
        self._held[symbol] = words

    def _let_go(self, symbol: int) -> None:
        if self._held.pop(symbol, None) is not None:
            self._tell({"kind": "hold", "symbol": symbol, "by": LISTING, "on": False})
            _log.info("listed as before", symbol=self._venue.instruments[symbol].name)
