"""Bench path — from a frame off the socket to signed bytes on it, by the daemon and by the SDK.

The exchange is a process of its own, and so is what moves it by shocks, so that the daemon's loop has
nothing to do but its own.
Ahead of whatever else runs on the machine, since `nice` ranks the processes of one session alone:

chrt -f 1 python -m tests.bench_path
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import requests
import uvloop
from eth_account import Account
from hyperliquid.exchange import Exchange as Client
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid
from websockets.asyncio.client import ClientConnection
from websockets.frames import DATA_OPCODES, Frame

from botmm.clock import SystemClock
from botmm.config import load
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.exchanges.public_accounts import test_account as account
from botmm.live import garbage
from botmm.live.__main__ import SWITCH_S
from botmm.live.daemon import Daemon, Place
from botmm.live.latches import STATE_FILE
from botmm.ports import CancelAll, Command
from botmm.store.state import StateStore
from tests.bench_live import NO_LIMIT, say
from tests.fakes.live_drill import SETS
from tests.fakes.processes import UNLIMITED, Exchange, exchange
from tests.fakes.signed import cloid

REQUESTS = 250
"""At most; in quiet markets the time ends first."""
MEASURE_S = 300.0
WINDOW_S = 60.0
"""How long the path with a window is measured: its times are the window's."""
SHOCK_BPS = 15
SHOCK_S = 0.25
SETTLED_S = 1.0
"""What was collected in the daemon's own window has left by then."""

_clock = SystemClock()


class Stamped(ClientConnection):
    """A connection that notes when the bytes of each frame came off the socket."""

    arrived: deque[float]
    read: float

    def data_received(self, data: bytes) -> None:
        """Note when these bytes came, before anybody looked at them."""
        self.read = _clock.monotonic()
        super().data_received(data)

    def process_event(self, event: Any) -> None:
        """Note a frame with data, then handle it as ever."""
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            self.__dict__.setdefault("arrived", deque()).append(self.read)
        super().process_event(event)

    async def recv(self, *arguments: Any, **more: Any) -> Any:
        """Return the next frame; `cause` is when it came."""
        found = await super().recv(*arguments, **more)
        Timed.came = self.arrived.popleft()
        return found


class Timed(HyperliquidVenue):
    """A venue that notes which frame a signed request follows from; it is looked at when all is over."""

    came = 0.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._came: dict[int, float] = {}
        self._cause: float | None = None
        self._noted: list[tuple[float, Sequence[Command] | str]] = []
        """When the frame came from which commands follow, and when a request left."""
        self.requests = 0

    def _take(self, channel: str, frame: bytes) -> bool:
        self._came[id(frame)] = Timed.came
        return super()._take(channel, frame)

    async def frames(self) -> AsyncIterator[bytes]:
        async for frame in super().frames():
            self._cause = self._came.pop(id(frame), None)
            yield frame
            self._cause = None

    def caused(self, commands: Sequence[Command]) -> None:
        """Note which frame commands follow from."""
        if self._cause is not None:
            self._noted.append((self._cause, commands))

    def watch(self) -> None:
        """Note when signed bytes were given to the system."""
        ws = self._streams[1]._ws
        assert ws is not None
        send = ws.send

        async def timed(text: Any) -> None:
            await send(text)
            if '"type":"action"' in text[:80]:
                self._noted.append((_clock.monotonic(), text))
                self.requests += 1

        ws.send = timed  # type: ignore[method-assign, assignment]

    def times(self) -> list[float]:
        """Return how long each request took from the last frame that it follows from."""
        causes: dict[str, float] = {}
        times = []
        for at, what in self._noted:
            if not isinstance(what, str):
                causes |= {one.cloid: at for one in what if not isinstance(one, CancelAll)}
                continue
            action = json.loads(what)["request"]["payload"]["action"]
            rows = action.get("orders", action.get("cancels", []))
            keys = [str(row.get("c", row.get("cloid"))) for row in rows]
            came = [causes.pop(key) for key in keys if key in causes]
            if came:
                times.append(at - max(came))
        return times


