"""Server — the local exchange over HTTP and WebSocket, on loopback alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from botmm.core import CoreException
from botmm.errors import BotmmError
from botmm.exchanges.emulator import info, trading
from botmm.exchanges.emulator.answers import (
    NO_JSON,
    UNPARSED,
    WRONG_TYPE,
    Answer,
    Lost,
    Mishaps,
    Way,
    bad,
    good,
    null_500,
    too_many,
)
from botmm.exchanges.emulator.asking import Asked, MalformedAskError, NullFiveHundredError
from botmm.exchanges.emulator.client_socket import ClientSocket
from botmm.exchanges.emulator.config import LOOPBACK, EmulatorConfig
from botmm.exchanges.emulator.control import Control
from botmm.exchanges.emulator.faults import SOCKET_KINDS, Faults
from botmm.exchanges.emulator.limits import Limits, action_weight, info_weight, rows_weight
from botmm.exchanges.emulator.pace import ScaledClock
from botmm.exchanges.emulator.streams import Streams
from botmm.exchanges.emulator.trading import Trading

BODY_BYTES_MAX = 1 << 20
# A request that nothing answers is held this long, if its client waits so long.
HANG_S = 60.0


class Server:
    """The endpoints: `/info`, `/exchange`, `/ws`, and `/control`."""

    def __init__(
        self,
        asked: Asked,
        trade: Trading,
        *,
        streams: Streams,
        faults: Faults,
        config: EmulatorConfig,
        clock: ScaledClock,
    ) -> None:
        """Take what answers are made from."""
        self._asked, self._trading, self._streams = asked, trade, streams
        self._faults, self._config, self._clock = faults, config, clock
        self._mishaps = Mishaps(faults, clock)
        self._limits: dict[str, Limits] = {}
        self.sockets: dict[ClientSocket, None] = {}
        self.control = Control(asked.desk, faults, asked.fees, lambda: list(self.sockets))
        self.requests = 0

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_local_only])
        app.router.add_post("/info", self._on_info)
        app.router.add_post("/exchange", self._on_exchange)
        app.router.add_get("/ws", self._on_ws)
        app.router.add_post("/control", self._on_control)
        return app

    async def _on_info(self, request: web.Request) -> web.StreamResponse:
        return await self._rest(request, self._info)

    async def _on_exchange(self, request: web.Request) -> web.StreamResponse:
        return await self._rest(request, self._exchange)

    async def _rest(
        self,
        request: web.Request,
        run: Callable[[Any, Limits, Way], Awaitable[Answer | Lost]],
    ) -> web.StreamResponse:
        """Answer one request, or leave it without an answer."""
        if request.content_type != "application/json":
            return _response(bad(415, WRONG_TYPE))
        try:
            body = json.loads(await request.text())
        except (ValueError, RecursionError):
            return _response(bad(400, NO_JSON))
        answer = await run(body, self._limits_of(request), "rest")
        if isinstance(answer, Answer):
            return await _dripped(request, answer) if answer.drip_s else _response(answer)
        if answer.how == "hang":
            await asyncio.sleep(HANG_S / self._clock.speed)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _info(self, body: object, limits: Limits, way: Way) -> Answer | Lost:
        self.requests += 1
        fields = body if isinstance(body, dict) else {}
        kind, now = fields.get("type"), self._clock.now()
        if not limits.may_ask(now, info_weight(kind)):
            return too_many()

        async def run() -> Answer:
            """Answer the question."""
            try:
                asked = self._asked
                reply = info.answer(Asked(fields, asked.desk, asked.purse, asked.fees))
            except MalformedAskError:
                return bad(422, UNPARSED)
            except NullFiveHundredError:
                return null_500()
            limits.weight.add(now, rows_weight(kind, reply))
            return good(reply)

        return await self._mishaps.served(str(kind), way, run)

    async def _exchange(self, body: object, limits: Limits, way: Way) -> Answer | Lost:
        self.requests += 1
        try:
            posted = trading.parse(body)
        except trading.MalformedError:
            return bad(422, UNPARSED)
        if not limits.may_ask(self._clock.now(), action_weight(trading.entries(posted))):
            return too_many()

        async def run() -> Answer:
            """Hand the action to its block, and bring the reply back."""
            await self._travel(self._config.entry_ms)
            answer = good(await self._trading.handle(posted))
            await self._travel(self._config.response_ms)
            return answer

        return await self._mishaps.served(posted.action.type, way, run)

    async def _travel(self, milliseconds: int) -> None:
        if milliseconds:
            await asyncio.sleep(milliseconds / 1_000 / self._clock.speed)

    async def _on_ws(self, request: web.Request) -> web.StreamResponse:
        limits, now = self._limits_of(request), self._clock.now()
        fault = self._faults.draw(SOCKET_KINDS, "ws", now)
        if fault is not None and fault.kind == "refuse_socket":
            return web.Response(status=fault.status)
        if not limits.may_connect(now):
            return web.Response(status=429)

        async def post(wanted: dict[str, Any]) -> dict[str, Any] | None:
            """Answer a request that came over the socket."""
            return await self._post(wanted, limits)

        socket = ClientSocket(
            request,
            streams=self._streams,
            limits=limits,
            faults=self._faults,
            clock=self._clock,
            post=post,
        )
        self.sockets[socket] = None
        limits.sockets += 1
        try:
            return await socket.run(drop=fault is not None)
        finally:
            limits.sockets -= 1
            del self.sockets[socket]

    async def _post(self, wanted: dict[str, Any], limits: Limits) -> dict[str, Any] | None:
        payload, kind = wanted.get("payload"), wanted["type"]
        run = self._info if kind == "info" else self._exchange
        answer = await run(payload, limits, "ws")
        if isinstance(answer, Lost):
            return None
        if answer.status != 200 or (answer.value is None and answer.body != "null"):
            return {"type": "error", "payload": f"{answer.status} {answer.body}".strip()}
        if kind == "action":
            return {"type": "action", "payload": answer.value}
        assert isinstance(payload, dict), "invariant: only objects are answered with 200"
        return {"type": "info", "payload": {"type": payload["type"], "data": answer.value}}

    async def _on_control(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return _response(bad(415, WRONG_TYPE))
        try:
            return _response(good(await self.control.do(json.loads(await request.text()))))
        except ValueError as error:
            return _response(bad(400, str(error)))
        except (BotmmError, CoreException) as error:
            return _response(bad(422, str(error)))

    def _limits_of(self, request: web.Request) -> Limits:
        return self._limits.setdefault(request.remote or "", Limits(self._config.limits))

    async def close(self) -> None:
        """Drop every socket."""
        for socket in list(self.sockets):
            socket.abort()


@web.middleware
async def _local_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what a web page of another host sends through a browser on this machine."""
    name = request.url.host
    if name not in LOOPBACK:
        return web.Response(status=403)
    return await handler(request)


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, text=answer.body, content_type=answer.kind)


async def _dripped(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer byte by byte, for as long as its client waits."""
    response = web.StreamResponse(status=answer.status)
    response.content_type = answer.kind
    try:
        await response.prepare(request)
        for byte in answer.body.encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(answer.drip_s)
        await response.write_eof()
    except ConnectionError:
        pass  # it has left
    return response
