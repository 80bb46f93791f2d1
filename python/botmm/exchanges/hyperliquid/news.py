"""News — what the account's stream tells beside orders: funding, transfers, forced fills, and what is strange.

Each payment and each incident waits here until it is taken; one too many ends the venue, since none
may be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from botmm.clock import Clock
from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid.fields import ReplyError, TornError, is_whole
from botmm.exchanges.hyperliquid.incidents import Incidents
from botmm.exchanges.hyperliquid.payments import Payments
from botmm.exchanges.hyperliquid.subscriptions import MONEY, channel_of
from botmm.exchanges.hyperliquid.thrice import Thrice
from botmm.observe.logging import logger
from botmm.ports import Event, Incident
from botmm.units import SECOND_NS

T = TypeVar("T")
WAITING_MAX = 10_000

_log = logger(__name__)


class News:
    """Reads frames of the account; what they told before is not told again."""

    def __init__(
        self, account: str, listing: Sequence[Instrument], since_ms: int, clock: Clock
    ) -> None:
        """Take whose news it is, of which instruments, and the venue's time at the start."""
        self._payments = Payments(listing, since_ms)
        self._incidents = Incidents(account, since_ms)
        self._clock = clock
        self._unreadable = Thrice()
        self.paid: asyncio.Queue[Event] = asyncio.Queue(WAITING_MAX)
        self.met: asyncio.Queue[Incident] = asyncio.Queue(WAITING_MAX)

    def pay(self, frame: bytes) -> None:
        """Hear a frame of `userFundings`."""
        self._hear(frame, self._payments.heard, self.paid)

    def lacks(self, frame: bytes) -> bool:
        """Whether a frame of `userFundings` tells a payment that was not told.

        Raises:
            ReplyError: it cannot be read.
        """
        return self._payments.lacks(frame)

    def fill(self, frame: bytes) -> None:
        """Hear what a frame of `userFills` tells of forced ones."""
        try:
            found = self._incidents.fills(frame)
        except ReplyError:
            return  # it is counted where each fill is read
        for incident in found:
            self.met.put_nowait(incident)

    def transfer(self, frame: bytes) -> None:
        """Hear a frame of the ledger."""
        self._hear(frame, self._incidents.ledger, self.met)

    def _hear(
        self, frame: bytes, read: Callable[[bytes], Sequence[T]], into: asyncio.Queue[T]
    ) -> None:
        try:
            for one in read(frame):
                into.put_nowait(one)
        except TornError as error:
            _log.error("torn news of the account", why=str(error))
        except ReplyError as error:
            self._strange(str(error))

    def unread(self, frame: bytes, why: str) -> None:
        """Take note that a frame could not be read; of those of the account no third in a minute.

        A frame that was torn on its way does not count: what is whole and yet of another kind was
        said so on purpose, and will be said so again.
        """
        if channel_of(frame) in MONEY and is_whole(frame):
            self._strange(why)

    def _strange(self, why: str) -> None:
        _log.error("unreadable news of the account", why=why)
        if self._unreadable.met(round(self._clock.monotonic() * SECOND_NS)):
            self.distrust(f"news of the account is of another kind than we know: {why}")

    def distrust(self, words: str) -> None:
        """Tell that what the venue says cannot be relied upon."""
        self.met.put_nowait(Incident(kind="distrust", words=words))
