"""Refusals — the venue's error texts: what each proves, and why it was given.

Live texts carry ` asset=N` at their end, so they are told by how they begin.
"""

from __future__ import annotations

import re
from typing import Literal

from botmm.exchanges.hyperliquid.answers import Reason
from botmm.exchanges.hyperliquid.fields import exact

GONE = "Order was never placed"

_ORDER: tuple[tuple[str, Reason], ...] = (
    ("Post only order would have immediately matched", "would_match"),
    ("Price must be divisible by tick size", "invalid"),
    ("Order must have minimum value", "invalid"),
    ("Order has zero size", "invalid"),
    ("Order has invalid size", "invalid"),
    ("Order has invalid price", "invalid"),
    ("Invalid TP/SL price", "invalid"),
    ("Reduce only order would increase position", "invalid"),
    ("Price too far from oracle", "invalid"),
    ("Order price too far from oracle", "invalid"),
    ("Order price cannot be more than", "invalid"),
    ("Insufficient margin", "margin"),
    ("Insufficient spot balance", "margin"),
    ("Order would cause position to exceed margin tier limit", "margin"),
    ("Order could not immediately match", "no_liquidity"),
    ("No liquidity available", "no_liquidity"),
    ("Order would increase open interest", "other"),
    ("Order rejected due to price more aggressive than oracle", "other"),
    ("Too many open orders", "other"),
)
# Refusals of a whole action before anything of it ran. Words about nonces are not among them: a
# duplicate nonce may be that of the first copy, which was executed.
_WHOLE: tuple[str, ...] = (
    "User or API Wallet",
    "Unable to recover signer",
    "Must deposit before performing actions",
    "Too many cumulative requests sent",
    "Action already expired",
    "Vault not registered",
    "Builder fee has not been approved",
    "Only post-only orders allowed immediately after a network upgrade",
    "Unexpected number of trigger orders",
)
_BBO = re.compile(r"bbo was (\S+?)@(\S+?)\.?( asset=\d+)?$")

Alarm = Literal["budget", "nonce", "signer", "schedule"]
_ALARMS: tuple[tuple[str, Alarm], ...] = (
    ("Too many cumulative requests sent", "budget"),
    ("Invalid nonce", "nonce"),
    ("User or API Wallet", "signer"),
    ("Unable to recover signer", "signer"),
    ("Must deposit before performing actions", "signer"),
    ("Cannot set scheduled cancel time until enough volume traded", "schedule"),
)


def order_reason(text: str) -> Reason | None:
    """Return why an order was refused; None for words that are not known."""
    return next((reason for start, reason in _ORDER if text.startswith(start)), None)


def whole_reason(text: str) -> Reason | None:
    """Return why a whole action was refused before it ran; None where that is not proven."""
    if any(text.startswith(start) for start in _WHOLE):
        return "other"
    return order_reason(text)


_MISFITS: tuple[str, ...] = (
    "Price must be divisible by tick size",
    "Order has invalid size",
    "Order has invalid price",
    "tickRejected",
    "delistedCanceled",
)


def is_misfit(text: str) -> bool:
    """Whether the venue's words on an order say that its coin is listed otherwise than we know."""
    return text.startswith(_MISFITS)


def alarm(text: str) -> Alarm | None:
    """Return what a refusal means beyond its orders; None for nothing."""
    return next((name for start, name in _ALARMS if text.startswith(start)), None)


def touch_of(text: str, px_decimals: int) -> tuple[int, int]:
    """Return (bid, ask) in price units that a refused post-only order met; 0 where unreadable."""
    found = _BBO.search(text)
    if found is None:
        return 0, 0
    return _units(found[1], px_decimals), _units(found[2], px_decimals)


def lowest_nonce(text: str) -> int | None:
    """Return the nonce that a `too low` refusal names as the lowest of those that are kept."""
    found = re.match(r"Invalid nonce: nonce too low \d{1,20} < (\d{1,20})", text, re.ASCII)
    return None if found is None else int(found[1])


def _units(text: str, decimals: int) -> int:
    try:
        return exact(text, decimals)
    except ValueError:
        return 0
