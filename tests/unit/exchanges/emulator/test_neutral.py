"""Neutral — wire actions in the core's words, numbers exact and flaws named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from botmm.exchanges.emulator.actions import L1Action
from botmm.exchanges.emulator.coins import listed
from botmm.exchanges.emulator.neutral import UnknownAssetError, assets, neutral
from tests.fakes.signed import cloid, order

COINS = listed(["BTC", "ETH"])
ACTION: TypeAdapter[Any] = TypeAdapter(L1Action)


def told(action: dict[str, Any]) -> Any:
    return neutral(ACTION.validate_python(action), COINS)


def test_an_order_is_in_units_and_lots() -> None:
    (wish,) = told(order("64020.5", size="0.00123", cloid=cloid(9)))["orders"]
    assert wish == {
        "coin": 0,
        "side": "bid",
        "px": 640_205,
        "size": 123,
        "tif": "alo",
        "reduce_only": False,
        "cloid": cloid(9),
        "trigger": None,
        "flaw": None,
    }
    (wish,) = told(order("3000.25", size="1.5", asset=1, buy=False, tif="FrontendMarket"))["orders"]
    assert (wish["px"], wish["size"], wish["side"], wish["tif"]) == (300_025, 15_000, "ask", "ioc")


@pytest.mark.parametrize(
    ("px", "size", "flaw"),
    [
        ("64020.55", "0.001", "tick"),
        ("64020", "0.000001", "bad_size"),
        ("-5", "0.001", "bad_price"),
        ("1e5", "0.001", "bad_price"),
        ("0", "0.001", "bad_price"),
        ("٦٤", "0.001", "bad_price"),
        ("64020", "x", "bad_size"),
        ("99999999999999999999", "1", "bad_price"),
    ],
)
def test_flaws_go_along(px: str, size: str, flaw: str) -> None:
    assert told(order(px, size=size))["orders"][0]["flaw"] == flaw


def test_a_size_of_zero_is_the_cores_to_refuse() -> None:
    (wish,) = told(order("64020", size="0"))["orders"]
    assert (wish["size"], wish["flaw"]) == (0, None)


def test_triggers_cancels_and_modifies() -> None:
    wire = {**order("60000")["orders"][0]}
    wire["t"] = {"trigger": {"isMarket": True, "triggerPx": "61000", "tpsl": "sl"}}
    (wish,) = told({"type": "order", "orders": [wire], "grouping": "na"})["orders"]
    assert wish["trigger"] == {"px": 610_000, "is_market": True, "kind": "sl"}
    by_oid = {"type": "cancel", "cancels": [{"a": 1, "o": 7}], "f": True}
    assert told(by_oid) == {"type": "cancel", "cancels": [{"coin": 1, "oid": 7}]}
    by_name = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": cloid(2)}]}
    assert told(by_name) == {"type": "cancel", "cancels": [{"coin": 0, "cloid": cloid(2)}]}
    wire = order("60000")["orders"][0]
    many = told({"type": "batchModify", "modifies": [{"oid": cloid(3), "order": wire}], "a": True})
    assert (many["always_place"], many["modifies"][0]["cloid"]) == (True, cloid(3))
    one = told({"type": "modify", "oid": 8, "order": wire})
    assert (one["always_place"], one["modifies"][0]["oid"]) == (False, 8)


def test_times_and_margins_are_exact() -> None:
    at = told({"type": "scheduleCancel", "time": 1_700_000_000_123})["at"]
    assert at == 1_700_000_000_123_000_000
    assert told({"type": "scheduleCancel"})["at"] is None
    margin = {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": -5}
    assert told(margin) == {"type": "update_isolated_margin", "coin": 1, "amount": -5}


def test_an_asset_that_nobody_lists_is_named() -> None:
    with pytest.raises(UnknownAssetError, match="no asset 9"):
        told(order("1", asset=9))


def test_what_the_core_has_no_part_in_is_none() -> None:
    assert told({"type": "setReferrer", "code": "X"}) is None


def test_assets_are_those_of_the_entries() -> None:
    action = ACTION.validate_python(
        {"type": "cancel", "cancels": [{"a": 1, "o": 7}, {"a": 0, "o": 8}]}
    )
    assert assets(action) == [1, 0]


@pytest.mark.parametrize(
    "change",
    [{"a": True}, {"a": -1}, {"b": 1}, {"p": 5.0}, {"r": None}, {"t": {}}, {"c": "0x1"}],
)
def test_wrong_types_are_no_order(change: dict[str, Any]) -> None:
    wire = {**order("64020")["orders"][0], **change}
    with pytest.raises(ValidationError):
        told({"type": "order", "orders": [wire], "grouping": "na"})
