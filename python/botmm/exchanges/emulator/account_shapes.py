"""Account shapes — an account's margin, positions and limits in the venue's JSON."""

from __future__ import annotations

from typing import Any

from botmm.exchanges.emulator.coins import Coin, Coins
from botmm.exchanges.emulator.shapes import average_px
from botmm.exchanges.emulator.wire import dec, ms, ratio, usd

Row = dict[str, Any]

EMPTY: Row = {
    "cash": 0,
    "raw": 0,
    "cross_raw": 0,
    "value": 0,
    "cross_value": 0,
    "notional": 0,
    "margin_used": 0,
    "cross_margin_used": 0,
    "maintenance": 0,
    "withdrawable": 0,
    "positions": [],
    "leverages": [],
    "master": None,
    "name": "",
}


def clearinghouse(coins: Coins, answer: Row, now: int) -> Row:
    """Return the reply to `clearinghouseState`."""
    cross_notional = sum(p["value"] for p in answer["positions"] if not p["isolated"])
    return {
        "marginSummary": _summary(
            answer["value"], answer["notional"], answer["raw"], answer["margin_used"]
        ),
        "crossMarginSummary": _summary(
            answer["cross_value"], cross_notional, answer["cross_raw"], answer["cross_margin_used"]
        ),
        "crossMaintenanceMarginUsed": usd(answer["maintenance"]),
        "withdrawable": usd(answer["withdrawable"]),
        "assetPositions": [
            {"type": "oneWay", "position": _position(coins[row["coin"]], row, answer)}
            for row in answer["positions"]
        ],
        "time": ms(now),
    }


def _summary(value: int, notional: int, raw: int, used: int) -> Row:
    return {
        "accountValue": usd(value),
        "totalNtlPos": usd(notional),
        "totalRawUsd": usd(raw),
        "totalMarginUsed": usd(used),
    }


def _position(coin: Coin, row: Row, account: Row) -> Row:
    leverage: Row = {"type": "cross", "value": row["leverage"]}
    if row["isolated"]:
        leverage = {"type": "isolated", "value": row["leverage"], "rawUsd": usd(row["raw"])}
    # Return on equity is profit over the margin that the entry took.
    cost = row["entry_notional"]
    return {
        "coin": coin.name,
        "szi": coin.size(row["size"]),
        "leverage": leverage,
        "entryPx": average_px(coin, cost, row["size"]),
        "positionValue": usd(row["value"]),
        "unrealizedPnl": usd(row["unrealised"]),
        "returnOnEquity": ratio(row["unrealised"] * row["leverage"], max(cost, 1), 10),
        "liquidationPx": _liquidation_px(coin, row, account),
        "marginUsed": usd(row["margin"]),
        "maxLeverage": row["max_leverage"],
        "cumFunding": {
            "allTime": usd(-row["funding_all"]),
            "sinceOpen": usd(-row["funding_since_open"]),
            "sinceChange": usd(-row["funding_since_change"]),
        },
    }


def _liquidation_px(coin: Coin, row: Row, account: Row) -> str | None:
    """Return the mark at which the venue would close a position; None if it never would.

    mark - side x available / size / (1 - l x side), with l half the inverse of the greatest
    leverage, over common denominators so that it stays in integers.
    """
    size, value = row["size"], row["value"]
    if row["isolated"]:
        available = row["margin"] + row["unrealised"] - row["maintenance"]
    else:
        available = account["cross_value"] - account["maintenance"]
    side, twice = (1 if size > 0 else -1), 2 * row["max_leverage"]
    # In micro-dollars of the whole position: divided by lots it is a price in units.
    at = value - side * (available * twice // (twice - side))
    if at <= 0:
        return None
    decimals = coin.px_decimals
    return dec(at * 10 ** (10 - decimals) // abs(size), 10)


def active_asset(coin: Coin, user: str, answer: Row, mark: int) -> Row:
    """Return the reply to `activeAssetData`; `mark` in 1e-8."""
    found = [row for row in answer["leverages"] if row["coin"] == coin.index]
    leverage, isolated = min(20, coin.max_leverage), coin.only_isolated
    if found:
        leverage, isolated = found[0]["leverage"], found[0]["isolated"]
    held = sum(row["size"] for row in answer["positions"] if row["coin"] == coin.index)
    free = max(answer["withdrawable"], 0)
    # Micro-dollars over a price in 1e-8 are coins in 1e-2, then lots.
    most = free * leverage * 10 ** (coin.size_decimals + 2) // max(mark, 1)
    sizes = [most + max(-held, 0) * 2, most + max(held, 0) * 2]
    return {
        "user": user,
        "coin": coin.name,
        "leverage": {"type": "isolated" if isolated else "cross", "value": leverage},
        "maxTradeSzs": [coin.size(lots) for lots in sizes],
        "availableToTrade": [usd(free), usd(free)],
        "markPx": dec(mark, 8),
    }


def rate_limit(answer: Row) -> Row:
    """Return the reply to `userRateLimit`."""
    used, cap = answer["requests_used"], answer["requests_cap"]
    return {
        "cumVlm": usd(answer["cum_volume"]),
        "nRequestsUsed": used,
        "nRequestsCap": cap,
        "nRequestsSurplus": max(cap - used, 0),
    }
