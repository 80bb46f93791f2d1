"""Desk — the exchange core with what the venue shows of it: trades, candles, histories, waiting replies."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from botmm.core import Exchange
from botmm.exchanges.emulator.account_shapes import EMPTY
from botmm.exchanges.emulator.candles import Candles
from botmm.exchanges.emulator.coins import Coin, Coins
from botmm.exchanges.emulator.shapes import trade
from botmm.exchanges.emulator.wire import ms
from botmm.units import SECOND_NS

Row = dict[str, Any]

# Shown to who subscribes, and held for `recentTrades`.
BACKLOG = 30
_VALUES_KEPT = 10_080
_FUNDINGS_KEPT = 5_000
# Who made and who took in public trades between others than the accounts.
_MARKET = ("0x" + 39 * "0" + "1", "0x" + 39 * "0" + "2")


class Desk:
    """Everything that replies and streams are made of."""

    def __init__(self, core: Exchange, coins: Coins) -> None:
        """Take the core and its coins, in the same order."""
        self.core = core
        self.coins = coins
        self.trades: list[deque[Row]] = [deque(maxlen=BACKLOG) for _ in coins]
        self.candles = [Candles(coin) for coin in coins]
        self.fundings: list[deque[Row]] = [deque(maxlen=_FUNDINGS_KEPT) for _ in coins]
        # Account values by user: time in ms, micro-dollars; one a minute.
        self.values: dict[str, deque[tuple[int, int]]] = {}
        self.listeners: list[Callable[[list[Row]], None]] = []
        # Who traded under a public trade's id, on which side, in this step.
        self._traders: dict[tuple[int, str], str] = {}
        self._waiting: dict[int, asyncio.Future[Row]] = {}
        self._valued = 0

    @property
    def now(self) -> int:
        """Return the time up to which the exchange has played, Unix nanoseconds."""
        return self.core.now()

    def step(self, until: int) -> None:
        """Play every block up to a time; tell the listeners first, then answer who waits."""
        self.core.advance(until)
        events: list[Row] = json.loads(self.core.events())
        self._traders = {
            (event["tid"], event["side"]): event["user"] for event in events if event["e"] == "fill"
        }
        shown = [self._absorb(event) for event in events]
        if self.now // (60 * SECOND_NS) != self._valued:
            self._valued = self.now // (60 * SECOND_NS)
            self._value_all()
        for listener in self.listeners:
            listener(shown)
        for reply in json.loads(self.core.replies()):
            waiting = self._waiting.pop(reply["ticket"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)

    def _absorb(self, event: Row) -> Row:
        """Keep what histories need of an event; return it as streams show it."""
        match event["e"]:
            case "trades":
                coin = self.coins[event["coin"]]
                rows = [self._trade(coin, row) for row in event["trades"]]
                self.trades[coin.index].extend(rows)
                for at, _, px, lots, _ in event["trades"]:
                    self.candles[coin.index].add(ms(at), px, lots)
                return {**event, "rows": rows}
            case "settled":
                self.fundings[event["coin"]].append(event)
        return event

    def _trade(self, coin: Coin, row: list[int]) -> Row:
        """Return a public trade; its hash is made of its id, which nobody can check anyway."""
        maker, taker = _MARKET
        sides = (taker, maker) if row[1] > 0 else (maker, taker)
        buyer, seller = (
            self._traders.get((row[4], side), nobody)
            for side, nobody in zip(("bid", "ask"), sides, strict=True)
        )
        return trade(coin, row, f"0x{row[4]:064x}", (buyer, seller))

    def _value_all(self) -> None:
        for user in self.core.users():
            self.keep_values(user, [(ms(self.now), self.account(user)["value"])])

    def keep_values(self, user: str, rows: Iterable[tuple[int, int]]) -> None:
        """Add to the history of an account's value."""
        self.values.setdefault(user, deque(maxlen=_VALUES_KEPT)).extend(rows)

    async def act(
        self, signer: str, vault: str | None, action: Row, nonce: int, expires_ns: int | None
    ) -> Row:
        """Hand an action to the next block and return the core's reply to it."""
        ticket = self.core.submit(signer, vault, json.dumps(action), nonce, expires_ns)
        waiting: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = waiting
        return await waiting

    def owner(self, signer: str) -> str | None:
        """Return the account that an address may act for."""
        return self.core.owner(signer)

    def has(self, user: str) -> bool:
        """Whether an address is an account of its own."""
        return self.core.owner(user) == user

    def book(self, coin: Coin, depth: int) -> Row:
        """Return the core's book of a coin."""
        found: Row = json.loads(self.core.book(coin.index, depth))
        return found

    def context(self, coin: Coin) -> Row:
        """Return the core's context of a coin."""
        found: Row = json.loads(self.core.context(coin.index))
        return found

    def mark(self, coin: Coin) -> int:
        """Return the mark in 1e-8, 0 before there is one."""
        said = self.context(coin)
        return int(said["mark"] or said["mid"] or said["last_px"] or 0)

    def account(self, user: str) -> Row:
        """Return the core's account; one of zeros for who has none."""
        if not self.has(user):
            return EMPTY
        found: Row = json.loads(self.core.account(user))
        return found

    def rows(self, what: str, user: str, *arguments: int) -> list[Row]:
        """Return rows of an account: `orders`, `fills`, `history`, `fundings` or `ledger`."""
        if not self.has(user):
            return []
        found: list[Row] = json.loads(getattr(self.core, what)(user, *arguments))
        return found

    def order(self, user: str, oid: int | None, cloid: str | None) -> Row | None:
        """Return the last state of an order, None where there is no such."""
        if not self.has(user):
            return None
        found: Row | None = json.loads(self.core.order(user, oid, cloid))
        return found

    def agents(self, user: str) -> Row:
        """Return agents and sub-accounts of an account."""
        if not self.has(user):
            return {"agents": [], "parts": []}
        found: Row = json.loads(self.core.agents(user))
        return found
