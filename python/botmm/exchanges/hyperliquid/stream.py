"""Stream — one WebSocket for ever: connect, subscribe, listen, answer posts, connect again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from botmm.clock import Clock
from botmm.errors import innermost
from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, required
from botmm.exchanges.hyperliquid.liveness import Backoff, Liveness, Ping, Reconnect
from botmm.exchanges.hyperliquid.subscriptions import Subscription, channel_of, name_of
from botmm.observe.logging import logger
from botmm.units import SECOND_NS

OPEN_S = 5.0
SUBSCRIBE_S = 10.0
CLOSE_S = 0.2
TICK_S = 0.1
GOOD_NS = 30 * SECOND_NS
"""A connection that lasted this long ends the backoff."""
DOUBT_NS = 2 * SECOND_NS
"""How long a socket that is in doubt may be without a frame."""
POSTS_MAX = 90
"""The venue takes 100 posts in flight."""
PACE = 20
"""Subscriptions that are sent before a tenth of a second's pause."""

_log = logger(__name__)


class LinkLostError(Exception):
    """The connection is not worth keeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """What tells one socket from another; times in ns."""

    name: str
    url: str
    subscriptions: Mapping[str, Subscription]
    silences: Mapping[str, int | None]
    size_max: int
    ping_ns: int


class Stream:
    """A socket that is kept up; `take` hears every frame and says whether there was room."""

    def __init__(
        self,
        spec: StreamSpec,
        clock: Clock,
        *,
        seed: int,
        take: Callable[[str, bytes], bool],
        lost: Callable[[str], None] = lambda why: None,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what the socket is for; `run` connects it.

        Args:
            lost: told why a connection ended.
            changed: told when `up` may be another.
        """
        self.spec = spec
        self.links = 0
        self.why = "not connected yet"
        self._clock = clock
        self._take = take
        self._lost = lost
        self._changed = changed
        self._backoff = Backoff(seed=seed)
        self._ws: ClientConnection | None = None
        self._posts: dict[int, asyncio.Future[RawReply]] = {}
        self._post_id = 0
        self._acknowledged = 0
        self._subscribed = self._doubted = False
        self._dropped = ""
        self._live = Liveness({}, 0)

    @property
    def up(self) -> bool:
        """Whether the socket is subscribed, and no doubt of it is open."""
        return self._subscribed and not self._doubted

    async def run(self) -> None:
        """Keep the socket up until cancelled."""
        while True:
            await asyncio.sleep(self._backoff.wait(self._now()) * 1e-9)
            began = self._now()
            try:
                await self._once()
            except* (ConnectionClosed, InvalidHandshake, OSError, LinkLostError) as group:
                self.why = self._dropped or _words(group)
            finally:
                self._down()
            heed_cancel()
            _log.warning("link lost", socket=self.spec.name, why=self.why)
            self._lost(self.why)
            if self._now() - began >= GOOD_NS:
                self._backoff.worked()

    async def post(self, kind: str, payload: bytes, *, deadline_s: float) -> RawReply:
        """Send a request through the socket; return what came back, or what went wrong."""
        ws = self._ws
        if ws is None or not self.up:
            return RawReply(status=None, body=None, why="the socket is down", sent=False)
        if len(self._posts) >= POSTS_MAX:
            return RawReply(status=None, body=None, why="too many requests at once", sent=False)
        self._post_id += 1
        number = self._post_id
        reply = asyncio.get_running_loop().create_future()
        self._posts[number] = reply
        head = f'{{"method":"post","id":{number},"request":{{"type":"{kind}","payload":'
        try:
            async with asyncio.timeout(deadline_s):
                await ws.send(f"{head}{payload.decode()}}}}}")
                answered: RawReply = await reply
                return answered
        except TimeoutError:
            return RawReply(status=None, body=None, why=f"no answer in {deadline_s:g} s")
        except ConnectionClosed as error:
            return RawReply(status=None, body=None, why=f"the socket closed: {error}")
        finally:
            self._posts.pop(number, None)

    def doubt(self) -> None:
        """Hold the socket for down until it says anything: what is wrong may have struck it too."""
        if self._subscribed and not self._doubted:
            self._doubted = True
            self._live.doubt(DOUBT_NS)
            self._changed()

    def drop(self, why: str) -> None:
        """Give the connection up: a new one follows."""
        self._dropped = why
        if self._ws is not None:
            self._ws.transport.abort()

    async def _once(self) -> None:
        self._dropped = ""
        self._ws = await connect(
            self.spec.url,
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=self.spec.size_max,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
        )
        self._acknowledged = 0
        self._live = Liveness(self.spec.silences, self._now(), ping_ns=self.spec.ping_ns)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(self._ws))
                await self._listen(self._ws)
        finally:
            self._ws.transport.abort()

    async def _listen(self, ws: ClientConnection) -> None:
        while True:
            frame = await ws.recv(decode=False)
            channel = channel_of(frame)
            self._live.heard(name_of(channel, frame), self._now())
            if self._doubted:
                self._doubted = False
                self._changed()
            if channel == "post":
                self._posted(frame)
            elif channel == "subscriptionResponse":
                self._acknowledge()
            if not self._take(channel, frame):
                raise LinkLostError("nobody reads what the account says")

    async def _keep(self, ws: ClientConnection) -> None:
        """Subscribe, then ping and watch for silence."""
        for sent, wanted in enumerate(self.spec.subscriptions.values(), start=1):
            await ws.send(_control("subscribe", wanted))
            if sent % PACE == 0:
                await asyncio.sleep(0.1)
        end = self._now() + round(SUBSCRIBE_S * SECOND_NS)
        while True:
            await asyncio.sleep(TICK_S)
            if not self._subscribed:
                if self._now() >= end:
                    raise LinkLostError("subscriptions are not acknowledged")
                continue
            for decision in self._live.tick(self._now()):
                match decision:
                    case Reconnect(why=why):
                        raise LinkLostError(why)
                    case Ping():
                        await ws.send('{"method":"ping"}')
                    case _:
                        _log.warning("silent channel", channel=decision.channel)
                        wanted = self.spec.subscriptions[decision.channel]
                        await ws.send(_control("unsubscribe", wanted))
                        await ws.send(_control("subscribe", wanted))

    def _acknowledge(self) -> None:
        self._acknowledged += 1
        if not self._subscribed and self._acknowledged >= len(self.spec.subscriptions):
            self._subscribed = True
            self.links += 1
            self._changed()

    def _posted(self, frame: bytes) -> None:
        """Hand a reply to whoever waits; one of which nothing can be read ends nobody's wait."""
        try:
            data = required(decode(frame), "data", dict)
            waiting = self._posts.get(required(data, "id", int))
            response = required(data, "response", dict)
            kind = required(response, "type", str)
        except ReplyError as error:
            _log.warning("unreadable post", why=str(error))
            return
        if waiting is None or waiting.done():
            return
        payload = response.get("payload")
        if kind == "error":
            waiting.set_result(RawReply(status=None, body=None, why=f"refused: {payload!s:.200}"))
            return
        if kind == "info" and isinstance(payload, dict):
            payload = payload.get("data")
        body = json.dumps(payload, separators=(",", ":")).encode()
        waiting.set_result(RawReply(status=200, body=body))

    def _down(self) -> None:
        self._ws = None
        if self._subscribed:
            self._subscribed = self._doubted = False
            self._changed()
        for waiting in self._posts.values():
            if not waiting.done():
                waiting.set_result(RawReply(status=None, body=None, why="the socket went down"))

    def _now(self) -> int:
        return round(self._clock.monotonic() * SECOND_NS)


def heed_cancel() -> None:
    """Raise a cancel that a failing group of tasks took for its own (Python before 3.13).

    Raises:
        CancelledError: somebody asked this task to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _control(method: str, subscription: Subscription) -> str:
    return json.dumps({"method": method, "subscription": subscription}, separators=(",", ":"))


def _words(error: BaseException) -> str:
    """Return what is at the bottom of a group of errors."""
    error = innermost(error)
    return f"{type(error).__name__}: {error}"
