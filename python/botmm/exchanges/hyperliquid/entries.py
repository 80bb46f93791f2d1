"""Entries — the account's frames as rows for the books: changes of orders, fills, funding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid.account import USD, read_fills
from botmm.exchanges.hyperliquid.account import FillRow as ToldFill
from botmm.exchanges.hyperliquid.fields import (
    SUM_MAX,
    WHOLE_MAX,
    decode,
    floored,
    required,
    within,
)
from botmm.exchanges.hyperliquid.statuses import read_update
from botmm.store.rows import ChangeRow, FillRow, FundingRow, Told
from botmm.units import MS_NS

_HEAD_BYTES = 48
"""The channel stands within so many bytes of a frame."""
_OWN = (b'"userFills"', b'"orderUpdates"', b'"userFundings"')
_STATES = {"resting": "working"}


def is_own(frame: bytes) -> bool:
    """Whether a frame is of the account: cheap, since every frame of the market is asked, too."""
    head = frame[:_HEAD_BYTES]
    return any(channel in head for channel in _OWN)


def read_told(frame: bytes, listing: Sequence[Instrument], recv_ns: int) -> list[Told]:
    """Return what a frame of the account tells of the instruments that are traded.

    Raises:
        ReplyError: it cannot be read; nothing of it is told.
    """
    document = decode(frame)
    match required(document, "channel", str):
        case "userFills":
            return _fills(required(document, "data", dict), listing, recv_ns)
        case "orderUpdates":
            return _changes(required(document, "data", list), listing)
        case "userFundings":
            return _payments(required(document, "data", dict), listing)
    return []


def _fills(data: dict[str, Any], listing: Sequence[Instrument], recv_ns: int) -> list[Told]:
    instruments = {one.name: one for one in listing}
    rows = [
        row for row in required(data, "fills", list) if required(row, "coin", str) in instruments
    ]
    return [
        FillRow(
            tid=fill.tid,
            symbol=fill.coin,
            cloid=fill.cloid,
            oid=fill.oid,
            side=fill.side,
            px=fill.px,
            size=fill.size,
            before=fill.before,
            fee_micro=fill.fee,
            closed_pnl_micro=floored(fill.raw, "closedPnl", USD),
            maker=not fill.crossed,
            venue_ms=fill.time_ms,
            recv_ns=recv_ns,
        )
        for fill in map(_bounded, read_fills(rows, instruments))
    ]


def _bounded(fill: ToldFill) -> ToldFill:
    """Return a fill that the books can sum up.

    Raises:
        ReplyError: no market has such a price or size.
    """
    worth = fill.px * fill.size
    for number in (fill.px, fill.size, fill.before, fill.fee, worth):
        within(number, SUM_MAX, "of a fill")
    return fill


def _ns(row: Any, key: str) -> int:
    """Return a time of the venue in ns."""
    return within(required(row, key, int) * MS_NS, WHOLE_MAX, key)


def _changes(rows: Sequence[Any], listing: Sequence[Instrument]) -> list[Told]:
    symbols = {one.name: (ix, one) for ix, one in enumerate(listing)}
    changes: list[Told] = []
    for row in rows:
        answer = read_update(row, symbols)
        if answer is not None:
            changes.append(
                ChangeRow(
                    cloid=answer.cloid,
                    ts_ns=_ns(row, "statusTimestamp"),
                    state=_STATES.get(answer.word, answer.word),
                    left=answer.left if answer.word == "resting" else 0,
                    reason=answer.text or answer.reason or "",
                )
            )
    return changes


def _payments(data: dict[str, Any], listing: Sequence[Instrument]) -> list[Told]:
    names = {one.name for one in listing}
    return [
        FundingRow(
            symbol=row["coin"],
            received_micro=floored(row, "usdc", USD),
            venue_ms=_ns(row, "time") // MS_NS,
        )
        for row in required(data, "fundings", list)
        if required(row, "coin", str) in names
    ]
