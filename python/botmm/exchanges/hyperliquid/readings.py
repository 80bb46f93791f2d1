"""Readings — several questions as one standing, read again where their answers do not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from botmm.clock import Clock
from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid import standing
from botmm.exchanges.hyperliquid.account import FeeRates
from botmm.exchanges.hyperliquid.budgets import AddressBudget
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.questions import Questions
from botmm.exchanges.hyperliquid.standing import MismatchError
from botmm.ports import Standing
from botmm.units import SECOND_NS

WINDOW_MS = 60_000
"""How far back a standing reads fills."""
FEES_S = 600.0
"""How long fee rates are good enough; they change once a day."""
BUDGET_NS = 60 * SECOND_NS
"""How long our own count of the address budget is good enough."""
TRIES = 3
AGAIN_S = 0.3


class Readings:
    """What is known of the account, each part no older than it may be."""

    def __init__(
        self,
        ask: Questions,
        address: AddressBudget,
        listing: Sequence[Instrument],
        clock: Clock,
        *,
        fees_s: float = FEES_S,
    ) -> None:
        """Take who asks, what counts, and the instrument of each symbol index.

        Args:
            fees_s: how long fee rates are good enough.
        """
        self._fees_ns = round(fees_s * SECOND_NS)
        self._ask, self._address = ask, address
        self._listing, self._clock = listing, clock
        self._fees: tuple[int, FeeRates] | None = None
        self._counted_ns: int | None = None
        self._venue_time: tuple[int, int] | None = None

    async def standing(self) -> Standing:
        """Ask where the account stands.

        Raises:
            VenueError: no answer that can be trusted.
        """
        await self.observe_budget()
        for _ in range(TRIES - 1):
            try:
                return await self._reading()
            except MismatchError:
                await asyncio.sleep(AGAIN_S)
        return await self._reading()

    async def _reading(self) -> Standing:
        left = self._address.left
        if left is None:
            raise ReplyError("the address budget is not known")
        orders = await self._ask.orders()
        state = await self._ask.state()
        return standing.build(
            self._listing,
            state=state,
            orders=orders,
            fills=await self._ask.fills(state.time_ms - WINDOW_MS),
            budget_left=left,
            fees=await self._fee_rates(),
        )

    async def observe_budget(self) -> None:
        """Take the venue's count of the address budget where ours is old."""
        now = self._monotonic()
        if self._counted_ns is None or now - self._counted_ns >= BUDGET_NS:
            budget = await self._ask.budget()
            self._address.observe(used=budget.used, cap=budget.cap)
            self._counted_ns = now

    async def _fee_rates(self) -> FeeRates:
        now = self._monotonic()
        if self._fees is None or now - self._fees[0] >= self._fees_ns:
            self._fees = (now, await self._ask.fees())
        return self._fees[1]

    async def venue_ms(self) -> int | None:
        """Return a time that the venue has passed, a second old at most; None where it is mute."""
        now = self._monotonic()
        if self._venue_time is None or now - self._venue_time[0] >= SECOND_NS:
            try:
                self._venue_time = (now, await self._ask.venue_ms())
            except ReplyError:
                return None
        return self._venue_time[1]

    def _monotonic(self) -> int:
        return round(self._clock.monotonic() * SECOND_NS)
