"""Listing — the instruments that these tests trade, and what they send."""

from __future__ import annotations

from typing import Any

from botmm.exchanges.base import Instrument, RawReply
from botmm.ports import Cancel, Place

KEY = "0x" + "0123456789" * 6 + "0123"
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"

META: dict[str, Any] = {
    "universe": [
        {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56},
        {"szDecimals": 1, "name": "MATIC", "maxLeverage": 20, "isDelisted": True},
        {"szDecimals": 4, "name": "ETH", "maxLeverage": 25},
        {"szDecimals": 0, "name": "kPEPE", "maxLeverage": 10, "onlyIsolated": True},
    ]
}


def instrument(name: str = "BTC", asset: int = 0, size_decimals: int = 5) -> Instrument:
    return Instrument(
        name=name,
        asset=asset,
        size_decimals=size_decimals,
        px_decimals=6 - size_decimals,
        max_leverage=40,
        only_isolated=False,
        delisted=False,
    )


LISTING = (instrument(), instrument("ETH", 2, 4))


def cloid(number: int) -> str:
    return f"0x{number:032x}"


def place(number: int = 1, **other: Any) -> Place:
    row: dict[str, Any] = {
        "symbol": 0, "cloid": cloid(number), "side": "bid", "px": 500_000, "size": 200,
        "tif": "alo", "reduce_only": False,
    }  # fmt: skip
    return Place(**row | other)


def cancel(number: int = 1) -> Cancel:
    return Cancel(symbol=0, cloid=cloid(number))


def ok(body: bytes) -> RawReply:
    return RawReply(status=200, body=body)
