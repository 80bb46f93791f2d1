"""Emulator under hostile input — whatever is sent, it answers and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from botmm.exchanges.emulator import test_account
from tests.fakes.emulator_thread import RunningEmulator, running
from tests.fakes.signed import cloid, order, signed

ONE = test_account(0)
NUMBERS = st.sampled_from(
    [0, 1, -1, 41, 2**31, 2**32 - 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30]
)
DECIMALS = st.sampled_from(
    """
    0 -0 1 0.00001 -5 1e5 NaN inf 97000 97000.5 9999999999 99999999999999999 1e400 0x1 ١٢ . 1.
    """.split()
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
ADDRESS = st.sampled_from([ONE.address, "0x" + 40 * "9", "0x", "0X" + ONE.address[2:], ""])
KINDS = st.sampled_from(
    """
    meta l2Book candleSnapshot fundingHistory orderStatus userFills userFillsByTime portfolio
    clearinghouseState activeAssetData marginTable recentTrades maxBuilderFee openOrders
    """.split()
)


@pytest.fixture(scope="module")
def local() -> Iterator[RunningEmulator]:
    with running(symbols=("BTC",), speed=100.0) as emulator:
        yield emulator


def lives(local: RunningEmulator) -> bool:
    reply = requests.post(f"{local.url}/info", json={"type": "exchangeStatus"}, timeout=10)
    return reply.status_code == 200


@settings(max_examples=150)
@given(
    kind=KINDS,
    user=ADDRESS,
    fields=st.dictionaries(
        st.sampled_from(
            "coin startTime endTime oid req dex nSigFigs mantissa id builder reversed".split()
        ),
        JSON_VALUES | NUMBERS | st.just("BTC") | st.just({"coin": "BTC", "interval": "1m"}),
    ),
)
def test_questions_are_answered_or_refused(
    local: RunningEmulator, kind: str, user: str, fields: dict[str, Any]
) -> None:
    body = json.dumps({"type": kind, "user": user, **fields})
    headers = {"Content-Type": "application/json"}
    reply = requests.post(f"{local.url}/info", data=body, headers=headers, timeout=10)
    assert reply.status_code in (200, 422) or (reply.status_code, reply.text) == (500, "null")


@settings(max_examples=150)
@given(body=JSON_VALUES | st.fixed_dictionaries({"action": JSON_VALUES, "nonce": NUMBERS}))
def test_bodies_that_are_no_action_are_refused(local: RunningEmulator, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    text = json.dumps(body)
    reply = requests.post(f"{local.url}/exchange", data=text, headers=headers, timeout=10)
    assert reply.status_code == 422


def actions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an action of the right shape with any numbers in it."""
    number, asset = draw(NUMBERS.filter(lambda n: 0 <= n < 2**64)), draw(st.sampled_from([0, 0, 7]))
    wire = order(
        draw(DECIMALS),
        size=draw(DECIMALS),
        tif=draw(st.sampled_from(["Alo", "Ioc", "Gtc"])),
        buy=draw(st.booleans()),
        reduce_only=draw(st.booleans()),
        asset=asset,
        cloid=cloid(number % 5),
    )["orders"][0]
    if draw(st.booleans()):
        trigger = {"isMarket": draw(st.booleans()), "triggerPx": draw(DECIMALS), "tpsl": "sl"}
        wire["t"] = {"trigger": trigger}
    small = number % 2**32
    return draw(
        st.sampled_from(
            [
                {"type": "order", "orders": [wire] * 2, "grouping": "na"},
                {"type": "batchModify", "modifies": [{"oid": cloid(1), "order": wire}]},
                {"type": "cancel", "cancels": [{"a": asset, "o": number}]},
                {"type": "scheduleCancel", "time": number},
                {"type": "updateLeverage", "asset": asset, "isCross": True, "leverage": small},
                {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": small},
                {"type": "reserveRequestWeight", "weight": small},
                {
                    "type": "subAccountTransfer",
                    "subAccountUser": ONE.address,
                    "isDeposit": True,
                    "usd": small,
                },
            ]
        )
    )


@settings(max_examples=300)
@given(action=st.composite(actions)())
def test_signed_actions_with_any_numbers_are_answered(
    local: RunningEmulator, action: dict[str, Any]
) -> None:
    body = signed(ONE.key, action)
    reply = requests.post(f"{local.url}/exchange", json=body, timeout=10)
    assert reply.status_code in (200, 422), reply.text
    if reply.status_code == 200:
        assert reply.json()["status"] in ("ok", "err")
        assert lives(local)


def test_the_books_still_balance(local: RunningEmulator) -> None:
    found = local.control(do="audit", user=ONE.address)
    assert found["booked"] == found["cash"]
    assert found["ledger_sum"] == 0
