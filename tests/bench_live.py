"""Bench live — how fast the daemon is on a local exchange: reconnect, restart, frame to order.

python -m tests.bench_live
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action

from botmm.clock import SystemClock
from botmm.exchanges.base import RawReply
from botmm.exchanges.emulator.accounts import test_account as account
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.liveness import Backoff
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.live.engine import Engine, Kind
from botmm.live.runner import LINK
from botmm.ports import CancelAll, Command, Place
from tests.fakes.live_drill import Drill, run
from tests.fakes.processes import exchange, trader

DROPS = 50
RESTARTS = 10
RESTARTS_AN_EXCHANGE = 2
REQUESTS = 300
MEASURE_S = 35.0
REPLY_MS = 50
NO_LIMIT = 10**9
FRAMES = 30_000
SIGNATURES = 500

_clock = SystemClock()


def say(what: str, seconds: Sequence[float]) -> None:
    """Print the middle and the tail of some times."""
    p50, p99 = np.percentile(np.asarray(seconds) * 1e3, [50, 99])
    most = max(seconds) * 1e3
    sys.stdout.write(f"{what}: n {len(seconds)}, p50 {p50:.3f} ms, p99 {p99:.3f} ms, ")
    sys.stdout.write(f"most {most:.3f} ms\n")
    sys.stdout.flush()


def reconnects(folder: Path) -> None:
    """Drop both sockets, again and again, each time as after half a minute of calm."""
    known: list[float] = []
    quoting: list[float] = []

    async def script(drill: Drill) -> None:
        venue = drill.runner.venue
        assert isinstance(venue, HyperliquidVenue)
        venue.weights.limit = NO_LIMIT
        holds = drill.runner.health.holds
        await drill.fault("late_reply", delay_ms=REPLY_MS)
        for _ in range(DROPS):
            await drill.quoting()
            for number, stream in enumerate(venue._streams):
                stream._backoff = Backoff(seed=number)
            links, done = venue.link + 2, drill.runner.health.reconnects + 1
            began = _clock.monotonic()
            await drill.do("drop", how="abort")
            await drill.until(lambda n=links: venue.link >= n and venue.up, "linked")
            await drill.until(
                lambda n=done: drill.runner.health.reconnects >= n and LINK not in holds,
                "records compared",
            )
            known.append(_clock.monotonic() - began)
            at = drill.emulator.desk.now
            await drill.until(
                lambda t=at: any(one["made"] > t for one in drill.resting()), "a new order"
            )
            quoting.append(_clock.monotonic() - began)

    run(folder, script, most_s=400.0)
    say("socket drop to records compared", known)
    say("socket drop to a new order in the book", quoting)


def restarts() -> None:
    """Start the process with what an earlier one saved, until it quotes."""
    times: list[float] = []
    while len(times) < RESTARTS:
        folder = Path(tempfile.mkdtemp(prefix="bm"))
        with exchange() as there:
            with trader(there, folder) as first:
                first.quoting()
                first.end(signal.SIGTERM)
            assert (folder / "signals.bin").exists()
            for _ in range(RESTARTS_AN_EXCHANGE):
                began = _clock.monotonic()
                with trader(there, folder) as again:
                    again.quoting()
                    times.append(_clock.monotonic() - began)
                    again.end(signal.SIGTERM)
        shutil.rmtree(folder)
    say("start of the process to quoting, with saved signals", times)


class Timed(HyperliquidVenue):
    """A venue that notes when frames come in and when signed requests go out."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._came: dict[int, float] = {}
        self.cause: float | None = None
        self.causes: dict[str, float] = {}
        self.times: list[float] = []

    def _take(self, channel: str, frame: bytes) -> bool:
        self._came[id(frame)] = _clock.monotonic()
        return super()._take(channel, frame)

    async def frames(self) -> AsyncIterator[bytes]:
        async for frame in super().frames():
            self.cause = self._came.pop(id(frame), None)
            yield frame
            self.cause = None

    def caused(self, commands: Sequence[Command]) -> None:
        """Note which frame commands follow from."""
        for command in commands:
            if self.cause is not None and not isinstance(command, CancelAll):
                self.causes[command.cloid] = self.cause

    def watch(self) -> None:
        """Note when signed bytes are handed to the account's socket."""
        stream = self._streams[1]
        post = stream.post

        async def timed(kind: str, payload: bytes, *, deadline_s: float) -> RawReply:
            if kind == "action":
                self._left(payload)
            return await post(kind, payload, deadline_s=deadline_s)

        stream.post = timed  # type: ignore[method-assign]

    def _left(self, payload: bytes) -> None:
        now = _clock.monotonic()
        action = json.loads(payload)["action"]
        rows = action.get("orders", action.get("cancels", []))
        found = [self.causes.pop(key, None) for key in (r.get("c", r.get("cloid")) for r in rows)]
        came = [one for one in found if one is not None]
        if came:
            self.times.append(now - max(came))


