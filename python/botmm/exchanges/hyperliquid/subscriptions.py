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
CONTROL = frozenset({"pong", "post", "subscriptionResponse"})

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
    if channel != "l2Book":
        return channel
    coin = _COIN.search(frame)
    fast = _FAST.search(frame) is not None
    name = "" if coin is None else coin[1].decode()
    return book_name(name) if fast else f"{channel} {name}"
