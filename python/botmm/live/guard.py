"""Guard — a process of its own that withdraws every order when the daemon shows no life.

It has its own key, reads the daemon's heartbeat, and knows how to cancel but not how to place. A loss
over the day's limit stops the daemon, too.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.live import heartbeat
from botmm.live.heartbeat import Beat, Heartbeat, Life
from botmm.live.relay import Relay
from botmm.observe.logging import logger
from botmm.store.state import StateStore
from botmm.units import day_of, day_start

STALE_S = 2.0
FAR_STALE_S = 20.0
"""The same with a network between daemon and guard."""
POLL_S = 0.1
RETRY_S = 0.25
RETRY_MAX_S = 3.0
"""Twenty readings a minute leave weight for the cancels."""
AGAIN_S = 5.0
"""How often an account that is empty is looked at again while the daemon shows no life."""
EQUITY_S = 5.0
KEY_S = 300.0
"""How often the guard asks after its own key; that weighs 80 of 1,200 a minute."""
MOVED_S = 60.0
"""How often transfers are asked after; a loss over the limit asks at once."""
EMPTY_READS = 2

_log = logger(__name__)
Alert = Callable[[str, str], object]
"""Takes a key and words; must not block."""


class Account(Protocol):
    """What the guard needs of a venue."""

    async def open_orders(self) -> list[tuple[str, int]]:
        """Return every order that rests."""
        ...

    async def cancel(self, orders: list[tuple[str, int]]) -> list[str]:
        """Ask for cancels; return the coins that cannot be named."""
        ...

    async def key_fault(self) -> str:
        """Return why our own key could not cancel; empty where it can."""
        ...

    async def equity_micro(self) -> int:
        """Return the account's value in micro-USD."""
        ...

    async def transferred_micro(self, since_ms: int) -> int:
        """Return what came in from outside since a Unix time; negative went out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSpec:
    """What is watched; a day's loss in micro-USD, None for no limit."""

    state: Path
    loss_micro: int | None = None
    stale_s: float = STALE_S
    equity_s: float = EQUITY_S
    key_s: float = KEY_S
    moved_s: float = MOVED_S


