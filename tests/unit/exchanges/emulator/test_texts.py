"""Texts — each refusal in the venue's words."""

from __future__ import annotations

from typing import Any

import pytest

from botmm.exchanges.emulator.coins import listed
from botmm.exchanges.emulator.texts import action_text, order_text

BTC, ETH = listed(["BTC", "ETH"])


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        ({"code": "tick"}, "Price must be divisible by tick size."),
        ({"code": "min_notional"}, "Order must have minimum value of $10."),
        ({"code": "margin"}, "Insufficient margin to place order."),
        ({"code": "reduce_only"}, "Reduce only order would increase position."),
        (
            {"code": "would_match", "bid": 640200, "ask": 640205},
            "Post only order would have immediately matched, bbo was 64020@64020.5.",
        ),
        (
            {"code": "would_match", "bid": None, "ask": 640205},
            "Post only order would have immediately matched, bbo was 0@64020.5.",
        ),
        (
            {"code": "no_liquidity"},
            "Order could not immediately match against any resting orders.",
        ),
        ({"code": "zero_size"}, "Order has zero size."),
        ({"code": "bad_size"}, "Order has invalid size."),
        ({"code": "bad_price"}, "Order has invalid price."),
        ({"code": "trigger_price"}, "Invalid TP/SL price."),
        ({"code": "never_placed"}, "Order was never placed, already canceled, or filled."),
    ],
)
def test_entries_carry_the_asset(refusal: dict[str, Any], text: str) -> None:
    assert order_text(refusal, BTC) == f"{text} asset=0"
    assert order_text(refusal, BTC, suffix=False) == text


def test_the_asset_is_that_of_the_entry() -> None:
    assert order_text({"code": "tick"}, ETH).endswith(" asset=1")


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        ({"code": "duplicate_nonce", "nonce": 5}, "Invalid nonce: duplicate nonce 5"),
        ({"code": "nonce_too_low", "nonce": 5, "min": 9}, "Invalid nonce: nonce too low 5 < 9"),
        ({"code": "expired"}, "Action already expired"),
        (
            {"code": "unknown_signer", "signer": "0xab"},
            "User or API Wallet 0xab does not exist.",
        ),
        (
            {"code": "must_deposit", "user": "0xab"},
            "Must deposit before performing actions. User: 0xab",
        ),
        (
            {"code": "budget", "used": 97460, "cap": 97456, "volume": 87_457_469_999},
            "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded"
            " $87457.46. Place taker orders to free up 1 request per USDC traded.",
        ),
        (
            {"code": "schedule_volume", "required": 1_000_000, "traded": 12_066_750_000},
            "Cannot set scheduled cancel time until enough volume traded."
            " Required: $1000000. Traded: $12066.75.",
        ),
        (
            {"code": "far_price"},
            "Order price cannot be more than 80% away from the reference price",
        ),
        ({"code": "cannot_modify"}, "Cannot modify canceled or filled order"),
        ({"code": "vault", "address": "0xab"}, "Vault not registered: 0xab"),
        ({"code": "leverage_switch"}, "Cannot switch leverage type with open position."),
        ({"code": "not_isolated"}, "Position does not use isolated margin."),
        (
            {"code": "modify_failed", "inner": {"code": "would_match", "bid": 10, "ask": 20}},
            "Error placing new order during modify:"
            " Post only order would have immediately matched, bbo was 1@2.",
        ),
    ],
)
def test_whole_actions_have_no_asset(refusal: dict[str, Any], text: str) -> None:
    assert action_text(refusal, BTC) == text


def test_every_code_of_the_contract_has_words() -> None:
    more = {"nonce": 1, "min": 2, "signer": "0x", "user": "0x", "used": 1, "cap": 1, "volume": 1}
    more |= {"required": 1, "traded": 1, "address": "0x", "max": 5, "limit": 3}
    codes = """
        tick min_notional margin reduce_only no_liquidity zero_size bad_size bad_price
        too_many_orders trigger_price never_placed unsupported duplicate_nonce nonce_too_low
        nonce_window expired unknown_signer must_deposit budget far_price cannot_modify
        schedule_volume schedule_ahead schedule_fires empty leverage_switch leverage not_isolated
        vault funds agent_used too_many_agents agent_expired
    """.split()
    texts = {code: action_text({"code": code, **more}, BTC) for code in codes}
    assert all(texts.values())
    assert len(set(texts.values())) == len(codes)
