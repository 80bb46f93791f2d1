"""Fake venues — Binance's and Bybit's public streams on loopback, written from their documentation."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from botmm.clock import SystemClock

EVERY_S = 0.02


def now_ms() -> int:
    return int(SystemClock().now()) // 1_000_000


async def say(ws: web.WebSocketResponse, what: object) -> None:
    """Send as the venues do, without spaces; who left hears nothing."""
    with contextlib.suppress(ConnectionError):
        await ws.send_str(json.dumps(what, separators=(",", ":")))


@dataclass
class FakeBinance:
    """Two socket paths, a listing and snapshots; `skip` drops that many changes of depth."""

    skip: int = 0
    stale: int = 1
    """How many snapshots are older than every change that was sent."""
    update: int = 1_000
    asked: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/fapi/v1/exchangeInfo", self.listing)
        app.router.add_get("/fapi/v1/depth", self.depth)
        app.router.add_get("/public/stream", self.public)
        app.router.add_get("/market/stream", self.market)

    async def listing(self, _: web.Request) -> web.Response:
        rows = [
            {"symbol": "BTCUSDT", "status": "TRADING"},
            {"symbol": "OLDUSDT", "status": "BREAK"},
        ]
        return web.json_response({"symbols": rows})

    async def depth(self, request: web.Request) -> web.Response:
        self.asked.append(request.query_string)
        number = self.update
        if self.stale:
            self.stale -= 1
            number = 10
        sides = [[[f"{100_000 + sign * n}.0", "2.0"] for n in range(1, 20)] for sign in (-1, 1)]
        shown = {
            "lastUpdateId": number,
            "E": now_ms(),
            "T": now_ms(),
            "bids": sides[0],
            "asks": sides[1],
        }
        return web.json_response(shown)

    async def public(self, request: web.Request) -> web.WebSocketResponse:
        self.sockets.append(request.query_string)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        step = 0
        while not ws.closed:
            before, self.update = self.update, self.update + 3
            step += 1
            change = {
                "e": "depthUpdate", "E": now_ms(), "T": now_ms(), "s": "BTCUSDT", "st": 1,
                "U": before + 1, "u": self.update, "pu": before,
                "b": [["99999.0", f"{1 + step % 9}.5"]], "a": [["100001.0", f"{1 + step % 7}.5"]],
            }  # fmt: skip
            touch = {
                "e": "bookTicker", "u": self.update, "E": now_ms(), "T": now_ms(), "s": "BTCUSDT",
                "b": "99999.0", "B": f"{1 + step % 9}.5", "a": "100001.0", "A": f"{1 + step % 7}.5",
            }  # fmt: skip
            if self.skip:
                self.skip -= 1
            else:
                await say(ws, {"stream": "btcusdt@depth@100ms", "data": change})
            await say(ws, {"stream": "btcusdt@bookTicker", "data": touch})
            await asyncio.sleep(EVERY_S)
        return ws

    async def market(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        number = 0
        while not ws.closed:
            number += 1
            trade = {
                "e": "aggTrade", "E": now_ms(), "a": number, "s": "BTCUSDT", "p": "100001.0",
                "q": "0.010", "f": number, "l": number, "T": now_ms(), "m": False, "st": 1,
            }  # fmt: skip
            await say(ws, {"stream": "btcusdt@aggTrade", "data": trade})
            await asyncio.sleep(EVERY_S)
        return ws


@dataclass
class FakeBybit:
    """One socket; `skip` drops that many changes of the book."""

    skip: int = 0
    subscribed: list[list[str]] = field(default_factory=list)
    refuse: bool = False

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/v5/market/instruments-info", self.listing)
        app.router.add_get("/v5/public/linear", self.linear)

    async def listing(self, request: web.Request) -> web.Response:
        second = "cursor" in request.query
        name = "BTCUSDT" if second else "ETHUSDT"
        rows = [{"symbol": name, "status": "Trading"}]
        return web.json_response(
            {"retCode": 0, "result": {"list": rows, "nextPageCursor": "" if second else "more%"}}
        )

    async def linear(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        asked = json.loads((await ws.receive()).data)
        self.subscribed.append(asked["args"])
        await say(ws, {"success": not self.refuse, "ret_msg": "", "op": "subscribe"})
        number = 50
        while not ws.closed:
            number += 1
            rows: dict[str, Any] = {"s": "BTCUSDT", "u": number, "seq": 10 * number}
            if number == 51:
                rows["b"] = [[f"{100_000 - n}.0", "2.0"] for n in range(1, 20)]
                rows["a"] = [[f"{100_000 + n}.0", "2.0"] for n in range(1, 20)]
            else:
                rows["b"], rows["a"] = [["99999.0", f"{number % 9 + 1}.5"]], []
            frame = {
                "topic": "orderbook.200.BTCUSDT", "type": "snapshot" if number == 51 else "delta",
                "ts": now_ms(), "data": rows, "cts": now_ms(),
            }  # fmt: skip
            trade = {
                "T": now_ms(), "s": "BTCUSDT", "S": "Buy", "v": "0.025", "p": "100001.0",
                "L": "PlusTick", "i": f"trade-{number}-{now_ms()}", "BT": False, "seq": number,
            }  # fmt: skip
            if self.skip and number > 51:
                self.skip -= 1
            else:
                await say(ws, frame)
            await say(
                ws,
                {
                    "topic": "publicTrade.BTCUSDT",
                    "type": "snapshot",
                    "ts": now_ms(),
                    "data": [trade],
                },
            )
            await asyncio.sleep(EVERY_S)
        return ws


@asynccontextmanager
async def served(venue: FakeBinance | FakeBybit) -> AsyncIterator[str]:
    """Answer on a free port of this machine."""
    app = web.Application()
    venue.routes(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert isinstance(runner.addresses[0], tuple)
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
