"""Standing — the venue's replies about an account as the standing that ports speak of.

Fills are asked for after positions. A position is that of the end of a block; the fills up to that
block are part of it, those behind it are not and are counted when the stream brings them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from botmm.exchanges.base import Instrument, RawReply
from botmm.exchanges.hyperliquid.account import FeeRates, FillRow, OpenOrder, State
from botmm.exchanges.hyperliquid.fields import ReplyError, decode
from botmm.ports import RestingOrder, Standing
from botmm.units import MS_NS

RATE = 10**12
MARGIN_MS = 2_000
"""How much older than its time a reading may be: fills since then are told by their ids."""


class MismatchError(ReplyError):
    """Two readings do not fit: one of them is stale, and another may not be."""


def document(name: str, reply: RawReply) -> Any:
    """Return the JSON of an answer to a question.

    Raises:
        ReplyError: there is none; nothing is known then, and nothing is flat.
    """
    if reply.status != 200 or reply.body is None:
        why = reply.why or f"HTTP {reply.status}"
        raise ReplyError(f"{name}: {why}", cure="ask again; nothing of this reading is used")
    return decode(reply.body)


def fills_question(user: str, since_ms: int) -> dict[str, Any]:
    """Return the question for fills, oldest first, from a venue time on."""
    return {
        "type": "userFillsByTime",
        "user": user,
        "startTime": since_ms,
        "endTime": None,
        "aggregateByTime": False,
    }


def build(
    listing: Sequence[Instrument],
    *,
    state: State,
    orders: Sequence[OpenOrder],
    fills: Sequence[FillRow],
    budget_left: int,
    fees: FeeRates,
) -> Standing:
    """Return the standing of the symbols that are traded.

    Args:
        fills: of a window that ends after the state was asked for and begins well before.

    Raises:
        MismatchError: fills and positions do not fit: one of the readings is stale.
    """
    at_ms = state.time_ms - MARGIN_MS
    symbols = {one.name: ix for ix, one in enumerate(listing)}
    positions = {
        symbols[name]: held.size for name, held in state.positions.items() if name in symbols
    }
    trades = {
        ix: [
            fill.tid
            for fill in included([f for f in fills if f.coin == name], positions.get(ix, 0), name)
            if fill.time_ms >= at_ms
        ]
        for name, ix in symbols.items()
    }
    return Standing(
        at_ns=at_ms * MS_NS,
        positions=positions,
        trades=trades,
        orders=resting_of(orders, listing),
        account_value=state.account_value,
        cash=state.cash,
        budget_left=budget_left,
        maker_rate=fees.maker / RATE,
        taker_rate=fees.taker / RATE,
    )


def resting_of(orders: Sequence[OpenOrder], listing: Sequence[Instrument]) -> list[RestingOrder]:
    """Return the open orders of the symbols that are traded."""
    symbols = {one.name: ix for ix, one in enumerate(listing)}
    return [resting(one, symbols[one.coin]) for one in orders if one.coin in symbols]


def resting(order: OpenOrder, symbol: int) -> RestingOrder:
    """Return an open order as ports speak of it."""
    return RestingOrder(
        symbol=symbol,
        oid=order.oid,
        cloid=order.cloid,
        side=order.side,
        px=order.px,
        left=order.left,
    )


def included(fills: Sequence[FillRow], position: int, coin: str) -> list[FillRow]:
    """Return the fills of one coin that are part of a position.

    Raises:
        MismatchError: no block of them ends with it, nor do they begin from it, or one is missing.
    """
    if not fills:
        return []
    blocks = _blocks(fills)
    walks = list(_walks(blocks))
    if not walks:
        raise MismatchError(f"{coin}: a fill is missing")
    for count in range(len(blocks), -1, -1):
        if any(walk[count] == position for walk in walks):
            return [fill for block in blocks[:count] for fill in block]
    raise MismatchError(f"{coin}: no fill explains the position of {position} lots")


def lead_to(fills: Sequence[FillRow], position: int, at_ms: int) -> bool:
    """Whether fills of one coin, none missing, come to a position at a venue time.

    That none was made explains any position: older ones are not asked for.
    """
    blocks = _blocks(fills)
    past = sum(block[0].time_ms <= at_ms for block in blocks)
    return not blocks or any(walk[past] == position for walk in _walks(blocks))


def _blocks(fills: Sequence[FillRow]) -> list[list[FillRow]]:
    return [list(rows) for _, rows in groupby(fills, key=lambda fill: fill.time_ms)]


def _walks(blocks: Sequence[Sequence[FillRow]]) -> Iterator[list[int]]:
    """Yield the positions before the first block and after each; nothing where a fill is missing.

    More than one walk is possible where the first block comes back to where it began.
    """
    for start in _starts(blocks[0]):
        walk = [start]
        for block in blocks:
            if walk[-1] not in _starts(block):
                break
            walk.append(walk[-1] + sum(fill.after - fill.before for fill in block))
        else:
            yield walk


def _starts(block: Sequence[FillRow]) -> set[int]:
    """Return the positions from which a block may begin, in whatever order its rows stand.

    It left that position once more than it came to it; all are possible where it came back.
    """
    before = Counter(fill.before for fill in block)
    ahead = before - Counter(fill.after for fill in block)
    if not ahead:
        return set(before)
    return set(ahead) if ahead.total() == 1 else set()


def fills_frame(user: str, fills: Sequence[FillRow]) -> bytes:
    """Return fills that were asked for as the frame in which the stream would have brought them."""
    data: Mapping[str, Any] = {"user": user, "fills": [fill.raw for fill in fills]}
    return json.dumps({"channel": "userFills", "data": data}, separators=(",", ":")).encode()
