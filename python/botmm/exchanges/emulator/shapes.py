"""Shapes — the venue's JSON out of the core's integers: books, trades, orders, fills, payments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botmm.exchanges.emulator.coins import Coin, Coins
from botmm.exchanges.emulator.wire import dec, ms, usd

Row = dict[str, Any]

# Contexts hold prices in 1e-8 and hourly rates in 1e-12.
PRICE_DECIMALS = 8
RATE_DECIMALS = 12
NO_HASH = "0x" + 64 * "0"
FAST_LEVELS = 5
LEVELS = 20

_SIDES = {"bid": "B", "ask": "A"}
_TIFS = {"alo": "Alo", "ioc": "Ioc", "gtc": "Gtc"}
# Statuses that the venue gave an order without its owner's asking.
_VENUE_MADE = {
    "marginCanceled",
    "selfTradeCanceled",
    "reduceOnlyCanceled",
    "liquidatedCanceled",
    "vaultWithdrawalCanceled",
    "openInterestCapCanceled",
    "siblingFilledCanceled",
    "delistedCanceled",
    "scheduledCancel",
    "internalCancel",
}


def level(coin: Coin, row: list[int]) -> Row:
    """Return one level: price, size, number of orders."""
    px, lots, count = row
    return {"px": coin.px(px), "sz": coin.size(lots), "n": count}


def book(coin: Coin, answer: Row, *, depth: int = LEVELS, fast: bool = False) -> Row:
    """Return a book; a fast one is marked as such."""
    sides = [[level(coin, row) for row in answer[side][:depth]] for side in ("bids", "asks")]
    shape: Row = {"coin": coin.name, "time": ms(answer["time"]), "levels": sides}
    if fast:
        shape["fast"] = True
    return shape


def aggregated(coin: Coin, answer: Row, *, figures: int, mantissa: int | None) -> Row:
    """Return a book whose prices are rounded away from the spread to significant figures."""
    sides: list[list[Row]] = []
    for side, sign in (("bids", 1), ("asks", -1)):
        buckets: dict[int, list[int]] = {}
        for px, lots, count in answer[side]:
            step = 10 ** max(0, len(str(px)) - figures) * (mantissa or 1)
            rounded = sign * (sign * px // step) * step
            bucket = buckets.setdefault(rounded, [rounded, 0, 0])
            bucket[1] += lots
            bucket[2] += count
        sides.append([level(coin, row) for row in list(buckets.values())[:LEVELS]])
    shape: Row = {"coin": coin.name, "time": ms(answer["time"]), "levels": sides}
    bids, asks = answer["bids"], answer["asks"]
    if bids and asks:
        shape["spread"] = coin.px(asks[0][0] - bids[0][0])
    return shape


def bbo(coin: Coin, event: Row) -> Row:
    """Return the touch; a side that is empty is null."""
    sides = [event["bid"], event["ask"]]
    return {
        "coin": coin.name,
        "time": ms(event["at"]),
        "bbo": [None if row is None else level(coin, row) for row in sides],
    }


def trade(coin: Coin, row: list[int], hashed: str, users: tuple[str, str]) -> Row:
    """Return one public trade; `users` are buyer and seller."""
    at, side, px, lots, tid = row
    return {
        "coin": coin.name,
        "side": "B" if side > 0 else "A",
        "px": coin.px(px),
        "sz": coin.size(lots),
        "time": ms(at),
        "hash": hashed,
        "tid": tid,
        "users": list(users),
    }


def basic_order(coins: Coins, order: Row) -> Row:
    """Return an order as `openOrders` and `orderUpdates` show it."""
    coin = coins[order["coin"]]
    shape = {
        "coin": coin.name,
        "side": _SIDES[order["side"]],
        "limitPx": coin.px(order["px"]),
        "sz": coin.size(order["left"]),
        "oid": order["oid"],
        "timestamp": ms(order["made"]),
        "origSz": coin.size(order["size"]),
    }
    if order["cloid"] is not None:
        shape["cloid"] = order["cloid"]
    if order["reduce_only"]:
        shape["reduceOnly"] = True
    return shape


def frontend_order(coins: Coins, order: Row) -> Row:
    """Return an order with every key, as `frontendOpenOrders` and `orderStatus` show it."""
    coin, trigger = coins[order["coin"]], order["trigger"]
    condition, kind = "N/A", "Limit"
    if trigger is not None:
        condition, kind = _trigger_words(coin, order, trigger)
    return {
        "coin": coin.name,
        "side": _SIDES[order["side"]],
        "limitPx": coin.px(order["px"]),
        "sz": coin.size(order["left"]),
        "oid": order["oid"],
        "timestamp": ms(order["made"]),
        "triggerCondition": condition,
        "isTrigger": trigger is not None,
        "triggerPx": "0.0" if trigger is None else coin.px(trigger["px"]),
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": order["reduce_only"],
        "orderType": kind,
        "origSz": coin.size(order["size"]),
        "tif": None if trigger is not None else _TIFS[order["tif"]],
        "cloid": order["cloid"],
    }


def _trigger_words(coin: Coin, order: Row, trigger: Row) -> tuple[str, str]:
    """Return the condition and the type of a trigger order."""
    # A stop protects against the direction of the order, a take-profit waits for it.
    above = (order["side"] == "bid") == (trigger["kind"] == "sl")
    condition = f"Price {'above' if above else 'below'} {coin.px(trigger['px'])}"
    name = "Take Profit" if trigger["kind"] == "tp" else "Stop"
    return condition, f"{name} {'Market' if trigger['is_market'] else 'Limit'}"


def order_update(coins: Coins, order: Row) -> Row:
    """Return one entry of an `orderUpdates` frame."""
    return {
        "order": basic_order(coins, order),
        "status": order["status"],
        "statusTimestamp": ms(order["at"]),
    }


def order_status(coins: Coins, order: Row) -> Row:
    """Return one row of `historicalOrders`, also what `orderStatus` holds."""
    return {
        "order": frontend_order(coins, order),
        "status": order["status"],
        "statusTimestamp": ms(order["at"]),
    }


def is_venue_made(status: str) -> bool:
    """Whether the venue ended an order on its own account."""
    return status in _VENUE_MADE


def fill(coins: Coins, row: Row) -> Row:
    """Return one execution."""
    coin = coins[row["coin"]]
    shape = {
        "coin": coin.name,
        "px": coin.px(row["px"]),
        "sz": coin.size(row["size"]),
        "side": _SIDES[row["side"]],
        "time": ms(row["at"]),
        "startPosition": coin.size(row["before"]),
        "dir": row["dir"],
        "closedPnl": usd(row["closed_pnl"]),
        "hash": row["hash"],
        "oid": row["oid"],
        "crossed": row["crossed"],
        "fee": usd(row["fee"]),
        "tid": row["tid"],
    }
    if row["cloid"] is not None:
        shape["cloid"] = row["cloid"]
    if row["liquidated"] is not None:
        px = coin.px(row["px"])  # the mark is not kept; the venue closes near it
        closed = row["liquidated"]
        shape["liquidation"] = {"liquidatedUser": closed, "markPx": px, "method": "market"}
    return {**shape, "feeToken": "USDC", "twapId": None}


def merged_fills(rows: Iterable[Row]) -> list[Row]:
    """Return the core's fills with those of one crossing order at one time in one row."""
    merged: list[Row] = []
    for row in rows:
        last = merged[-1] if merged else None
        same = last is not None and all(
            last[key] == row[key] for key in ("oid", "at", "crossed", "coin")
        )
        if last is None or not same or not row["crossed"]:
            merged.append(dict(row))
            continue
        total = last["size"] + row["size"]
        last["px"] = (last["px"] * last["size"] + row["px"] * row["size"]) // total
        last["size"] = total
        for key in ("closed_pnl", "fee"):
            last[key] += row[key]
    return merged


