"""Streams — who is told what: subscriptions of all sockets, the events of each block, the clocks.

A frame is written once and sent to all who asked for it. Books, contexts, candles and states go
out by the clock; touches, trades and what happens to accounts with their block.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from botmm.exchanges.emulator import account_info, shapes
from botmm.exchanges.emulator.asking import Asked
from botmm.exchanges.emulator.coins import Coin
from botmm.exchanges.emulator.info import all_mids, book_of, context_of
from botmm.exchanges.emulator.subscriptions import Subscription
from botmm.exchanges.emulator.wire import ms, usd
from botmm.units import MS_NS

Row = dict[str, Any]

# Time from push to push, as measured on the venue in September 2026.
FAST_BOOK_NS = 540 * MS_NS
BOOK_NS = 5_400 * MS_NS
MIDS_NS = 5_000 * MS_NS
CONTEXT_NS = 1_000 * MS_NS
CANDLE_NS = 800 * MS_NS
STATE_NS = 5_000 * MS_NS
ALL_CONTEXTS_NS = 13_600 * MS_NS

_CLOCKED = {
    "allMids": MIDS_NS,
    "activeAssetCtx": CONTEXT_NS,
    "activeAssetData": CONTEXT_NS,
    "candle": CANDLE_NS,
    "openOrders": STATE_NS,
    "clearinghouseState": STATE_NS,
    "spotState": STATE_NS,
    "webData3": STATE_NS,
    "allDexsAssetCtxs": ALL_CONTEXTS_NS,
}
# States of an account go out with whatever changes them, too.
_STATES = ("openOrders", "clearinghouseState", "spotState", "webData3")
_CHANNELS = {"userEvents": "user"}


class Listener(Protocol):
    """Where frames go: a socket."""

    def send(self, frame: str, channel: str, *, private: bool) -> None:
        """Take a frame; never waits."""
        ...


def frame(channel: str, data: Any) -> str:
    """Return a message of a channel."""
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":"))


class Streams:
    """Subscriptions of all sockets."""

    def __init__(self, asked: Asked) -> None:
        """Take what answers are made from."""
        self._asked = asked
        self._desk = asked.desk
        self.coins = asked.desk.coins
        self._listeners: dict[Subscription, dict[Listener, None]] = {}
        self._due: dict[Subscription, int] = {}
        # The last candle sent: one that did not change is not sent again.
        self._candles: dict[Subscription, Row] = {}

    def add(self, wanted: Subscription, listener: Listener) -> None:
        """Subscribe a socket and send it what the venue sends first."""
        self._listeners.setdefault(wanted, {})[listener] = None
        period = self._period(wanted)
        if period is not None:
            self._due.setdefault(wanted, _next(self._desk.now, period))
        first = self._first(wanted)
        if first is not None:
            self._tell(wanted, first, [listener])

    def remove(self, wanted: Subscription, listener: Listener) -> None:
        """Unsubscribe a socket."""
        listeners = self._listeners.get(wanted, {})
        listeners.pop(listener, None)
        if not listeners:
            for kept in (self._listeners, self._due, self._candles):
                kept.pop(wanted, None)

    def publish(self, events: list[Row]) -> None:
        """Send what a stretch of blocks brought, then what the clocks are due."""
        changed: dict[str, _Changes] = defaultdict(_Changes)
        for event in events:
            match event["e"]:
                case "touch":
                    self._public("bbo", event, shapes.bbo)
                case "trades":
                    self._public("trades", event, lambda coin, event: event["rows"])
                case "block":
                    self._accounts(changed)
                    changed.clear()
                case "order" | "fill" | "funding" | "ledger":
                    changed[event["user"]].take(event)
        self._accounts(changed)
        self._clocks()

    def _public(self, kind: str, event: Row, shape: Callable[[Coin, Row], Any]) -> None:
        coin = self._desk.coins[event["coin"]]
        wanted = Subscription(kind, coin.name)
        if wanted in self._listeners:
            self._tell(wanted, shape(coin, event))

    def _accounts(self, changed: dict[str, _Changes]) -> None:
        """Send what one block did to accounts."""
        coins = self._desk.coins
        for user, changes in changed.items():
            orders, fills = changes.orders, changes.fills
            if orders:
                rows = [shapes.order_update(coins, order) for order in _with_openings(orders)]
                self._user("orderUpdates", user, rows)
                ended = [order for order in orders if shapes.is_venue_made(order["status"])]
                if ended:
                    names = [{"coin": coins[o["coin"]].name, "oid": o["oid"]} for o in ended]
                    self._user("userEvents", user, {"nonUserCancel": names})
            if fills:
                rows = [shapes.fill(coins, row) for row in fills]
                self._user("userEvents", user, {"fills": rows})
                self._user("userFills", user, {"user": user, "fills": rows})
                merged = Subscription("userFills", user=user, aggregate=True)
                if merged in self._listeners:
                    rows = [shapes.fill(coins, row) for row in shapes.merged_fills(fills)]
                    self._tell(merged, {"user": user, "fills": rows})
            for row in changes.fundings:
                self._user("userEvents", user, {"funding": shapes.funding(coins, row)})
            if changes.fundings:
                rows = [shapes.funding(coins, row) for row in changes.fundings]
                self._user("userFundings", user, {"user": user, "fundings": rows})
            if changes.ledger:
                rows = [shapes.ledger_delta(row) for row in changes.ledger]
                data = {"user": user, "nonFundingLedgerUpdates": rows}
                self._user("userNonFundingLedgerUpdates", user, data)
            self._states(user)

    def _user(self, kind: str, user: str, data: Any) -> None:
        wanted = Subscription(kind, user=user)
        if wanted in self._listeners:
            self._tell(wanted, data)

    def _states(self, user: str) -> None:
        for wanted in list(self._listeners):
            if wanted.kind in _STATES and wanted.user == user:
                self._tell(wanted, self._state(wanted))

    def _clocks(self) -> None:
        """Send what is due; all books of one kind are of one time."""
        now = self._desk.now
        for wanted, due in list(self._due.items()):
            period = self._period(wanted)
            if due > now or period is None:
                continue
            self._due[wanted] = _next(now, period)
            data = self._state(wanted)
            if wanted.kind == "candle":
                if data is None or self._candles.get(wanted) == data:
                    continue
                self._candles[wanted] = data
            self._tell(wanted, data)

    def _period(self, wanted: Subscription) -> int | None:
        if wanted.kind == "l2Book":
            return FAST_BOOK_NS if wanted.fast else BOOK_NS
        return _CLOCKED.get(wanted.kind)

    def _first(self, wanted: Subscription) -> Any:
        """Return what a new subscriber is sent at once; None is nothing."""
        coin = self._desk.coins.named(wanted.coin)
        match wanted.kind:
            case "trades":
                assert coin is not None, "invariant: only listed coins are subscribed to"
                return list(self._desk.trades[coin.index]) or None
            case "bbo":
                assert coin is not None, "invariant: only listed coins are subscribed to"
                found = self._desk.book(coin, 1)
                sides = [next(iter(found[side]), None) for side in ("bids", "asks")]
                touch = {"at": found["time"], "bid": sides[0], "ask": sides[1]}
                return shapes.bbo(coin, touch)
            case "orderUpdates" | "userEvents" | "notification":
                return None
            case _:
                return self._state(wanted)

    def _state(self, wanted: Subscription) -> Any:
        """Return the data of a subscription as it is now."""
        asked, user = self._asked, wanted.user or ""
        coin = self._desk.coins.named(wanted.coin)
        match wanted.kind:
            case "allMids":
                return {"mids": all_mids(asked)}
            case "allDexsAssetCtxs":
                return {"ctxs": [["", [context_of(asked, coin) for coin in self._desk.coins]]]}
            case "userHistoricalOrders" | "userFills" | "userFundings":
                return self._snapshot(wanted, user)
            case "userNonFundingLedgerUpdates":
                return self._snapshot(wanted, user)
            case "openOrders":
                orders = account_info.frontend_orders(asked, user)
                return {"dex": wanted.dex or "", "user": user, "orders": orders}
            case "clearinghouseState":
                state = account_info.clearinghouse(asked, user)
                return {"dex": wanted.dex or "", "user": user, "clearinghouseState": state}
            case "spotState":
                return {"user": user, "spotState": account_info.spot_state(asked, user)}
            case "webData3":
                return self._web_data(user)
            case "activeAssetData":
                return account_info.active_asset(asked, user, wanted.coin or "")
        assert coin is not None, "invariant: only listed coins are subscribed to"
        if wanted.kind == "candle":
            return self._desk.candles[coin.index].last(wanted.interval or "")
        if wanted.kind == "activeAssetCtx":
            return {"coin": coin.name, "ctx": context_of(asked, coin)}
        fields = {"nSigFigs": wanted.figures, "mantissa": wanted.mantissa}
        there = Asked(fields, asked.desk, asked.purse, asked.fees)
        return book_of(there, coin, fast=wanted.fast)

    def _snapshot(self, wanted: Subscription, user: str) -> Row:
        """Return the history that a stream of an account begins with."""
        coins, desk = self._desk.coins, self._desk
        match wanted.kind:
            case "userFills":
                rows = account_info.fills(self._asked, user, aggregate=wanted.aggregate)
                return {"isSnapshot": True, "user": user, "fills": rows}
            case "userFundings":
                rows = [shapes.funding(coins, row) for row in desk.rows("fundings", user, 0)]
                return {"isSnapshot": True, "user": user, "fundings": rows}
            case "userHistoricalOrders":
                rows = [
                    shapes.order_status(coins, row) for row in desk.rows("history", user, 2_000)
                ]
                return {"isSnapshot": True, "user": user, "orderHistory": rows}
            case _:
                rows = [shapes.ledger_delta(row) for row in desk.rows("ledger", user, 0)]
                return {"isSnapshot": True, "user": user, "nonFundingLedgerUpdates": rows}

    def _web_data(self, user: str) -> Row:
        agents = self._desk.agents(user)["agents"]
        unnamed = [agent for agent in agents if not agent["name"]]
        account = self._desk.account(user)
        return {
            "userState": {
                "agentAddress": unnamed[0]["address"] if unnamed else None,
                "agentValidUntil": None,
                "cumLedger": usd(sum(row["delta"] for row in self._desk.rows("ledger", user, 0))),
                "serverTime": ms(self._desk.now),
                "isVault": False,
                "user": user,
            },
            "perpDexStates": [{"totalVaultEquity": "0.0", "value": usd(account["value"])}],
        }

    def _tell(
        self, wanted: Subscription, data: Any, only: Iterable[Listener] | None = None
    ) -> None:
        channel = _CHANNELS.get(wanted.kind, wanted.kind)
        text = frame(channel, data)
        listeners = list(self._listeners.get(wanted, {})) if only is None else only
        for listener in listeners:
            listener.send(text, wanted.kind, private=wanted.user is not None)


class _Changes:
    """What one block did to one account."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.orders: list[Row] = []
        self.fills: list[Row] = []
        self.fundings: list[Row] = []
        self.ledger: list[Row] = []

    def take(self, event: Row) -> None:
        """Put an event where it belongs."""
        match event["e"]:
            case "order":
                self.orders.append(event)
            case "fill":
                self.fills.append(event)
            case "funding":
                self.fundings.append(event)
            case _:
                self.ledger.append(event)


def _with_openings(orders: list[Row]) -> list[Row]:
    """Return orders of one block with the opening of those that traded as they came.

    The venue tells of these twice at one time: open with all of it, then what it came to.
    """
    told: list[Row] = []
    known: set[int] = set()
    for order in orders:
        traded = order["left"] < order["size"] and order["at"] == order["made"]
        if traded and order["oid"] not in known:
            told.append({**order, "status": "open", "left": order["size"]})
        known.add(order["oid"])
        told.append(order)
    return told


def _next(now: int, period: int) -> int:
    """Return the next tick of a clock that all sockets share."""
    return (now // period + 1) * period
