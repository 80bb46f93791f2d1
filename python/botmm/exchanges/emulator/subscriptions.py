"""Subscriptions — what a socket may ask to be told, as the venue fills it in and tells it apart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from botmm.exchanges.emulator.candles import INTERVALS
from botmm.exchanges.emulator.coins import Coins
from botmm.exchanges.emulator.info import is_aggregation

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_COIN_KINDS = {"l2Book", "bbo", "trades", "candle", "activeAssetCtx", "activeAssetData"}
_USER_KINDS = {
    "orderUpdates",
    "userEvents",
    "userFills",
    "userFundings",
    "userNonFundingLedgerUpdates",
    "openOrders",
    "clearinghouseState",
    "activeAssetData",
    "webData3",
    "notification",
    "spotState",
    "userHistoricalOrders",
}
_OTHER_KINDS = {"allMids", "allDexsAssetCtxs"}


class UnparsableError(Exception):
    """A subscription that the venue cannot read."""


class SilentCloseError(Exception):
    """A subscription for which the venue drops the connection without a word."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription with its defaults filled in; equal ones are the same subscription."""

    kind: str
    coin: str | None = None
    user: str | None = None
    interval: str | None = None
    figures: int | None = None
    mantissa: int | None = None
    fast: bool = False
    aggregate: bool = False
    dex: str | None = None

    def shape(self) -> dict[str, Any]:
        """Return it as the acknowledgement shows it."""
        shape: dict[str, Any] = {"type": self.kind}
        if self.coin is not None:
            shape["coin"] = self.coin
        if self.user is not None:
            shape["user"] = self.user
        if self.interval is not None:
            shape["interval"] = self.interval
        if self.kind == "l2Book":
            shape |= {"nSigFigs": self.figures, "mantissa": self.mantissa, "fast": self.fast}
        if self.kind == "userFills":
            shape["aggregateByTime"] = self.aggregate
        if self.dex is not None:
            shape["dex"] = self.dex
        return shape

    def text(self) -> str:
        """Return it as error messages show it."""
        return json.dumps(self.shape(), separators=(",", ":"))


def parse(wanted: object, coins: Coins) -> Subscription:
    """Return what is subscribed to.

    Raises:
        UnparsableError: an unknown type, or a field that is missing or malformed.
        SilentCloseError: a coin that is not listed, or aggregation that does not exist.
    """
    if not isinstance(wanted, dict):
        raise UnparsableError
    kind = wanted.get("type")
    if not isinstance(kind, str) or kind not in _COIN_KINDS | _USER_KINDS | _OTHER_KINDS:
        raise UnparsableError
    coin = _text(wanted, "coin") if kind in _COIN_KINDS else None
    user = _user(wanted) if kind in _USER_KINDS else None
    interval = _text(wanted, "interval") if kind == "candle" else None
    if interval is not None and interval not in INTERVALS:
        raise UnparsableError
    figures, mantissa, fast = None, None, False
    if kind == "l2Book":
        figures, mantissa = _int(wanted, "nSigFigs"), _int(wanted, "mantissa")
        fast = _flag(wanted, "fast")
    if (coin is not None and coins.named(coin) is None) or not is_aggregation(figures, mantissa):
        raise SilentCloseError
    return Subscription(
        kind=kind,
        coin=coin,
        user=user,
        interval=interval,
        figures=figures,
        mantissa=mantissa,
        fast=fast,
        aggregate=kind == "userFills" and _flag(wanted, "aggregateByTime"),
        dex=_text(wanted, "dex") if wanted.get("dex") is not None else None,
    )


def _text(wanted: dict[str, Any], name: str) -> str:
    value = wanted.get(name)
    if not isinstance(value, str):
        raise UnparsableError
    return value


def _user(wanted: dict[str, Any]) -> str:
    value = _text(wanted, "user")
    if _ADDRESS.fullmatch(value) is None:
        raise UnparsableError
    return value.lower()


def _int(wanted: dict[str, Any], name: str) -> int | None:
    value = wanted.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UnparsableError
    return value


def _flag(wanted: dict[str, Any], name: str) -> bool:
    value = wanted.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnparsableError
    return bool(value)
