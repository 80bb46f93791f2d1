"""Texts — the venue's words for each refusal of the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botmm.exchanges.emulator.coins import Coin

Refusal = dict[str, Any]

EMPTY_BATCH = "Empty orders."

_ORDER = {
    "tick": "Price must be divisible by tick size.",
    "min_notional": "Order must have minimum value of $10.",
    "margin": "Insufficient margin to place order.",
    "reduce_only": "Reduce only order would increase position.",
    "no_liquidity": "Order could not immediately match against any resting orders.",
    "zero_size": "Order has zero size.",
    "bad_size": "Order has invalid size.",
    "bad_price": "Order has invalid price.",
    "too_many_orders": "Too many open orders.",
    "trigger_price": "Invalid TP/SL price.",
    "never_placed": "Order was never placed, already canceled, or filled.",
    "unsupported": "Order type is not supported here.",
}

_ACTION: dict[str, Callable[[Refusal], str]] = {
    "duplicate_nonce": lambda r: f"Invalid nonce: duplicate nonce {r['nonce']}",
    "nonce_too_low": lambda r: f"Invalid nonce: nonce too low {r['nonce']} < {r['min']}",
    "nonce_window": lambda r: f"Invalid nonce: nonce {r['nonce']} is outside the time window",
    "expired": lambda r: "Action already expired",
    "unknown_signer": lambda r: f"User or API Wallet {r['signer']} does not exist.",
    "must_deposit": lambda r: f"Must deposit before performing actions. User: {r['user']}",
    "budget": lambda r: (
        f"Too many cumulative requests sent ({r['used']} > {r['cap']}) for cumulative volume"
        f" traded ${cents(r['volume'])}. Place taker orders to free up 1 request per USDC traded."
    ),
    "far_price": lambda r: "Order price cannot be more than 80% away from the reference price",
    "cannot_modify": lambda r: "Cannot modify canceled or filled order",
    "schedule_volume": lambda r: (
        "Cannot set scheduled cancel time until enough volume traded."
        f" Required: ${r['required']}. Traded: ${cents(r['traded'])}."
    ),
    "schedule_ahead": lambda r: (
        "Scheduled cancel time too early, must be at least 5 seconds from now."
    ),
    "schedule_fires": lambda r: "Too many scheduled cancels triggered today.",
    "empty": lambda r: EMPTY_BATCH,
    "leverage_switch": lambda r: "Cannot switch leverage type with open position.",
    "leverage": lambda r: f"Invalid leverage value, the maximum is {r['max']}.",
    "not_isolated": lambda r: "Position does not use isolated margin.",
    "vault": lambda r: f"Vault not registered: {r['address']}",
    "funds": lambda r: "Insufficient funds.",
    "agent_used": lambda r: "Extra agent already used.",
    "too_many_agents": lambda r: (
        f"Too many extra agents for cumulative volume traded. Current limit is {r['limit']}"
    ),
    "agent_expired": lambda r: "Agent valid_until already expired.",
}


def order_text(refusal: Refusal, coin: Coin, *, suffix: bool = True) -> str:
    """Return the text of one entry of a batch.

    Args:
        refusal: the core's code with its values.
        coin: what the entry was about.
        suffix: whether ` asset=N` follows, as on the wire; the venue's documentation has none.
    """
    text = _order_words(refusal, coin)
    return f"{text} asset={coin.index}" if suffix else text


def action_text(refusal: Refusal, coin: Coin | None = None) -> str:
    """Return the text of a whole action; `coin` is that of its first entry."""
    code = refusal["code"]
    if code == "modify_failed":
        assert coin is not None, "invariant: a modify names an asset"
        return f"Error placing new order during modify: {_order_words(refusal['inner'], coin)}"
    words = _ACTION.get(code)
    if words is not None:
        return words(refusal)
    return _order_words(refusal, coin)


def cents(micro_usd: int) -> str:
    """Return micro-dollars with two decimals, cut."""
    return f"{micro_usd // 1_000_000}.{micro_usd // 10_000 % 100:02d}"


def _order_words(refusal: Refusal, coin: Coin | None) -> str:
    code = refusal["code"]
    if code == "would_match":
        assert coin is not None, "invariant: what would match has an asset"
        bid, ask = ("0.0" if px is None else coin.px(px) for px in (refusal["bid"], refusal["ask"]))
        # The venue writes whole prices without a decimal here.
        return (
            "Post only order would have immediately matched, bbo was"
            f" {bid.removesuffix('.0')}@{ask.removesuffix('.0')}."
        )
    return _ORDER[code] if code in _ORDER else _ACTION[code](refusal)
