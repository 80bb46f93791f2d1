"""Payments — funding of the account's stream as events of the core, each once over reconnects."""

from __future__ import annotations

from collections.abc import Sequence

from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid.account import USD
from botmm.exchanges.hyperliquid.fields import decode, floored, required
from botmm.ports import Event

KEPT_MAX = 10_000


class Payments:
    """Which payments were told; those from before a venue time belong to another run."""

    def __init__(self, listing: Sequence[Instrument], since_ms: int) -> None:
        """Take the instrument of each symbol index, and the venue's time at the start."""
        self._symbols = {one.name: ix for ix, one in enumerate(listing)}
        self._since_ms = since_ms
        self._told: dict[tuple[int, str], None] = {}

    def heard(self, frame: bytes) -> list[Event]:
        """Return what a frame of `userFundings` tells anew; positive is received.

        Raises:
            ReplyError: it cannot be read; nothing of it is told.
        """
        rows = required(required(decode(frame), "data", dict), "fundings", list)
        read = [
            (required(row, "time", int), required(row, "coin", str), floored(row, "usdc", USD))
            for row in rows
        ]
        events: list[Event] = []
        for time_ms, coin, received in sorted(read):
            symbol, key = self._symbols.get(coin), (time_ms, coin)
            if symbol is None or time_ms < self._since_ms or key in self._told:
                continue
            self._told[key] = None
            events.append({"kind": "funding", "symbol": symbol, "received": received})
        while len(self._told) > KEPT_MAX:
            del self._told[next(iter(self._told))]
        return events