async def ours(url: str, folder: Path, window_s: float | None) -> list[float]:
    """Run the daemon; return the times from frame to socket.

    Args:
        window_s: how long requests are collected, None for as long as the daemon does.
    """
    test, host = account(0), host_of(url)
    signer = Signer(test.key, agent=test.address, host=host)
    spec = VenueSpec(host=host, account=test.address, symbols=("BTC",))
    settings = load((), SETS).settings
    folder.mkdir()
    store = StateStore(folder / STATE_FILE)
    nonces = Nonces(0, lambda upto: store.reserve_nonces(test.address, upto))
    async with Timed(spec, signer, nonces, _clock) as venue:
        place = Place(folder=folder, mode="paper", account=test.address, url=url)
        daemon = Daemon(settings, venue, place, _clock, alarm=lambda key, words: None)

        async def script() -> None:
            runner = daemon.runner
            while runner.health.holds:
                await asyncio.sleep(0.05)
            venue.weights.limit = NO_LIMIT
            if window_s is not None:
                runner.gateway.window_s = window_s
            send = runner.gateway.send

            def noted(commands: Sequence[Command]) -> None:
                venue.caused(commands)
                send(commands)

            runner.gateway.send = noted  # type: ignore[method-assign]
            await asyncio.sleep(SETTLED_S)
            venue.watch()
            lasts_s = MEASURE_S if window_s is not None else WINDOW_S
            end = _clock.monotonic() + lasts_s
            with shocked(url):
                while venue.requests < REQUESTS and _clock.monotonic() < end:
                    await asyncio.sleep(SHOCK_S)
            runner.stopping.set()

        with contextlib.closing(store):
            await daemon.run(script, garbage.collect)
        return venue.times()


def shock_forever(url: str) -> None:
    """Move the market back and forth."""
    bps = SHOCK_BPS
    while True:
        shock = {"do": "shock", "coin": "BTC", "bps": bps}
        requests.post(f"{url}/control", json=shock, timeout=10)
        time.sleep(SHOCK_S)
        bps = -bps


@contextlib.contextmanager
def shocked(url: str) -> Iterator[None]:
    """Have another process move the market for as long as this lasts."""
    process = get_context("spawn").Process(target=shock_forever, args=(url,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def theirs(there: Exchange) -> list[float]:
    """Place an order by the SDK at each frame of the book; return the times to the socket."""
    test = account(1)
    info = Info(there.url)
    client = Client(Account.from_key(test.key), there.url)
    came, times, done = 0.0, [], threading.Event()
    manager = info.ws_manager
    heard = manager.on_message

    def noted(socket: Any, message: str) -> None:
        nonlocal came
        came = _clock.monotonic()
        heard(socket, message)

    manager.ws.on_message = noted
    send = http.client.HTTPConnection.send

    def timed(connection: Any, data: Any) -> None:
        send(connection, data)
        if b'"signature"' in data:
            times.append(_clock.monotonic() - came)

    def place(message: Any) -> None:
        best = float(message["data"]["levels"][0][0]["px"])
        limit = {"limit": {"tif": "Alo"}}
        key = Cloid.from_str(cloid(len(times) + 1))
        client.order("BTC", True, 0.001, round(best * 0.98), limit, cloid=key)
        if len(times) >= REQUESTS:
            done.set()

    http.client.HTTPConnection.send = timed  # type: ignore[method-assign, assignment]
    try:
        wanted = {"type": "l2Book", "coin": "BTC", "fast": True}
        number = info.subscribe(wanted, place)
        done.wait(MEASURE_S)
        info.unsubscribe(wanted, number)
    finally:
        http.client.HTTPConnection.send = send  # type: ignore[method-assign]
        manager.stop()
    return times


def main() -> None:
    """Print every figure."""
    import websockets.asyncio.client as library

    sys.setswitchinterval(SWITCH_S)
    library.connect.__init__.__kwdefaults__["create_connection"] = Stamped
    with tempfile.TemporaryDirectory() as name, exchange(UNLIMITED) as there:
        say("frame to signed bytes on the socket, the SDK", theirs(there))
        at_once = uvloop.run(ours(there.url, Path(name) / "at-once", 0.0))
        say("frame to signed bytes on the socket, without a window", at_once)
        as_it_is = uvloop.run(ours(there.url, Path(name) / "as-it-is", None))
        say("frame to signed bytes on the socket, as it is", as_it_is)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
