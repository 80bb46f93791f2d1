"""Incidents tests — liquidations of this account and its transfers, each told once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.incidents import Incidents

OURS, OTHER = "0x" + "a" * 40, "0x" + "b" * 40
START_MS = 1_790_000_000_000


def fills(*rows: dict[str, Any]) -> bytes:
    data = {"user": OURS, "fills": list(rows)}
    return json.dumps({"channel": "userFills", "data": data}).encode()


def fill(liquidated: str | None, *, tid: int = 1, at: int = 5, dir: str = "Close Long") -> Any:
    row: dict[str, Any] = {"coin": "BTC", "px": "1.0", "sz": "2.0", "dir": dir}
    row |= {"time": START_MS + at, "tid": tid}
    if liquidated is not None:
        row["liquidation"] = {"liquidatedUser": liquidated, "markPx": "1.0", "method": "market"}
    return row


def ledger(kind: str, *, at: int = 5, **delta: Any) -> bytes:
    row = {"time": START_MS + at, "hash": "0x01", "delta": {"type": kind, **delta}}
    data = {"user": OURS, "nonFundingLedgerUpdates": [row]}
    return json.dumps({"channel": "userNonFundingLedgerUpdates", "data": data}).encode()


def test_only_the_liquidation_of_this_account_is_one() -> None:
    incidents = Incidents(OURS.upper().replace("0X", "0x"), START_MS)
    assert incidents.fills(fills(fill(None), fill(OTHER, tid=2))) == []
    found = incidents.fills(fills(fill(OURS, tid=3)))
    assert [one.kind for one in found] == ["liquidation"]
    assert "BTC" in found[0].words
    assert incidents.fills(fills(fill(None, tid=4, dir="Auto-Deleveraging")))


def test_it_is_told_once_and_never_that_of_another_run() -> None:
    incidents = Incidents(OURS, START_MS)
    assert incidents.fills(fills(fill(OURS, at=-1))) == []
    assert len(incidents.fills(fills(fill(OURS)))) == 1
    assert incidents.fills(fills(fill(OURS))) == []


@pytest.mark.parametrize(
    ("kind", "delta", "micro"),
    [
        ("deposit", {"usdc": "100.5000000002"}, 100_500_000),
        ("withdraw", {"usdc": "40.0", "fee": "1.0", "nonce": 1}, -41_000_000),
        ("accountClassTransfer", {"usdc": "12.0", "toPerp": False}, -12_000_000),
        ("accountClassTransfer", {"usdc": "12.0", "toPerp": True}, 12_000_000),
        (
            "internalTransfer",
            {"usdc": "5.0", "user": OURS, "destination": OTHER, "fee": "1.0"},
            -6_000_000,
        ),
        (
            "internalTransfer",
            {"usdc": "5.0", "user": OTHER, "destination": OURS, "fee": "1.0"},
            5_000_000,
        ),
        ("subAccountTransfer", {"usdc": "5.0", "user": OTHER, "destination": OURS}, 5_000_000),
    ],
)
def test_a_transfer_has_its_sign_and_its_fee(kind: str, delta: Any, micro: int) -> None:
    incidents = Incidents(OURS, START_MS)
    (found,) = incidents.ledger(ledger(kind, **delta))
    assert (found.kind, found.usd_micro) == ("transfer", micro)
    assert incidents.ledger(ledger(kind, **delta)) == [], "told once"
    assert incidents.ledger(ledger(kind, at=-1, **delta)) == [], "of another run"


def test_an_unknown_kind_is_told_without_an_amount() -> None:
    (found,) = Incidents(OURS, START_MS).ledger(ledger("vaultLiquidation", usdc="9.0"))
    assert (found.usd_micro, "unknown amount" in found.words) == (0, True)


def test_what_cannot_be_read_is_an_error_and_never_an_amount() -> None:
    for frame in (ledger("deposit"), ledger("deposit", usdc=5), ledger("deposit", usdc="1e3")):
        with pytest.raises(ReplyError):
            Incidents(OURS, START_MS).ledger(frame)
