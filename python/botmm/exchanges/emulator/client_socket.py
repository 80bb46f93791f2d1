"""Client socket — one WebSocket of a client: its frames, subscriptions and posts, and the faults on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from botmm.exchanges.emulator import subscriptions
from botmm.exchanges.emulator.faults import FRAME_KINDS, USER_FRAME_KINDS, Faults
from botmm.exchanges.emulator.limits import Limits
from botmm.exchanges.emulator.pace import ScaledClock
from botmm.exchanges.emulator.streams import Streams, frame
from botmm.exchanges.emulator.subscriptions import Subscription
from botmm.units import SECOND_NS

IDLE_NS = 60 * SECOND_NS
# A client that falls this far behind is dropped; on the venue, too, it would have to resync.
QUEUE_MAX = 20_000
FRAME_BYTES_MAX = 1 << 20
_PARSE = "Error parsing JSON into valid websocket request: {}"

Post = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]


class ClientSocket:
    """One client; frames wait in a queue, so that nobody waits for a slow reader."""

    def __init__(
        self,
        request: web.Request,
        *,
        streams: Streams,
        limits: Limits,
        faults: Faults,
        clock: ScaledClock,
        post: Post,
    ) -> None:
        """Take the handshake and what answers are made from."""
        self._request = request
        self._ws = web.WebSocketResponse(
            autoping=True, compress=False, max_msg_size=FRAME_BYTES_MAX, timeout=1.0
        )
        self._streams, self._limits, self._faults = streams, limits, faults
        self._clock, self._post = clock, post
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)
        self._held: list[str] = []
        self._last_sent = clock.now()
        self.subscriptions: dict[Subscription, None] = {}
        self.is_half_open = False

    @property
    def users(self) -> set[str]:
        """Return the users that the client listens to."""
        return {wanted.user for wanted in self.subscriptions if wanted.user is not None}

    async def run(self) -> web.WebSocketResponse:
        """Serve the client until one side leaves."""
        await self._ws.prepare(self._request)
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write())
            idle = group.create_task(self._watch_idle())
            try:
                await self._read(group)
            finally:
                for wanted in list(self.subscriptions):
                    self._forget(wanted)
                writer.cancel()
                idle.cancel()
        return self._ws

    def send(self, text: str, channel: str, *, private: bool) -> None:
        """Put a frame on its way, or do to it what a fault says."""
        kinds = USER_FRAME_KINDS if private else FRAME_KINDS
        fault = self._faults.draw(kinds, channel, self._clock.now(), "ws")
        match None if fault is None else fault.kind:
            case "drop_user" | "mute":
                return
            case "dup_user":
                self._put(text)
            case "reorder_user":
                self._held.append(text)
                return
            case "garble":
                text = text[: len(text) // 2]
        self._put(text)
        if private and self._held:
            held, self._held = self._held, []
            for late in held:
                self._put(late)

    def send_raw(self, text: str) -> None:
        """Put any text on its way."""
        self._put(text)

    def _put(self, text: str) -> None:
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self.abort()

    def abort(self) -> None:
        """Drop the connection without a word."""
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    async def close(self, code: int) -> None:
        """Say goodbye with a code."""
        await self._ws.close(code=code)

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            if self.is_half_open:
                continue
            try:
                await self._ws.send_str(text)
            except ConnectionError:
                return  # the reader sees it, too
            self._last_sent = self._clock.now()

    async def _watch_idle(self) -> None:
        """Drop the connection when the server has been silent for a minute."""
        while True:
            left = self._last_sent + IDLE_NS - self._clock.now()
            if left <= 0:
                self.abort()
                return
            await asyncio.sleep(max(left / SECOND_NS / self._clock.speed, 0.005))

    async def _read(self, group: asyncio.TaskGroup) -> None:
        async for message in self._ws:
            if self.is_half_open or message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            if not self._limits.messages.take(self._clock.now(), 1):
                self.abort()
                return
            text = message.data if isinstance(message.data, str) else repr(message.data)
            try:
                self._on_text(text, group)
            except subscriptions.SilentCloseError:
                self.abort()
                return
            except subscriptions.UnparsableError:
                self._error(_PARSE.format(text))

    def _on_text(self, text: str, group: asyncio.TaskGroup) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise subscriptions.UnparsableError from None
        if not isinstance(message, dict):
            raise subscriptions.UnparsableError
        match message.get("method"):
            case "ping":
                self.send('{"channel":"pong"}', "pong", private=False)
            case "subscribe":
                self._subscribe(self._parse(message))
            case "unsubscribe":
                self._unsubscribe(self._parse(message))
            case "post":
                self._on_post(message, group)
            case _:
                raise subscriptions.UnparsableError

    def _parse(self, message: dict[str, Any]) -> Subscription:
        return subscriptions.parse(message.get("subscription"), self._streams.coins)

    def _subscribe(self, wanted: Subscription) -> None:
        if wanted in self.subscriptions:
            self._error(f"Already subscribed: {wanted.text()}")
            return
        refusal = self._limits.may_listen(wanted.user)
        if refusal:
            self._error(refusal)
            return
        self.subscriptions[wanted] = None
        self._acknowledge("subscribe", wanted)
        self._streams.add(wanted, self)

    def _unsubscribe(self, wanted: Subscription) -> None:
        if wanted not in self.subscriptions:
            self._error(f"Already unsubscribed: {wanted.text()}")
            return
        self._forget(wanted)
        self._acknowledge("unsubscribe", wanted)

    def _forget(self, wanted: Subscription) -> None:
        del self.subscriptions[wanted]
        self._streams.remove(wanted, self)
        self._limits.stop_listening(wanted.user)

    def _acknowledge(self, method: str, wanted: Subscription) -> None:
        data = {"method": method, "subscription": wanted.shape()}
        self.send(frame("subscriptionResponse", data), "subscriptionResponse", private=False)

    def _error(self, text: str) -> None:
        self.send(frame("error", text), "error", private=False)

    def _on_post(self, message: dict[str, Any], group: asyncio.TaskGroup) -> None:
        number, request = message.get("id"), message.get("request")
        if not isinstance(number, int) or isinstance(number, bool):
            raise subscriptions.UnparsableError
        if not isinstance(request, dict) or request.get("type") not in ("info", "action"):
            raise subscriptions.UnparsableError
        if self._limits.posts >= self._limits.numbers.posts_in_flight:
            self._error("Too many inflight post requests.")
            return
        self._limits.posts += 1
        group.create_task(self._answer(number, request))

    async def _answer(self, number: int, request: dict[str, Any]) -> None:
        """Answer one post; None is an answer that a fault took away."""
        try:
            response = await self._post(request)
        finally:
            self._limits.posts -= 1
        if response is not None:
            text = frame("post", {"id": number, "response": response})
            self.send(text, "post", private=False)
