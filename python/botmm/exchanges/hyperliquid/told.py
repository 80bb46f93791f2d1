"""Told — what frames of the account's stream say of orders and fills, with the venue's own times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid.account import FillRow, read_fills
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, optional, required
from botmm.units import MS_NS

_MARKET = tuple(
    f'{{"channel":"{name}"'.encode() for name in ("l2Book", "bbo", "trades", "activeAssetCtx")
)
_ORDERS = b'{"channel":"orderUpdates"'
_FILLS = b'{"channel":"userFills"'


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTime:
    """When something became of an order, by the venue's clock in ns."""

    cloid: str
    word: Literal["placed", "cancelled", "over"]
    venue_ns: int


class Told:
    """Reads frames of some coins; a frame that is malformed tells nothing, as in the daemon."""

    def __init__(self, size_decimals: Mapping[str, int]) -> None:
        """Take the size decimals of each coin."""
        self._instruments = {
            name: Instrument(
                name=name,
                asset=0,
                size_decimals=decimals,
                px_decimals=max(6 - decimals, 0),
                max_leverage=1,
                only_isolated=False,
                delisted=False,
            )
            for name, decimals in size_decimals.items()
        }

    @staticmethod
    def is_market(frame: bytes) -> bool:
        """Whether a frame tells of a market rather than of an account."""
        return frame.startswith(_MARKET)

    def orders(self, frame: bytes) -> list[OrderTime]:
        """Return what a frame tells of orders that have an id of ours."""
        if not frame.startswith(_ORDERS):
            return []
        try:
            rows = required(decode(frame), "data", list)
            read = [self._order(row) for row in rows]
        except ReplyError:
            return []
        return [one for one in read if one is not None]

    @staticmethod
    def _order(row: object) -> OrderTime | None:
        order, word = required(row, "order", dict), required(row, "status", str)
        cloid = optional(order, "cloid", str)
        if cloid is None:
            return None
        sort: Literal["placed", "cancelled", "over"]
        sort = "placed" if word == "open" else "cancelled" if word == "canceled" else "over"
        venue_ns = required(row, "statusTimestamp", int) * MS_NS
        return OrderTime(cloid=cloid, word=sort, venue_ns=venue_ns)

    def fills(self, frame: bytes) -> tuple[FillRow, ...]:
        """Return the fills that a frame tells, those of a snapshot too; each may come again."""
        if not frame.startswith(_FILLS):
            return ()
        try:
            rows = required(required(decode(frame), "data", dict), "fills", list)
            known = [row for row in rows if required(row, "coin", str) in self._instruments]
            return read_fills(known, self._instruments)
        except ReplyError:
            return ()