def funding(coins: Coins, row: Row) -> Row:
    """Return one payment as the streams show it."""
    coin = coins[row["coin"]]
    return {
        "time": ms(row["at"]),
        "coin": coin.name,
        "usdc": usd(row["received"]),
        "szi": coin.size(row["size"]),
        "fundingRate": dec(row["rate"], RATE_DECIMALS),
        "nSamples": None,
    }


def funding_delta(coins: Coins, row: Row) -> Row:
    """Return one payment as `userFunding` shows it."""
    paid = funding(coins, row)
    at = paid.pop("time")
    return {"time": at, "hash": row["hash"], "delta": {"type": "funding", **paid}}


def ledger_delta(row: Row) -> Row:
    """Return one transfer as `userNonFundingLedgerUpdates` shows it."""
    delta: Row
    amount = usd(abs(row["delta"]))
    match row["kind"]:
        case "withdraw":
            delta = {"type": "withdraw", "usdc": amount, "nonce": ms(row["at"]), "fee": "0.0"}
        case "transfer":
            ends = (row["user"], row["other"])
            source, target = ends if row["delta"] < 0 else ends[::-1]
            delta = {
                "type": "internalTransfer",
                "usdc": amount,
                "user": source,
                "destination": target,
                "fee": "0.0",
            }
        case "deposit":
            delta = {"type": "deposit", "usdc": amount}
        case other:
            delta = {"type": other, "usdc": usd(row["delta"])}
    return {"time": ms(row["at"]), "hash": row["hash"], "delta": delta}