def frame_to_order(folder: Path, window_s: float | None) -> None:
    """Measure from a frame's arrival to the signed request at the socket.

    Args:
        window_s: how long requests are collected, None for as long as the daemon does.
    """
    times: list[float] = []

    async def script(drill: Drill) -> None:
        venue, gateway = drill.runner.venue, drill.runner.gateway
        assert isinstance(venue, Timed)
        venue.weights.limit = NO_LIMIT
        if window_s is not None:
            gateway.window_s = window_s
        send = gateway.send

        def noted(commands: Sequence[Command]) -> None:
            venue.caused(commands)
            send(commands)

        gateway.send = noted  # type: ignore[method-assign]
        venue.watch()
        end, bps = _clock.monotonic() + MEASURE_S, 15
        while len(venue.times) < REQUESTS and _clock.monotonic() < end:
            await drill.do("shock", coin="BTC", bps=bps)
            await asyncio.sleep(0.25)
            bps = -bps
        times.extend(venue.times)

    run(folder, script, venue_type=Timed, most_s=400.0)
    how = "as it is" if window_s is None else f"window {window_s:g} s"
    say(f"frame to signed request at the socket, {how}", times)


def frame_to_commands() -> None:
    """Measure from a frame of 20 levels to decided commands, with every answer on time."""
    start = 1_700_000_000_000_000_000
    symbols = [{"symbol": "BTC", "size_decimals": 5, "params": {}}]
    fees = {"maker": 0.00015, "taker": 0.00045}
    spec = {"symbols": symbols, "capital_usd": 1000.0, "fees": fees, "tag": 7, "now": start}
    engine = Engine(json.dumps(spec))
    begin = {"kind": "baseline", "symbol": 0, "position": 0, "since": start, "trades": []}
    engine.step(Kind.EVENT, start, json.dumps(begin).encode())
    rng = np.random.default_rng(1)
    times, mid = [], 50_000
    for number in range(FRAMES):
        mid += int(rng.integers(-1, 2))
        at = start + number * 500_000_000
        frame = _book(mid, at // 1_000_000, rng)
        began = _clock.monotonic()
        commands = engine.step(Kind.FRAME, at, frame)
        times.append(_clock.monotonic() - began)
        for command in commands:
            if isinstance(command, CancelAll):
                continue
            resting = {"Resting": {"oid": number, "left": getattr(command, "size", 0)}}
            gone = {"Cancelled": {"reason": "Asked"}}
            answer = resting if isinstance(command, Place) else gone
            told = {"kind": "answer", "symbol": 0, "cloid": command.cloid, "answer": answer}
            engine.step(Kind.EVENT, at + 50_000_000, json.dumps(told).encode())
    # The first two hundred are before the volatility is known.
    say("frame of 20 levels to commands", times[200:])


def _book(mid: int, time_ms: int, rng: np.random.Generator) -> bytes:
    """Return a frame of 20 levels a side."""
    sizes = rng.integers(1, 90_000, 40) / 1e5
    rows = [
        {"px": f"{mid + sign * (i + 1)}.0", "sz": f"{sizes[20 * side + i]:.5f}", "n": 3}
        for side, sign in enumerate((-1, 1))
        for i in range(20)
    ]
    data = {"coin": "BTC", "time": time_ms, "levels": [rows[:20], rows[20:]]}
    # Without spaces, as the venue writes it.
    return json.dumps({"channel": "l2Book", "data": data}, separators=(",", ":")).encode()


def signing() -> None:
    """Measure one order's signature, by our signer and by the SDK's own function."""
    test = account(0)
    signer = Signer(test.key, agent=test.address, host=host_of("http://127.0.0.1:1"))
    limit = {"limit": {"tif": "Alo"}}
    order = {"a": 0, "b": True, "p": "1", "s": "1", "r": False, "t": limit}
    action: dict[str, Any] = {"type": "order", "orders": [order], "grouping": "na"}
    wallet = Account.from_key(test.key)
    ours, theirs = [], []
    for nonce in range(1, SIGNATURES + 1):
        began = _clock.monotonic()
        signer.sign(action, nonce=nonce, expires_ms=None)
        between = _clock.monotonic()
        sign_l1_action(wallet, action, None, nonce, None, False)
        ours.append(between - began)
        theirs.append(_clock.monotonic() - between)
    say("one order signed by us", ours)
    say("one order signed by the SDK's function", theirs)


def main() -> None:
    """Print every figure."""
    frame_to_commands()
    signing()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame_to_order(folder / "at-once", 0.0)
        frame_to_order(folder / "windows", None)
        reconnects(folder / "drops")
    restarts()


if __name__ == "__main__":
    main()
