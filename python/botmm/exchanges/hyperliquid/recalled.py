"""Recalled — payments and transfers of which the news was lost: asked for after each hour."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.exchanges.hyperliquid.fields import required
from botmm.exchanges.hyperliquid.questions import Questions
from botmm.exchanges.hyperliquid.subscriptions import LEDGER
from botmm.observe.logging import logger
from botmm.units import MS_NS, SECOND_NS

HOUR_S = 3_600
AFTER_S = 30
"""Funding is paid on the hour, and its news comes within seconds."""
AGAIN_S = 20.0
MARGIN_MS = 2 * HOUR_S * 1_000
"""How much of what was asked for before is asked for again."""

_log = logger(__name__)


class Recalled:
    """Brings answers in the form of the news that they stand for; whoever hears them knows which are new."""

    def __init__(
        self, ask: Questions, clock: Clock, since_ms: int, hear: Callable[[str, bytes], object]
    ) -> None:
        """Take who is asked, from which venue time on, and who hears a channel's frame."""
        self._ask, self._clock, self._since_ms, self._hear = ask, clock, since_ms, hear

    async def run(self) -> None:
        """Ask after each hour, until there is an answer."""
        while True:
            now_s = int(self._clock.now()) / SECOND_NS
            await asyncio.sleep((AFTER_S - now_s) % HOUR_S or HOUR_S)
            asked_ms = int(self._clock.now()) // MS_NS
            while not await self._bring():
                await asyncio.sleep(AGAIN_S)
            self._since_ms = max(self._since_ms, asked_ms - MARGIN_MS)

    async def _bring(self) -> bool:
        """Ask once; whether both answers came and could be read."""
        try:
            paid = await self._rows("userFunding")
            fundings = [
                {"time": required(row, "time", int), **required(row, "delta", dict)} for row in paid
            ]
            self._tell("userFundings", {"fundings": fundings})
            self._tell(LEDGER, {"nonFundingLedgerUpdates": await self._rows(LEDGER)})
        except VenueError as error:
            _log.warning("payments could not be asked for", why=error.message)
            return False
        return True

    async def _rows(self, kind: str) -> list[dict[str, object]]:
        question = {"type": kind, "user": self._ask.account, "startTime": self._since_ms}
        return required({"rows": await self._ask.answer(question)}, "rows", list)

    def _tell(self, channel: str, data: dict[str, object]) -> None:
        frame = {"channel": channel, "data": {"user": self._ask.account, **data}}
        self._hear(channel, json.dumps(frame, separators=(",", ":")).encode())
