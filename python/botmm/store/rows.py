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
    oid: int | None
    reduce_only: bool
    sent_ns: int
    updated_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One fill; the venue's trade id makes it count once."""

    tid: int
    symbol: str
    cloid: str | None
    oid: int
    side: Side
    px: int
    size: int
    fee_micro: int
    closed_pnl_micro: int
    maker: bool
    venue_ms: int
    recv_ns: int


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
class DayRow:
    """Equity over a UTC day."""

    day: str
    opening_micro: int
    closing_micro: int
    low_micro: int
    high_micro: int
