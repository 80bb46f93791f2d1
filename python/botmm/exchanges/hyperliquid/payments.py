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
        events: list[Event] = []
        for key, received in self._new(frame).items():
            self._told[key] = None
            symbol = self._symbols[key[1]]
            events.append({"kind": "funding", "symbol": symbol, "received": received})
        while len(self._told) > KEPT_MAX:
            del self._told[next(iter(self._told))]
        return events

    def lacks(self, frame: bytes) -> bool:
        """Whether a frame of `userFundings` tells a payment that was not told.

        Raises:
            ReplyError: it cannot be read.
        """
        return bool(self._new(frame))

    def _new(self, frame: bytes) -> dict[tuple[int, str], int]:
        """Return micro-dollars by time and coin of what was not told, oldest first, each once."""
        rows = required(required(decode(frame), "data", dict), "fundings", list)
        read = {
            (required(row, "time", int), required(row, "coin", str)): floored(row, "usdc", USD)
            for row in rows
        }
        return {
            key: received
            for key, received in sorted(read.items())
            if key[1] in self._symbols and key[0] >= self._since_ms and key not in self._told
        }
