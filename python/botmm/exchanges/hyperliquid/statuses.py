"""Statuses — the venue's record of one order, as `orderStatus` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botmm.exchanges.base import Instrument, RawReply
from botmm.exchanges.hyperliquid.answers import Answer, Reason
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, optional, required, units

UNKNOWN_OID = "unknownOid"

_CANCELLED: dict[str, Reason] = {
    "canceled": "asked",
    "selfTradeCanceled": "self_trade",
    "reduceOnlyCanceled": "reduce_only",
    "scheduledCancel": "scheduled",
}
_REJECTED: dict[str, Reason] = {
    "badAloPxRejected": "would_match",
    "iocCancelRejected": "no_liquidity",
    "marketOrderNoLiquidityRejected": "no_liquidity",
    "perpMarginRejected": "margin",
    "insufficientSpotBalanceRejected": "margin",
    "perpMaxPositionRejected": "margin",
    "tickRejected": "invalid",
    "minTradeNtlRejected": "invalid",
    "reduceOnlyRejected": "invalid",
    "badTriggerPxRejected": "invalid",
    "oracleRejected": "invalid",
}


def read_status(reply: RawReply, symbol: int, cloid: str, instrument: Instrument) -> Answer | None:
    """Return what the venue knows of an order; None where it knows of none.

    Raises:
        ReplyError: the reply cannot be read, or is another order's: it proves nothing.
    """
    if reply.status != 200 or reply.body is None:
        raise ReplyError(reply.why or f"HTTP {reply.status}")
    document = decode(reply.body)
    status = required(document, "status", str)
    if status == UNKNOWN_OID:
        return None
    if status != "order":
        raise ReplyError(f"status {status!r}")
    outer = required(document, "order", dict)
    return _answer(
        required(outer, "order", dict), required(outer, "status", str), symbol, cloid, instrument
    )


def read_update(row: Any, symbols: Mapping[str, tuple[int, Instrument]]) -> Answer | None:
    """Return what a row of `orderUpdates` tells; None for an order without an id, or elsewhere.

    Raises:
        ReplyError: a field is missing or malformed.
    """
    order = required(row, "order", dict)
    cloid = optional(order, "cloid", str)
    known = symbols.get(required(order, "coin", str))
    if cloid is None or known is None:
        return None
    return _answer(order, required(row, "status", str), known[0], cloid, known[1])


def _answer(
    row: dict[str, Any], word: str, symbol: int, cloid: str, instrument: Instrument
) -> Answer:
    if row.get("cloid") != cloid or required(row, "coin", str) != instrument.name:
        raise ReplyError(f"asked for {cloid}, told of {row.get('coin')} {row.get('cloid')}")
    oid = required(row, "oid", int)
    left = units(row, "sz", instrument.size_decimals)
    filled = units(row, "origSz", instrument.size_decimals) - left
    if word in ("open", "triggered"):
        return Answer(symbol=symbol, cloid=cloid, word="resting", oid=oid, left=left, filled=filled)
    if word == "filled":
        return Answer(symbol=symbol, cloid=cloid, word="filled", oid=oid, left=0, filled=filled)
    if word.endswith(("Rejected", "rejected")):
        reason = _REJECTED.get(word, "other")
        return Answer(
            symbol=symbol, cloid=cloid, word="rejected", oid=oid, reason=reason, text=word
        )
    if word in _CANCELLED or word.endswith(("Canceled", "Cancel")):
        reason = _CANCELLED.get(word, "venue")
        return Answer(
            symbol=symbol, cloid=cloid, word="cancelled", oid=oid, left=left, filled=filled,
            reason=reason, text=word,
        )  # fmt: skip
    raise ReplyError(f"order status {word!r}")
