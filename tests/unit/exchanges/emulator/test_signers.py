"""Signers — recovered addresses, against the venue's own vectors and the SDK's signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hyperliquid.utils.signing import sign_agent, sign_usd_class_transfer_action

from botmm.exchanges.emulator.actions import POSTED, Posted, Signature
from botmm.exchanges.emulator.signers import (
    NoSignerError,
    connection_id,
    l1_digest,
    recover,
    typed_digest,
)
from botmm.exchanges.public_accounts import is_test_address, test_account
from tests.fakes.signed import order, signed

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"
PLAIN = {
    "type": "order",
    "orders": [
        {"a": 1, "b": True, "p": "100", "s": "100", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    ],
    "grouping": "na",
}
NAMED = {
    **PLAIN,
    "orders": [{**PLAIN["orders"][0], "c": "0x00000000000000000000000000000001"}],  # type: ignore[index]
}
# Asserted by the SDK's own tests; the second r and the last s have lost a leading zero.
VECTORS = [
    (
        PLAIN,
        "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
        "0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5",
        27,
    ),
    (
        NAMED,
        "0xeba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d",
        "0x7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe90988",
        28,
    ),
    (
        {
            "type": "subAccountTransfer",
            "subAccountUser": "0x1d9470d4b963f552e6f671a81619d395877bf409",
            "isDeposit": True,
            "usd": 10,
        },
        "0xe26574013395ad55ee2f4e0575310f003c5bb3351b5425482e2969fa51543927",
        "0xefb08999196366871f919fd0e138b3a7f30ee33e678df7cfaf203e25f0a4278",
        28,
    ),
    (
        {"type": "scheduleCancel", "time": 123456789},
        "0x4e4f2dbd4107c69783e251b7e1057d9f2b9d11cee213441ccfa2be63516dc5bc",
        "0x706c656b23428c8ba356d68db207e11139ede1670481a9e01ae2dfcdb0e1a678",
        27,
    ),
]


def posted(action: dict[str, Any], signature: dict[str, Any], **more: Any) -> Posted:
    body = {"action": action, "nonce": 0, "signature": signature, **more}
    return POSTED.validate_python(body)


def signer(found: Posted) -> str:
    """Return who signed a trading action."""
    digest = l1_digest(
        found.action.canonical(),
        vault=found.vault_address,
        nonce=found.nonce,
        expires_ms=found.expires_after,
    )
    return recover(digest, found.signature)


@pytest.mark.parametrize(("action", "r", "s", "v"), VECTORS)
def test_published_vectors_recover_their_address(
    action: dict[str, Any], r: str, s: str, v: int
) -> None:
    assert signer(posted(action, {"r": r, "s": s, "v": v})) == ADDRESS
    assert signer(posted(action, {"r": r, "s": s, "v": v - 27})) == ADDRESS


def test_the_hash_of_a_production_order_is_the_known_one() -> None:
    wire = {"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False}
    action = {
        "type": "order",
        "orders": [{**wire, "t": {"limit": {"tif": "Ioc"}}}],
        "grouping": "na",
    }
    hashed = connection_id(action, vault=None, nonce=1677777606040, expires_ms=None)
    known = "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"
    assert hashed.hex() == known


def test_all_vectors_of_the_reference_recover(recordings: Path) -> None:
    path = recordings.parent / "reference" / "hyperliquid-signing-vectors.json"
    if not path.exists():
        pytest.skip(f"no {path}")
    vectors = json.loads(path.read_text(encoding="utf-8"))
    seen = 0
    for row in vectors["l1_actions"]:
        if row["action"]["type"] == "dummy":
            continue
        found = posted(
            row["action"],
            {key: row["testnet"][key] for key in "rsv"},
            nonce=row["nonce"],
            vaultAddress=row["vaultAddress"],
            expiresAfter=row["expiresAfter"],
        )
        assert found.action.canonical() == row["action"], row["name"]
        assert signer(found) == vectors["address"].lower(), row["name"]
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("change", ["nonce", "vaultAddress", "expiresAfter", "price"])
def test_whatever_is_changed_makes_another_signer(change: str) -> None:
    body = signed(KEY, order("100"), expires=2_000_000_000_000)
    assert signer(POSTED.validate_python(body)) == ADDRESS
    match change:
        case "nonce":
            body["nonce"] += 1
        case "vaultAddress":
            body["vaultAddress"] = ADDRESS
        case "expiresAfter":
            body["expiresAfter"] = None
        case _:
            body["action"]["orders"][0]["p"] = "101"
    assert signer(POSTED.validate_python(body)) != ADDRESS


@pytest.mark.parametrize(
    ("action", "sign"),
    [
        (
            {
                "type": "approveAgent",
                "agentAddress": "0x5E9ee1089755c3435139848e47e6635505D5a13A",
                "agentName": "",
                "nonce": 7,
            },
            sign_agent,
        ),
        (
            {"type": "usdClassTransfer", "amount": "1.0", "toPerp": True, "nonce": 7},
            sign_usd_class_transfer_action,
        ),
    ],
)
def test_typed_data_recovers_the_master(action: dict[str, Any], sign: Any) -> None:
    signature = sign(Account.from_key(KEY), action, False)
    sent = {key: value for key, value in action.items() if value != ""}  # the SDK drops the name
    found = posted(sent, signature, nonce=7)
    assert recover(typed_digest(found.action), found.signature) == ADDRESS  # type: ignore[arg-type]


@pytest.mark.parametrize(("r", "s", "v"), [("0x0", "0x0", 27), ("0x1", "0x1", 99)])
def test_no_signature_has_no_signer(r: str, s: str, v: int) -> None:
    with pytest.raises(NoSignerError):
        recover(bytes(32), Signature.model_validate({"r": r, "s": s, "v": v}))


def test_test_accounts_are_always_the_same_and_hide_their_keys() -> None:
    first = test_account(0)
    assert first.address == "0xce11de20a05e0b96b55db36e13416a14ca9d2c9b"
    assert Account.from_key(first.key).address.lower() == first.address
    assert first.key not in repr(first)
    assert is_test_address(first.address.upper().replace("0X", "0x"))
    assert not is_test_address(ADDRESS)
