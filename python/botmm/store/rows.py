"""Rows — what the state file keeps, in integers: px in price units, size in lots, money in micro-USD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["bid", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order as we last knew it."""

    cloid: str
    symbol: str
    side: Side
    px: int
    size: int
    left: int
    state: str
    reason: str
    oid: int | None
    reduce_only: bool
    sent_ns: int
    updated_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change of an order's state; `reason` is the venue's word where it ended.

    What is left is None where the change does not tell.
    """

    cloid: str
    ts_ns: int
    state: str
    left: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One fill; the venue's trade id makes it count once. `before` is the position it met."""

    tid: int
    symbol: str
    cloid: str | None
    oid: int
    side: Side
    px: int
    size: int
    before: int
    fee_micro: int
    closed_pnl_micro: int
    maker: bool
    venue_ms: int
    recv_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRow:
    """One payment of funding; positive is received."""

    symbol: str
    received_micro: int
    venue_ms: int


Told = ChangeRow | FillRow | FundingRow
"""What a venue's word on the account comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of a booking; the legs of an entry sum to 0 in each unit."""

    account: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchRow:
    """A stop that a person has to lift."""

    name: str
    reason: str
    who: str
    set_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What one symbol did on a UTC day, as the engine's ledger has it.

    The gross is in half micro-USD: mids are in half price units. `quoted_ns` is how long orders
    rested.
    """

    day: str
    symbol: str
    placed: int = 0
    quoted_ns: int = 0
    maker_fills: int = 0
    taker_fills: int = 0
    volume_micro: int = 0
    gross_half_micro: int = 0
    fees_micro: int = 0
    funding_micro: int = 0

    @property
    def net_half_micro(self) -> int:
        """Return the profit after fees and funding, in half micro-USD."""
        return self.gross_half_micro + 2 * (self.funding_micro - self.fees_micro)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """Equity over a UTC day."""

    day: str
    opening_micro: int
    closing_micro: int
    low_micro: int
    high_micro: int
