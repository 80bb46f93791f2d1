"""Questions — what is asked of the venue, within its weights, by whichever way answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botmm.clock import Clock
from botmm.errors import ConfigError
from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.account import (
    Budget,
    FeeRates,
    FillRow,
    Instruments,
    OpenOrder,
    State,
    read_budget,
    read_fees,
    read_fills,
    read_orders,
    read_state,
)
from botmm.exchanges.hyperliquid.budgets import KEPT, KEPT_URGENT, SHUT, WeightLedger, info_weight
from botmm.exchanges.hyperliquid.encode import Universe
from botmm.exchanges.hyperliquid.fields import ReplyError, required, units
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.standing import document, fills_question
from botmm.exchanges.hyperliquid.step import Step
from botmm.exchanges.hyperliquid.stream import Stream
from botmm.ports import Minute
from botmm.units import MS_NS, SECOND_NS

ROWS_PER_WEIGHT = 20
CANDLES_PER_WEIGHT = 60
MINUTE_MS = 60_000
CANDLE_DECIMALS = 10
FIRING_MS = 5_000
"""No two firings lie nearer: the switch is set so far ahead at least."""


@dataclass(slots=True)
class Questions:
    """Asks about one account; every method raises ReplyError where there is no answer."""

    rest: Rest
    account: str
    weights: WeightLedger
    clock: Clock
    stream: Stream | None = None
    instruments: Instruments | None = None
    """Every perpetual by name; set once the universe is read."""

    async def raw(self, request: Mapping[str, Any], *, kept: float = KEPT) -> RawReply:
        """Return the reply; never raises.

        Args:
            request: the question.
            kept: the share of the weight that it leaves to what is more urgent.
        """
        now = round(self.clock.monotonic() * SECOND_NS)
        weight = info_weight(request)
        if not self.weights.may(weight, now, kept=kept):
            return RawReply(status=None, body=None, why="our own limit of weight", sent=False)
        self.weights.spend(weight, now)
        body = json.dumps(request, separators=(",", ":")).encode()
        reply = await self.rest.post("/info", body)
        if reply.status in SHUT:
            self.weights.refused(now)
        elif reply.status == 200:
            self.weights.served()
        if reply.status is None and self.stream is not None and self.stream.up:
            # A question changes nothing: it may go the other way, too.
            self.weights.spend(weight, now)
            reply = await self.stream.post("info", body, deadline_s=self.rest.deadline_s)
        return reply

    async def answer(self, request: Mapping[str, Any], *, kept: float = KEPT) -> Any:
        """Return the JSON of the answer."""
        return document(str(request["type"]), await self.raw(request, kept=kept))

    def _known(self) -> Instruments:
        if self.instruments is None:
            raise ConfigError("the venue's metadata were not read")
        return self.instruments

    async def universe(self) -> Universe:
        """Return every perpetual that the venue lists, and keep them for other answers."""
        found = await self.listed()
        self.instruments = found.by_name
        return found

    async def listed(self) -> Universe:
        """Return every perpetual that the venue lists now."""
        return Universe(await self.answer({"type": "meta", "dex": ""}))

    async def venue_ms(self) -> int:
        """Return the venue's own time in ms."""
        return required(
            await self.answer({"type": "exchangeStatus"}, kept=KEPT_URGENT), "time", int
        )

    async def step(self) -> Step:
        """Return the venue's time beside ours."""
        sent = int(self.clock.now()) // MS_NS
        venue = await self.venue_ms()
        return Step(venue=venue, sent=sent, heard=int(self.clock.now()) // MS_NS)

    async def state(self) -> State:
        """Return money and positions."""
        row = await self.answer(
            {"type": "clearinghouseState", "user": self.account, "dex": ""}, kept=KEPT_URGENT
        )
        return read_state(row, self._known())

    async def orders(self, *, kept: float = KEPT_URGENT) -> tuple[OpenOrder, ...]:
        """Return the open orders."""
        rows = await self.answer(
            {"type": "frontendOpenOrders", "user": self.account, "dex": ""}, kept=kept
        )
        return read_orders(rows, self._known())

    async def fills(self, since_ms: int) -> tuple[FillRow, ...]:
        """Return fills from a venue time on, oldest first."""
        rows = await self.answer(fills_question(self.account, since_ms), kept=KEPT_URGENT)
        fills = read_fills(rows, self._known())
        now = round(self.clock.monotonic() * SECOND_NS)
        self.weights.spend(len(fills) // ROWS_PER_WEIGHT, now)
        return fills

    async def minutes(self, coin: str, count: int) -> list[Minute]:
        """Return the last closed minutes of a coin, oldest first."""
        now = int(self.clock.now()) // MS_NS
        request = {"coin": coin, "interval": "1m", "startTime": now - count * MINUTE_MS}
        rows = await self.answer({"type": "candleSnapshot", "req": request | {"endTime": now}})
        if not isinstance(rows, list):
            raise ReplyError(f"candles are no list: {rows!r:.80}")
        spent = len(rows) // CANDLES_PER_WEIGHT
        self.weights.spend(spent, round(self.clock.monotonic() * SECOND_NS))
        return [_minute(row) for row in rows if required(row, "T", int) < now]

    async def fired_since(self, since_ms: int) -> int:
        """Return how often a scheduled cancel withdrew orders since a venue time."""
        rows = await self.answer({"type": "historicalOrders", "user": self.account})
        if not isinstance(rows, list):
            raise ReplyError(f"historicalOrders are no list: {rows!r:.80}")
        ended = (
            required(row, "statusTimestamp", int)
            for row in rows
            if required(row, "status", str) == "scheduledCancel"
        )
        # Orders of one firing end in one block, within a second of its time.
        return len({at // FIRING_MS for at in ended if at >= since_ms})

    async def budget(self) -> Budget:
        """Return the address budget."""
        request = {"type": "userRateLimit", "user": self.account}
        return read_budget(await self.answer(request, kept=KEPT_URGENT))

    async def fees(self) -> FeeRates:
        """Return the account's fee rates."""
        request = {"type": "userFees", "user": self.account}
        return read_fees(await self.answer(request, kept=KEPT_URGENT))


def _minute(row: Any) -> Minute:
    """Return a candle as signals take it in."""
    start = required(row, "t", int)
    prices = [float(units(row, key, CANDLE_DECIMALS)) for key in "ohlcv"]
    o, h, low, c, v = (price / 10**CANDLE_DECIMALS for price in prices)
    return start, o, h, low, c, v
