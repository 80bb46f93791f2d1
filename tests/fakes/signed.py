"""Signed — bodies for `/exchange`, signed by the SDK's own functions."""

from __future__ import annotations

import itertools
from typing import Any

from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action

from botmm.clock import SystemClock

_steps = itertools.count()
_FIRST = SystemClock().now() // 1_000_000


def nonce() -> int:
    """Return a nonce that no test has used."""
    return _FIRST + next(_steps)


def signed(key: str, action: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of a trading action; `nonce`, `vault` and `expires` may be given."""
    number, vault, expires = more.get("nonce", nonce()), more.get("vault"), more.get("expires")
    wallet = Account.from_key(key)
    return {
        "action": action,
        "nonce": number,
        "signature": sign_l1_action(wallet, action, vault, number, expires, False),
        "vaultAddress": vault,
        "expiresAfter": expires,
    }


def order(px: str, *, size: str = "0.001", tif: str = "Alo", **more: Any) -> dict[str, Any]:
    """Return an action with one order of BTC, a bid unless `buy` says otherwise."""
    wire = {
        "a": more.get("asset", 0),
        "b": more.get("buy", True),
        "p": px,
        "s": size,
        "r": more.get("reduce_only", False),
        "t": {"limit": {"tif": tif}},
    }
    if "cloid" in more:
        wire["c"] = more["cloid"]
    return {"type": "order", "orders": [wire], "grouping": "na"}


def cloid(number: int) -> str:
    """Return a client id."""
    return f"0x{number:032x}"