class Guard:
    """Watches one daemon; `run` ends by `stop` alone."""

    def __init__(
        self,
        venue: Account,
        spec: GuardSpec,
        store: StateStore,
        clock: Clock,
        alert: Alert,
        relay: Relay | None = None,
    ) -> None:
        """Take the account that is watched; `store` is the guard's own file.

        A `relay` brings the heartbeat of a daemon on another machine.
        """
        self._relay = relay
        self._venue, self._spec, self._store = venue, spec, store
        self._clock, self._alert = clock, alert
        self._last: Beat | None = None
        self._killed = False
        self._fault = ""
        self._moved: tuple[date, float, int] | None = None  # day, when read, micro-USD
        self._opening: tuple[date, int] | None = None  # equity at the day's first reading
        self._stop = asyncio.Event()
        self._withdrawing = asyncio.Lock()
        self._own = Heartbeat(spec.state / "guard.beat", clock)

    def stop(self) -> None:
        """End `run` soon; orders that rest stay the daemon's."""
        self._stop.set()

    async def run(self) -> None:
        """Watch until `stop`."""
        kinds = [self._watch, self._watch_loss, self._watch_key]
        if self._relay is not None:
            kinds.append(self._relay.run)
        watches = [asyncio.create_task(watch()) for watch in kinds]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*watches, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*watches, stop):
                task.cancel()
            ended = await asyncio.gather(*watches, stop, return_exceptions=True)
            self._own.stop()
        for (
            error
        ) in ended:  # a watch never ends by itself but by a bug; then the process ends loudly
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                raise error

    def silence(self) -> str:
        """Return why the daemon counts as dead; an empty text while it lives or ended in order."""
        beat = heartbeat.read(self._spec.state / "heartbeat")
        if beat is not None:
            self._last = beat
        if self._last is None or self._last.life is Life.STOPPED:
            return ""
        age = self._last.age_s(self._clock)
        return f"no heartbeat for {age:.1f} s" if age > self._spec.stale_s else ""

    async def _watch(self) -> None:
        tripped = False
        while True:
            self._beat()
            reason = self.silence()
            if reason and not tripped:
                self._note(reason)
            if reason:
                await self.withdraw(reason, until=lambda: not self.silence())
            elif tripped:
                self._alert("guard", "the daemon is back")
            tripped = bool(reason)
            await self._pause(AGAIN_S if reason else POLL_S, while_=lambda: bool(self.silence()))

    async def _pause(self, seconds: float, *, while_: Callable[[], bool]) -> None:
        """Wait in small steps; a longer wait ends early when the daemon's state changes."""
        end = self._clock.monotonic() + seconds
        while True:
            await asyncio.sleep(POLL_S)
            self._beat()
            if self._clock.monotonic() >= end or not while_():
                return

    async def withdraw(self, reason: str, *, until: Callable[[], bool]) -> bool:
        """Cancel whatever rests until two readings in a row are empty, or `until` says enough."""
        async with self._withdrawing:
            empty = attempts = tries = 0
            while empty < EMPTY_READS:
                if until():
                    return False
                self._beat()
                try:
                    orders = await self._venue.open_orders()
                    empty = 0 if orders else empty + 1
                    if orders:
                        unnamed = await self._venue.cancel(orders)
                        attempts += 1
                        words = f"{reason}: cancelling {len(orders)} orders, attempt {attempts}"
                        if unnamed:
                            words += f"; not listed: {', '.join(unnamed)}"
                        self._alert("guard", words)
                except VenueError as error:
                    empty = 0
                    self._alert("guard-venue", f"{reason}, and the venue: {error.message}")
                tries += 1
                if empty < EMPTY_READS:
                    await asyncio.sleep(min(RETRY_MAX_S, RETRY_S * 2 ** min(tries // 3, 5)))
            return True

    async def _watch_key(self) -> None:
        """Ask after our own key: a guard that cannot cancel shows no life, and says so."""
        while True:
            try:
                self._fault = await self._venue.key_fault()
            except VenueError as error:  # no answer says nothing of the key
                _log.warning("own key unknown", why=error.message)
            if self._fault:
                self._alert("guard-key", f"the guard can cancel nothing: {self._fault}")
            await asyncio.sleep(self._spec.key_s)

    def _beat(self) -> None:
        if not self._fault:
            self._own.beat()

    async def _watch_loss(self) -> None:
        while True:
            try:
                net = await self._venue.equity_micro() - await self._transfers(self._spec.moved_s)
                if self._is_over(net):
                    net = await self._settled()
                self._check_loss(net)
            except VenueError as error:
                _log.warning("equity unknown", why=error.message)
            if self._killed or (self._spec.state / "KILL").exists():
                await self.withdraw("killed", until=lambda: False)
            await asyncio.sleep(self._spec.equity_s)

    async def _settled(self) -> int:
        """Return the value less the day's transfers where none came between both readings."""
        before = await self._transfers(0.0)
        while True:
            equity = await self._venue.equity_micro()
            after = await self._transfers(0.0)
            if after == before:
                return equity - after
            before = after

    async def _transfers(self, most_s: float) -> int:
        """Return the UTC day's transfers, so many seconds old at most.

        Where the venue does not tell, what it told last: the limit of loss holds all the same.
        """
        now, mono = int(self._clock.now()), self._clock.monotonic()
        today, known = day_of(now), self._moved
        if known is None or known[0] != today or mono - known[1] >= most_s:
            micro = known[2] if known is not None and known[0] == today else 0
            try:
                micro = await self._venue.transferred_micro(day_start(today) // 1_000_000)
            except VenueError as error:
                _log.warning("transfers unknown", why=error.message)
            known = self._moved = (today, mono, micro)
        return known[2]

    def _is_over(self, net: int) -> bool:
        limit, opening = self._spec.loss_micro, self._opening
        return limit is not None and opening is not None and opening[1] - net > limit

    def _check_loss(self, net: int) -> None:
        """Keep the value less transfers; over the day's limit make the file that kills the daemon."""
        loss = self._day_opening(net) - net
        limit = self._spec.loss_micro
        if limit is not None and loss > limit and not self._killed:
            self._killed = True
            words = f"the day's loss is {loss / 1e6:,.2f} USD, the limit {limit / 1e6:,.2f}"
            self._note(words)
            try:
                (self._spec.state / "KILL").touch(mode=0o600)
            except OSError as error:
                _log.error("no file KILL", why=str(error))

    def _day_opening(self, equity: int) -> int:
        """Return the equity at the day's first reading, from memory where the disk fails."""
        now = int(self._clock.now())
        today = day_of(now)
        if self._opening is None or self._opening[0] != today:
            self._opening = (today, equity)
        try:
            self._store.put_equity(now, equity)
            self._opening = (today, self._store.days()[-1].opening_micro)
        except sqlite3.Error as error:  # a full disk must not end the guard, nor its limit
            _log.error("equity not kept", why=str(error))
        return self._opening[1]

    def _note(self, reason: str) -> None:
        """Tell people, and leave a file that says when and why."""
        self._alert("guard", reason)
        text = json.dumps({"reason": reason, "ns": int(self._clock.now())})
        try:
            (self._spec.state / "guard.json").write_text(text)
        except OSError as error:  # a full disk must not keep orders in the book
            _log.error("no note left", why=str(error))


def main() -> None:
    """Entry of `botmm-guard`."""
    import sys

    from botmm.live import top

    def _load() -> Any:
        from botmm.live.guard_main import guard

        return guard

    sys.exit(top.run(_load, "botmm-guard"))
