"""Account — the venue's word on an account: positions, open orders, fills, budget and fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botmm.exchanges.base import Instrument, Side
from botmm.exchanges.hyperliquid.fields import ReplyError, floored, optional, required, units

USD = 6
"""Money is in micro-dollars."""
RATE = 12
"""Fee rates are in units of 10^-12 of the notional."""
_CASH = "totalRawUsd"
_ELSEWHERE = ("@", "#", "+")
_SIDES: dict[str, Side] = {"B": "bid", "A": "ask"}

Instruments = Mapping[str, Instrument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position in signed lots."""

    coin: str
    size: int
    leverage: int
    isolated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An account's money in micro-dollars, and its positions; at the venue's time.

    The cash is the value without the positions'.
    """

    time_ms: int
    account_value: int
    cash: int | None
    withdrawable: int
    margin_used: int
    positions: dict[str, Position]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order on the book; px in price units, sizes in lots."""

    coin: str
    asset: int
    oid: int
    cloid: str | None
    side: Side
    px: int
    left: int
    size: int
    reduce_only: bool
    trigger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """An execution; `before` is the position in lots it met, `fee` what was paid in micro-dollars.

    `raw` is the venue's row, for handing it on as a frame.
    """

    coin: str
    tid: int
    oid: int
    cloid: str | None
    side: Side
    px: int
    size: int
    before: int
    fee: int
    crossed: bool
    liquidation: bool
    time_ms: int
    raw: dict[str, Any]

    @property
    def after(self) -> int:
        """Return the position in lots that it left."""
        return self.before + (self.size if self.side == "bid" else -self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The address budget by the venue's count."""

    used: int
    cap: int
    volume_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRates:
    """Fees of this account in 10^-12 of the notional, discounts taken off; negative is a rebate."""

    maker: int
    taker: int


def read_state(document: Any, instruments: Instruments) -> State:
    """Read the reply to `clearinghouseState`; a coin that is not there is flat.

    Raises:
        ReplyError: a field is missing or malformed, or the coin is not listed.
    """
    margin = required(document, "marginSummary", dict)
    positions = {}
    for row in required(document, "assetPositions", list):
        position = _position(required(row, "position", dict), instruments)
        positions[position.coin] = position
    return State(
        time_ms=required(document, "time", int),
        account_value=floored(margin, "accountValue", USD),
        cash=floored(margin, _CASH, USD) if margin.get(_CASH) is not None else None,
        withdrawable=floored(document, "withdrawable", USD),
        margin_used=floored(margin, "totalMarginUsed", USD),
        positions=positions,
    )


def _position(row: dict[str, Any], instruments: Instruments) -> Position:
    instrument = _instrument(row, instruments)
    leverage = required(row, "leverage", dict)
    return Position(
        coin=instrument.name,
        size=units(row, "szi", instrument.size_decimals),
        leverage=required(leverage, "value", int),
        isolated=required(leverage, "type", str) == "isolated",
    )


def read_orders(document: Any, instruments: Instruments) -> tuple[OpenOrder, ...]:
    """Read the reply to `frontendOpenOrders`; those of spot and outcome markets are left out.

    Raises:
        ReplyError: it is no list, or an order of a perpetual is malformed.
    """
    return tuple(_order(row, instruments) for row in _perpetual(document))


def _order(row: dict[str, Any], instruments: Instruments) -> OpenOrder:
    instrument = _instrument(row, instruments)
    return OpenOrder(
        coin=instrument.name,
        asset=instrument.asset,
        oid=required(row, "oid", int),
        cloid=optional(row, "cloid", str),
        side=_side(row),
        px=units(row, "limitPx", instrument.px_decimals),
        left=units(row, "sz", instrument.size_decimals),
        size=units(row, "origSz", instrument.size_decimals),
        reduce_only=required(row, "reduceOnly", bool),
        trigger=required(row, "isTrigger", bool),
    )


def read_fills(document: Any, instruments: Instruments) -> tuple[FillRow, ...]:
    """Read the reply to `userFillsByTime`, oldest first, each trade once.

    Raises:
        ReplyError: it is no list, or the fill of a perpetual is malformed.
    """
    rows: dict[tuple[int, str, int], FillRow] = {}
    for row in _perpetual(document):
        fill = _fill(row, instruments)
        rows[(fill.time_ms, fill.coin, fill.tid)] = fill
    return tuple(sorted(rows.values(), key=lambda fill: fill.time_ms))


def _fill(row: dict[str, Any], instruments: Instruments) -> FillRow:
    instrument = _instrument(row, instruments)
    if required(row, "feeToken", str) != "USDC":
        raise ReplyError(f"fee of {instrument.name} in {row['feeToken']!r}")
    return FillRow(
        coin=instrument.name,
        tid=required(row, "tid", int),
        oid=required(row, "oid", int),
        cloid=optional(row, "cloid", str),
        side=_side(row),
        px=units(row, "px", instrument.px_decimals),
        size=units(row, "sz", instrument.size_decimals),
        before=units(row, "startPosition", instrument.size_decimals),
        fee=units(row, "fee", USD),
        crossed=required(row, "crossed", bool),
        liquidation=row.get("liquidation") is not None,
        time_ms=required(row, "time", int),
        raw=row,
    )


def read_budget(document: Any) -> Budget:
    """Read the reply to `userRateLimit`.

    Raises:
        ReplyError: a field is missing or malformed.
    """
    return Budget(
        used=required(document, "nRequestsUsed", int),
        cap=required(document, "nRequestsCap", int),
        volume_usd=floored(document, "cumVlm", 0),
    )


def read_fees(document: Any) -> FeeRates:
    """Read the reply to `userFees`; a referral takes its part off positive rates only.

    Raises:
        ReplyError: a field is missing or malformed.
    """
    discount = units(document, "activeReferralDiscount", RATE)

    def rate(key: str) -> int:
        value = units(document, key, RATE)
        return value if value <= 0 else value * (10**RATE - discount) // 10**RATE

    return FeeRates(maker=rate("userAddRate"), taker=rate("userCrossRate"))


def _perpetual(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, list):
        raise ReplyError(f"no list: {document!r:.80}")
    coins = [(required(row, "coin", str), row) for row in document]
    return [row for coin, row in coins if not coin.startswith(_ELSEWHERE) and "/" not in coin]


def _instrument(row: dict[str, Any], instruments: Instruments) -> Instrument:
    coin = required(row, "coin", str)
    if coin not in instruments:
        raise ReplyError(f"{coin!r} is not listed", cure="read the venue's metadata again")
    return instruments[coin]


def _side(row: dict[str, Any]) -> Side:
    side = required(row, "side", str)
    if side not in _SIDES:
        raise ReplyError(f"side {side!r}")
    return _SIDES[side]