def context(coin: Coin, answer: Row) -> Row:
    """Return what the venue says of a contract; prices that nobody said are those of the book."""
    mid, bid, ask = answer["mid"], answer["bid"], answer["ask"]
    known = [px for px in (answer["mark"], answer["oracle"], mid, answer["last_px"]) if px]
    mark = known[0] if known else 0
    oracle = answer["oracle"] or mark
    impact = None if bid is None or ask is None else [price(bid), price(ask)]
    premium = None if mid is None or not oracle else dec(_premium(bid, ask, oracle), 10)
    return {
        "funding": dec(answer["funding_rate"] or 0, RATE_DECIMALS),
        "openInterest": price(answer["open_interest"] or 0),  # coins in 1e-8, too
        "prevDayPx": price(answer["prev_day_px"] or mark),
        "dayNtlVlm": usd(answer["day_volume"]),
        "premium": premium,
        "oraclePx": price(oracle),
        "markPx": price(mark),
        "midPx": None if mid is None else price(mid),
        "impactPxs": impact,
        "dayBaseVlm": coin.size(answer["day_lots"]),
    }


def price(units: int) -> str:
    """Return a price of a context."""
    return dec(units, PRICE_DECIMALS)


def _premium(bid: int, ask: int, oracle: int) -> int:
    """Return how far the book stands from the oracle, in 1e-10."""
    return (max(bid - oracle, 0) - max(oracle - ask, 0)) * 10**10 // oracle


def statuses(
    items: list[Row], coin_of: Callable[[int], Coin], text: Callable[[Row, Coin], str]
) -> list[Any]:
    """Return the entries of a reply to a batch, in its order.

    Args:
        items: the core's answers.
        coin_of: the coin of the n-th entry.
        text: what is written of a refusal.
    """
    shapes: list[Any] = []
    for at, item in enumerate(items):
        ((kind, value),) = item.items()
        match kind:
            case "resting":
                shapes.append({"resting": _ids(value)})
            case "filled":
                coin = coin_of(at)
                average = average_px(coin, value["notional"], value["size"])
                total = {"totalSz": coin.size(value["size"]), "avgPx": average}
                shapes.append({"filled": {**total, **_ids(value)}})
            case "waiting":
                shapes.append("waitingForTrigger")
            case "success":
                shapes.append("success")
            case _:
                shapes.append({"error": text(value, coin_of(at))})
    return shapes


def average_px(coin: Coin, notional: int, lots: int) -> str:
    """Return micro-dollars over lots as a price, rounded to the decimals of prices."""
    return coin.px((2 * abs(notional) + abs(lots)) // (2 * abs(lots)))


def _ids(value: Row) -> Row:
    ids = {"oid": value["oid"]}
    return ids if value["cloid"] is None else {**ids, "cloid": value["cloid"]}
