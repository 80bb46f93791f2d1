"""Fake Hyperliquid — a server on loopback whose every answer the test decides; it matches nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from aiohttp import WSMsgType, web

META = {
    "universe": [
        {"szDecimals": 5, "name": "BTC", "maxLeverage": 40},
        {"szDecimals": 4, "name": "ETH", "maxLeverage": 25},
    ]
}


class FakeHyperliquid:
    """Orders rest until cancelled; `mute` ways take actions in, carry them out and never answer."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {
            "meta": META,
            "exchangeStatus": {"specialStatuses": None, "time": 1_000_000},
            "userRateLimit": {"cumVlm": "0.0", "nRequestsUsed": 0, "nRequestsCap": 10_000},
            "userFees": {
                "userAddRate": "0.00015", "userCrossRate": "0.00045",
                "activeReferralDiscount": "0.0",
            },
            "clearinghouseState": {
                "marginSummary": {"accountValue": "1000.0", "totalMarginUsed": "0.0"},
                "withdrawable": "1000.0", "assetPositions": [], "time": 1_000_000,
            },
            "userFillsByTime": [],
        }  # fmt: skip
        self.orders: dict[str, dict[str, Any]] = {}
        self.actions: list[tuple[str, dict[str, Any]]] = []
        self.mute: set[str] = set()
        self.lose: set[str] = set()
        self.broken: dict[str, int] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.reset_rest = False
        self.asked: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([
            web.post("/info", self._info), web.post("/exchange", self._exchange),
            web.get("/ws", self._socket),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        for ws in self.sockets:
            await ws.close()
        await self._runner.cleanup()

    def answer(self, request: dict[str, Any]) -> Any:
        kind = request["type"]
        self.asked.append(kind)
        if kind == "orderStatus":
            order = self.orders.get(request["oid"])
            if order is None:
                return {"status": "unknownOid"}
            return {"status": "order", "order": {"order": order, "status": order["status"]}}
        if kind == "frontendOpenOrders":
            return [o for o in self.orders.values() if o["status"] == "open"]
        return self.info[kind]

    def act(self, way: str, posted: dict[str, Any]) -> Any:
        action = posted["action"]
        self.actions.append((way, posted))
        match action["type"]:
            case "order":
                return _items("order", [self._rest(entry) for entry in action["orders"]])
            case "cancelByCloid":
                return _items("cancel", [self._cancel(c["cloid"]) for c in action["cancels"]])
            case "cancel":
                ids = {o["oid"]: cloid for cloid, o in self.orders.items()}
                return _items("cancel", [self._cancel(ids[c["o"]]) for c in action["cancels"]])
            case _:
                return {"status": "ok", "response": {"type": "default"}}

    def _rest(self, entry: dict[str, Any]) -> Any:
        coin = META["universe"][entry["a"]]["name"]
        oid = 100 + len(self.orders)
        self.orders[entry["c"]] = {
            "coin": coin, "side": "B" if entry["b"] else "A", "limitPx": entry["p"],
            "sz": entry["s"], "origSz": entry["s"], "oid": oid, "cloid": entry["c"],
            "reduceOnly": entry["r"], "isTrigger": False, "status": "open",
        }  # fmt: skip
        return {"resting": {"oid": oid, "cloid": entry["c"]}}

    def _cancel(self, cloid: str) -> Any:
        order = self.orders.get(cloid)
        if order is None or order["status"] != "open":
            return {"error": "Order was never placed, already canceled, or filled."}
        order["status"] = "canceled"
        return "success"

    async def push(self, channel: str, data: Any) -> None:
        for ws in self.sockets:
            if not ws.closed:
                await ws.send_json({"channel": channel, "data": data})

    async def _info(self, request: web.Request) -> web.StreamResponse:
        if self.reset_rest and request.transport is not None:
            request.transport.close()
        if (status := self.broken.get("info")) is not None:
            return web.Response(status=status, text="<html></html>")
        return web.json_response(self.answer(await request.json()))

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        posted = await request.json()
        if posted["action"]["type"] in self.lose:
            await asyncio.sleep(60)
        reply = self.act("rest", posted)
        if "rest" in self.mute and posted["action"]["type"] != "noop":
            await asyncio.sleep(60)
        if (status := self.broken.get("exchange")) is not None:
            return web.Response(status=status, text="<html></html>")
        return web.json_response(reply)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.sockets.append(ws)
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                await self._hear(ws, json.loads(message.data))
        return ws

    async def _hear(self, ws: web.WebSocketResponse, row: dict[str, Any]) -> None:
        match row["method"]:
            case "ping":
                await ws.send_json({"channel": "pong"})
            case "subscribe" | "unsubscribe":
                await ws.send_json({"channel": "subscriptionResponse", "data": row})
            case "post":
                request = row["request"]
                if request["type"] == "info":
                    inner = {"type": request["payload"]["type"]}
                    payload: Any = inner | {"data": self.answer(request["payload"])}
                elif request["payload"]["action"]["type"] in self.lose:
                    return
                else:
                    payload = self.act("ws", request["payload"])
                    if "ws" in self.mute and request["payload"]["action"]["type"] != "noop":
                        return
                response = {"type": request["type"], "payload": payload}
                await ws.send_json(
                    {"channel": "post", "data": {"id": row["id"], "response": response}}
                )


def _items(kind: str, statuses: list[Any]) -> Any:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}
