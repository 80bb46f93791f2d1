"""Fake venue — a place to trade in memory: orders rest, answers can be lost, positions told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from botmm.errors import VenueError
from botmm.ports import Cancel, CancelAll, Command, Event, Minute, Place, RestingOrder, Standing

T0 = 1_700_000_000_000_000_000


def book(coin: str, mid: int, time_ms: int) -> bytes:
    """Return a frame of five levels a side around a mid in whole dollars."""
    side = [[{"px": f"{mid + s * i}.0", "sz": "5.0", "n": 3} for i in range(1, 6)] for s in (-1, 1)]
    data = {"coin": coin, "time": time_ms, "levels": side}
    return json.dumps({"channel": "l2Book", "data": data}).encode()


class FakeVenue:
    """A venue of one symbol whose every answer the test decides."""

    def __init__(self) -> None:
        self.orders: dict[str, RestingOrder] = {}
        self.strangers: list[RestingOrder] = []
        self.position = 0
        self.drift = 0
        """What the position gains from one standing to the next."""
        self.cash: int | None = 1_000_000_000
        self.budget = 10_000
        self.sent: list[Command] = []
        self.lose_answers = 0
        self.lose_withdrawals = 0
        self.silent = False
        self.up = True
        self.link = 1
        self.linking = asyncio.Event()
        self.most_orders = 0
        self.retold = 0
        self.mute_fills = False
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._oid = 0

    def disconnect(self) -> None:
        self.up = False
        self.linking.set()

    def connect(self) -> None:
        self.up = True
        self.link += 1
        self.linking.set()

    async def relinked(self) -> None:
        await self.linking.wait()
        self.linking.clear()

    async def outlive(self) -> None:
        """An earlier run sent nothing."""

    def say(self, frame: bytes) -> None:
        self._frames.put_nowait(frame)

    async def frames(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._frames.get()

    async def act(self, commands: Sequence[Command]) -> list[Event]:
        self.sent += commands
        events = [self._act(command) for command in commands]
        await asyncio.sleep(0)
        if self.lose_answers > 0:
            self.lose_answers -= 1
            return [e | {"answer": "Unknown"} for e in events if e]
        return [e for e in events if e]

    def _act(self, command: Command) -> dict[str, Any]:
        if isinstance(command, CancelAll):
            self.orders.clear()
            return {}
        answer: Any
        if isinstance(command, Place):
            self._oid += 1
            self.orders[command.cloid] = RestingOrder(
                symbol=0,
                oid=self._oid,
                cloid=command.cloid,
                side=command.side,
                px=command.px,
                left=command.size,
            )
            self.most_orders = max(self.most_orders, len(self.orders))
            answer = {"Resting": {"oid": self._oid, "left": command.size}}
        else:
            gone = self.orders.pop(command.cloid, None)
            answer = "CancelRefused"
            if gone:
                answer = {"Cancelled": {"reason": "Asked", "left": gone.left}}
        return {"kind": "answer", "symbol": 0, "cloid": command.cloid, "answer": answer}

    async def prove(self, symbol: int, cloid: str) -> Event | None:
        order = self.orders.get(cloid)
        rests = {"Resting": {"oid": order.oid, "left": order.left}} if order else None
        answer = rests or {"Cancelled": {"reason": "Asked"}}
        return {"kind": "answer", "symbol": symbol, "cloid": cloid, "answer": answer}

    async def retell_fills(self, reaching: Standing | None = None) -> bool:
        self.retold += 1
        return not (self.silent or self.mute_fills)

    async def standing(self) -> Standing:
        if self.silent:
            raise VenueError("no answer")
        self.position += self.drift
        return Standing(
            at_ns=T0,
            positions={0: self.position},
            trades={},
            orders=[*self.orders.values(), *self.strangers],
            account_value=1_000_000_000,
            cash=self.cash,
            budget_left=self.budget,
            maker_rate=0.00015,
            taker_rate=0.00045,
        )

    async def resting(self) -> list[RestingOrder]:
        if self.silent:
            raise VenueError("no answer")
        return [*self.orders.values(), *self.strangers]

    async def minutes(self, symbol: int, count: int) -> list[Minute]:
        return []

    async def withdraw(self, orders: Sequence[RestingOrder]) -> None:
        if self.lose_withdrawals:
            self.lose_withdrawals -= 1
            return
        oids = {order.oid for order in orders}
        self.orders = {c: o for c, o in self.orders.items() if o.oid not in oids}
        self.strangers = [o for o in self.strangers if o.oid not in oids]

    def places(self) -> list[Place]:
        return [c for c in self.sent if isinstance(c, Place)]

    def cancels(self) -> list[Cancel]:
        return [c for c in self.sent if isinstance(c, Cancel)]
