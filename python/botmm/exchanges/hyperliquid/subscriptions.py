"""Subscriptions — what the sockets ask for, and what a frame is about without reading all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from botmm.exchanges.base import Instrument
from botmm.units import SECOND_NS

Subscription = dict[str, Any]

FAST_SILENCE_NS = 3 * SECOND_NS
"""The fast book comes every 0.54 s, changed or not."""
LEDGER = "userNonFundingLedgerUpdates"
PRIVATE = frozenset({"orderUpdates", "userFills", "userFundings"})
MONEY = PRIVATE | {LEDGER}
CONTEXT_SILENCE_NS = 30 * SECOND_NS
"""Contexts come about each second."""
BOOK_SILENCE_NS = 30 * SECOND_NS
"""The book of 20 levels comes every 5.4 s."""
CONTROL = frozenset({"pong", "post", "subscriptionResponse"})

_OF_A_COIN = frozenset({"l2Book", "bbo", "trades", "activeAssetCtx"})
_CHANNEL = re.compile(rb'\{\s*"channel"\s*:\s*"(\w+)"')
_COIN = re.compile(rb'"coin"\s*:\s*"([^"]{1,40})"')
_FAST = re.compile(rb'"fast"\s*:\s*true')


def market(instruments: Sequence[Instrument]) -> dict[str, Subscription]:
    """Return what is public, by the name under which its silence is watched."""
    wanted: dict[str, Subscription] = {}
    for one in instruments:
        wanted[book_name(one.name)] = {"type": "l2Book", "coin": one.name, "fast": True}
        for kind in ("l2Book", "bbo", "trades", "activeAssetCtx"):
            wanted[f"{kind} {one.name}"] = {"type": kind, "coin": one.name}
    return wanted


def private(account: str) -> dict[str, Subscription]:
    """Return what is an account's own."""
    wanted: dict[str, Subscription] = {
        kind: {"type": kind, "user": account} for kind in ("orderUpdates", "userFundings", LEDGER)
    }
    wanted["userFills"] = {"type": "userFills", "user": account, "aggregateByTime": False}
    return wanted


def silences(instruments: Sequence[Instrument]) -> dict[str, int | None]:
    """Return how long each public channel may be silent in ns; only books are regular."""
    return {
        name: FAST_SILENCE_NS if name.startswith("fast ") else None for name in market(instruments)
    }


def recorded(coins: Sequence[str]) -> dict[str, Subscription]:
    """Return what is recorded of coins on the quick socket."""
    wanted: dict[str, Subscription] = {}
    for coin in coins:
        wanted[book_name(coin)] = {"type": "l2Book", "coin": coin, "fast": True}
        for kind in ("bbo", "trades", "activeAssetCtx"):
            wanted[f"{kind} {coin}"] = {"type": kind, "coin": coin}
    return wanted


def recorded_deep(coins: Sequence[str]) -> dict[str, Subscription]:
    """Return the books of 20 levels, on a socket of their own."""
    return {f"l2Book {coin}": {"type": "l2Book", "coin": coin} for coin in coins}


def silence_of(name: str) -> int | None:
    """Return how long a recorded channel may be silent in ns; a quiet market has no trades."""
    kind = name.partition(" ")[0]
    limits = {
        "fast": FAST_SILENCE_NS,
        "l2Book": BOOK_SILENCE_NS,
        "activeAssetCtx": CONTEXT_SILENCE_NS,
    }
    return limits.get(kind)


def book_name(coin: str) -> str:
    """Return the name of a coin's fast book."""
    return f"fast {coin}"


def channel_of(frame: bytes) -> str:
    """Return the channel of a frame; empty where it has none."""
    found = _CHANNEL.match(frame)
    if found is not None:
        return found[1].decode()
    try:
        document = json.loads(frame)
    except (ValueError, RecursionError):
        return ""
    channel = document.get("channel") if isinstance(document, dict) else None
    return channel if isinstance(channel, str) else ""


def name_of(channel: str, frame: bytes) -> str:
    """Return the name under which a frame's silence is watched."""
    if channel not in _OF_A_COIN:
        return channel
    name = f"{channel} {coin_of(frame)}"
    if channel == "l2Book" and _FAST.search(frame) is not None:
        return book_name(coin_of(frame))
    return name


def coin_of(frame: bytes) -> str:
    """Return the coin that a frame names first; empty where it names none."""
    coin = _COIN.search(frame)
    return "" if coin is None else coin[1].decode()
