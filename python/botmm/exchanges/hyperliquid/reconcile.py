"""Reconcile — the venue's account beside what the bot believes, and what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from botmm.exchanges.hyperliquid.fields import ReplyError, decode

MS_NS = 1_000_000
FILLS_PAGE = 2_000
"""Rows of one reply; a full one has more behind it."""


def requests(user: str, fills_since_ms: int) -> dict[str, dict[str, Any]]:
    """Return the questions of which a snapshot is made, in the order in which to ask them.

    Positions come after orders and fills, so that no fill in the list is later than they are.
    """
    return {
        "orders": {"type": "frontendOpenOrders", "user": user, "dex": ""},
        "fills": {
            "type": "userFillsByTime",
            "user": user,
            "startTime": fills_since_ms,
            "endTime": None,
            "aggregateByTime": False,
        },
        "state": {"type": "clearinghouseState", "user": user, "dex": ""},
        "budget": {"type": "userRateLimit", "user": user},
        "fees": {"type": "userFees", "user": user},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An account as the venue tells it; `fills_cut` where older rows filled the page."""

    state: State
    orders: tuple[OpenOrder, ...]
    fills: tuple[FillRow, ...]
    fills_cut: bool
    budget: Budget
    fees: FeeRates


def snapshot(replies: Mapping[str, RawReply], instruments: Instruments) -> Snapshot:
    """Read the replies to `requests`, by the same names.

    Raises:
        ReplyError: one is missing or malformed; then nothing is known, and nothing is flat.
    """
    documents = {name: _document(name, replies) for name in requests("", 0)}
    return Snapshot(
        state=read_state(documents["state"], instruments),
        orders=read_orders(documents["orders"], instruments),
        fills=read_fills(documents["fills"], instruments),
        fills_cut=len(documents["fills"]) >= FILLS_PAGE,
        budget=read_budget(documents["budget"]),
        fees=read_fees(documents["fees"]),
    )


def _document(name: str, replies: Mapping[str, RawReply]) -> Any:
    reply = replies.get(name)
    if reply is None or reply.status != 200 or reply.body is None:
        why = "not asked" if reply is None else reply.why or f"HTTP {reply.status}"
        raise ReplyError(f"{name}: {why}", cure="ask again; nothing of this reading is used")
    return decode(reply.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What the bot holds for true: live orders by id (coin, lots left), positions in lots."""

    orders: Mapping[str, tuple[str, int]]
    positions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Where venue and bot disagree; empty fields mean that they do not.

    `foreign` rest at the venue without the bot's knowledge; `missing` are believed live and do
    not rest, which proves nothing: ask for each; `left` are (id, ours, theirs); `positions` are
    (coin, ours, theirs).
    """

    foreign: tuple[OpenOrder, ...]
    missing: tuple[str, ...]
    left: tuple[tuple[str, int, int], ...]
    positions: tuple[tuple[str, int, int], ...]

    @property
    def none(self) -> bool:
        """Return whether both agree."""
        return not (self.foreign or self.missing or self.left or self.positions)


def differences(venue: Snapshot, belief: Belief) -> Differences:
    """Compare; coins that the bot does not trade count, too."""
    resting = {order.cloid: order for order in venue.orders if order.cloid is not None}
    foreign = [order for order in venue.orders if order.cloid not in belief.orders]
    missing = [cloid for cloid in belief.orders if cloid not in resting]
    left = [
        (cloid, ours, resting[cloid].left)
        for cloid, (_, ours) in belief.orders.items()
        if cloid in resting and resting[cloid].left != ours
    ]
    theirs = {coin: position.size for coin, position in venue.state.positions.items()}
    coins = sorted(set(theirs) | set(belief.positions))
    pairs = [(coin, belief.positions.get(coin, 0), theirs.get(coin, 0)) for coin in coins]
    return Differences(
        foreign=tuple(foreign),
        missing=tuple(missing),
        left=tuple(left),
        positions=tuple(pair for pair in pairs if pair[1] != pair[2]),
    )


def baseline(venue: Snapshot, *, symbol: int, coin: str) -> dict[str, Any] | None:
    """Return the core's event that sets a position, or None where fills and position disagree.

    The fills that are part of the position end with the last one that leaves exactly it; those
    behind it came between the two questions and are counted when they are delivered.
    """
    held = venue.state.positions.get(coin)
    position = 0 if held is None else held.size
    fills = [fill for fill in venue.fills if fill.coin == coin]
    ends = [index for index, fill in enumerate(fills) if fill.after == position]
    if ends:
        last = fills[ends[-1]]
        since = last.time_ms
        part = fills[: ends[-1] + 1]
    elif not fills:
        since, part = venue.state.time_ms, []
    elif fills[0].before == position:
        since, part = fills[0].time_ms, []
    else:
        return None
    return {
        "kind": "baseline",
        "symbol": symbol,
        "position": position,
        "since": since * MS_NS,
        "trades": [fill.tid for fill in part if fill.time_ms == since],
    }


def fills_frame(user: str, fills: tuple[FillRow, ...]) -> bytes:
    """Return fills that were asked for as the frame in which the stream would have brought them."""
    data = {"user": user, "fills": [fill.raw for fill in fills]}
    return json.dumps({"channel": "userFills", "data": data}, separators=(",", ":")).encode()
