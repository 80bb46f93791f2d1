"""Tests of signing — the SDK's vectors, and a key that goes nowhere."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action
from hypothesis import given, settings
from hypothesis import strategies as st

from botmm.errors import ConfigError, UsageError
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.sign import ALLOWED, Signer
from tests.unit.exchanges.hyperliquid.listing import ADDRESS, KEY

MAIN = host_of("https://api.hyperliquid.xyz")
TEST = host_of("http://127.0.0.1:3001")
ORDER = {
    "a": 1, "b": True, "p": "100", "s": "100", "r": False, "t": {"limit": {"tif": "Gtc"}},
}  # fmt: skip
WITH_ID = ORDER | {"c": "0x00000000000000000000000000000001"}
# Of the SDK's tests/signing_test.py: action, r on the main network, r on the test network.
VECTORS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"type": "order", "orders": [ORDER], "grouping": "na"},
        "0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e",
        "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
    ),
    (
        {"type": "order", "orders": [WITH_ID], "grouping": "na"},
        "0x41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3",
        "0xeba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d",
    ),
    (
        {"type": "scheduleCancel"},
        "0x6cdfb286702f5917e76cd9b3b8bf678fcc49aec194c02a73e6d4f16891195df9",
        "0xc75bb195c3f6a4e06b7d395acc20bbb224f6d23ccff7c6a26d327304e6efaeed",
    ),
    (
        {"type": "scheduleCancel", "time": 123456789},
        "0x609cb20c737945d070716dcc696ba030e9976fcf5edad87afa7d877493109d55",
        "0x4e4f2dbd4107c69783e251b7e1057d9f2b9d11cee213441ccfa2be63516dc5bc",
    ),
]


@pytest.mark.parametrize(("action", "main", "test"), VECTORS)
def test_signatures_are_those_of_the_sdk(action: dict[str, Any], main: str, test: str) -> None:
    for host, r in ((MAIN, main), (TEST, test)):
        signed = Signer(KEY, agent=ADDRESS, host=host).sign(action, nonce=0, expires_ms=None)
        assert json.loads(signed.body)["signature"]["r"] == r


def test_every_vector_of_the_reference_is_met() -> None:
    data = os.environ.get("BOTMM_TEST_DATA")
    path = Path(data or ".").parent / "reference" / "hyperliquid-signing-vectors.json"
    if data is None or not path.exists():
        pytest.skip("BOTMM_TEST_DATA is not set")
    met = 0
    for row in json.loads(path.read_text())["l1_actions"]:
        if row["action"]["type"] not in ALLOWED:
            continue
        for host, net in ((MAIN, "mainnet"), (TEST, "testnet")):
            signer = Signer(KEY, agent=ADDRESS, host=host, vault=row["vaultAddress"])
            signed = signer.sign(row["action"], nonce=row["nonce"], expires_ms=row["expiresAfter"])
            expected = {key: row[net][key] for key in ("r", "s", "v")}
            assert json.loads(signed.body)["signature"] == expected, row["name"]
            met += 1
    assert met >= 20


@given(
    seed=st.integers(1, 2**200),
    nonce=st.integers(0, 2**62),
    expires=st.none() | st.integers(0, 2**62),
    vault=st.sampled_from([None, ADDRESS]),
    vector=st.sampled_from(VECTORS),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_signed_is_signed_as_the_sdk_does(
    seed: int, nonce: int, expires: int | None, vault: str | None, vector: Any
) -> None:
    key = f"0x{seed:064x}"
    wallet, action = Account.from_key(key), vector[0]
    for host in (MAIN, TEST):
        signer = Signer(key, agent=wallet.address, host=host, vault=vault)
        ours = json.loads(signer.sign(action, nonce=nonce, expires_ms=expires).body)["signature"]
        assert ours == sign_l1_action(wallet, action, vault, nonce, expires, host.mainnet)


def test_the_same_request_has_the_same_bytes() -> None:
    signer = Signer(KEY, agent=ADDRESS, host=TEST)
    action = {"type": "noop"}
    assert signer.sign(action, nonce=5, expires_ms=9) == signer.sign(action, nonce=5, expires_ms=9)


@pytest.mark.parametrize("kind", ["withdraw3", "usdSend", "approveAgent", "modify", None])
def test_what_moves_money_is_never_signed(kind: str | None) -> None:
    with pytest.raises(UsageError, match="never signed"):
        Signer(KEY, agent=ADDRESS, host=TEST).sign({"type": kind}, nonce=1, expires_ms=None)


@pytest.mark.parametrize(
    "key", [KEY[:-1], KEY + "0", KEY + "\n", f" {KEY}", "", "0x" + "0" * 64, "0x" + "f" * 64]
)
def test_a_malformed_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Signer(key, agent=ADDRESS, host=TEST)
    assert "0123456789" not in str(refused.value)


def test_a_key_of_another_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="belongs to") as refused:
        Signer(KEY, agent="0x" + "1" * 40, host=TEST)
    assert KEY[2:] not in "".join(traceback.format_exception(refused.value))


def test_a_signer_is_neither_shown_nor_copied() -> None:
    signer = Signer(KEY, agent=ADDRESS, host=TEST)
    assert repr(signer) == f"Signer({ADDRESS})"
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(signer)
    assert "signature" not in repr(signer.sign({"type": "noop"}, nonce=1, expires_ms=None))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hyperliquid.xyz", "https://api.hyperliquid.xyz.example", "http://10.0.0.1:3001",
        "https://u:p@api.hyperliquid.xyz", "https://api.hyperliquid.xyz/x", "ftp://127.0.0.1",
        "https://127.0.0.1.example", "http://localhost@evil.example", "",
    ],
)  # fmt: skip
def test_orders_go_to_no_other_host(url: str) -> None:
    with pytest.raises(ConfigError):
        host_of(url)


def test_only_the_main_network_counts_as_such() -> None:
    assert MAIN.mainnet
    assert not TEST.mainnet
    assert not host_of("https://api.hyperliquid-testnet.xyz").mainnet
    assert (MAIN.ws, TEST.ws) == ("wss://api.hyperliquid.xyz/ws", "ws://127.0.0.1:3001/ws")
