"""Socket — a public WebSocket of a venue whose ways a dialect knows, kept up for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from botmm.clock import Clock
from botmm.data.capture.kinds import Kind
from botmm.errors import VenueError, innermost
from botmm.exchanges.hyperliquid.liveness import Backoff
from botmm.exchanges.hyperliquid.stream import heed_cancel
from botmm.observe.logging import logger
from botmm.record.recorder import Label, Take
from botmm.units import SECOND_NS

OPEN_S = 10.0
GOOD_S = 30.0
FRAME_MAX = 4 << 20
BODY_MAX = 12 << 20
ASK_S = 10.0
ASK_AGAIN_S = 2.0
ASKS_MAX = 200
TRIES = 5

_log = logger(__name__)


class LostError(Exception):
    """The connection is not worth keeping."""


class Dialect(Protocol):
    """What one venue's public socket says; it holds no socket and no clock."""

    @property
    def hello(self) -> Sequence[str]:
        """Return what is sent once connected."""
        ...

    @property
    def ping(self) -> str | None:
        """Return what is sent now and then; None where the venue pings."""
        ...

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame is about; None for what is not worth keeping."""
        ...

    def begin(self) -> None:
        """Take that a connection begins: nothing of the last one holds."""
        ...

    def heard(self, frame: bytes) -> str | None:
        """Take a frame; return the path to be asked for, where a book needs it now.

        Raises:
            LostError: the venue refused, or a book that cannot be mended went astray.
        """
        ...

    def answered(self, path: str, body: bytes) -> bool:
        """Take an answer; whether it serves. If not, it is asked for again."""
        ...


@dataclass(slots=True)
class Socket:
    """One connection; answers over HTTP that books start from are taken in between its frames."""

    name: str
    group: str
    url: str
    rest: str
    dialect: Dialect
    clock: Clock
    seed: int
    silence_s: float = 15.0
    ping_s: float = 20.0
    _ws: ClientConnection | None = field(default=None, init=False)
    _heard: float = field(default=0.0, init=False)

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame is about."""
        return self.dialect.label(frame)

    def renew(self) -> None:
        """Begin anew: what was not recorded for a while leaves a book of changes without a start."""
        if self._ws is not None:
            self._ws.transport.abort()

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        """Keep the socket up."""
        backoff = Backoff(seed=self.seed)
        while True:
            now = round(self.clock.monotonic() * SECOND_NS)
            await asyncio.sleep(backoff.wait(now) * 1e-9)
            began, why = self.clock.monotonic(), ""
            try:
                await self._once(take)
            except* (ConnectionClosed, InvalidHandshake, OSError, LostError) as group:
                why = _words(group)
            heed_cancel()
            _log.warning("link lost", socket=self.name, why=why)
            lost(why)
            if self.clock.monotonic() - began >= GOOD_S:
                backoff.worked()

    async def _once(self, take: Take) -> None:
        self._ws = await connect(
            self.url, compression=None, proxy=None, ping_interval=None, max_size=FRAME_MAX,
            open_timeout=OPEN_S, close_timeout=0.2,
        )  # fmt: skip
        self.dialect.begin()
        self._heard = self.clock.monotonic()
        wanted: asyncio.Queue[str] = asyncio.Queue(maxsize=ASKS_MAX)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(self._ws))
                tasks.create_task(self._ask(wanted, take))
                for text in self.dialect.hello:
                    await self._ws.send(text)
                while True:
                    frame = await self._ws.recv(decode=False)
                    self._heard = self.clock.monotonic()
                    take(frame)
                    path = self.dialect.heard(frame)
                    if path is not None and wanted.full():
                        raise LostError("books lose their start faster than it can be asked for")
                    if path is not None:
                        wanted.put_nowait(path)
        finally:
            self._ws.transport.abort()
            self._ws = None

    async def _keep(self, ws: ClientConnection) -> None:
        """Ping, and watch for silence."""
        pinged = self.clock.monotonic()
        while True:
            await asyncio.sleep(0.25)
            now = self.clock.monotonic()
            if now - self._heard >= self.silence_s:
                raise LostError(f"silent for {self.silence_s:g} s")
            if self.dialect.ping is not None and now - pinged >= self.ping_s:
                pinged = now
                await ws.send(self.dialect.ping)

    async def _ask(self, wanted: asyncio.Queue[str], take: Take) -> None:
        """Ask for what books start from, one after the other, until an answer serves."""
        while True:
            path = await wanted.get()
            while True:
                try:
                    body = await get(self.rest + path)
                except VenueError as error:
                    _log.warning("no snapshot", path=path, why=error.message)
                    await asyncio.sleep(ASK_AGAIN_S)
                    continue
                take(f"GET {path}\n".encode() + body, Kind.ANSWER)
                if self.dialect.answered(path, body):
                    break
                await asyncio.sleep(ASK_AGAIN_S / 4)


async def get(url: str) -> bytes:
    """Return the body of a page.

    Raises:
        VenueError: no answer in time, another status than 200, or too long a body.
    """
    try:
        async with (
            asyncio.timeout(ASK_S),
            aiohttp.ClientSession(trust_env=False) as client,
            client.get(url, allow_redirects=False) as reply,
        ):
            body = await reply.content.read(BODY_MAX + 1)
            while not reply.content.at_eof() and len(body) <= BODY_MAX:
                body += await reply.content.read(BODY_MAX + 1)
    except TimeoutError:
        raise VenueError(f"{url}: no answer in {ASK_S:g} s") from None
    except (aiohttp.ClientError, OSError) as error:
        raise VenueError(f"{url}: {error}", cure="check the network and --url") from None
    if reply.status != 200 or len(body) > BODY_MAX:
        raise VenueError(f"{url}: HTTP {reply.status}, {len(body)} bytes", cure="try again later")
    return body


async def get_document(url: str) -> Any:
    """Return the JSON of a page, tried some times.

    Raises:
        VenueError: it did not come.
    """
    for number in range(TRIES):
        try:
            return json.loads(await get(url))
        except ValueError:
            raise VenueError(f"{url}: no JSON", cure="check --url") from None
        except VenueError as error:
            if number == TRIES - 1:
                raise
            _log.warning("no answer", why=error.message)
            await asyncio.sleep(2.0**number)
    raise AssertionError("invariant: the last try returns or raises")


def _words(error: BaseException) -> str:
    """Return what is at the bottom of a group of errors."""
    error = innermost(error)
    return f"{type(error).__name__}: {error}" if not isinstance(error, LostError) else str(error)
