"""Bench live — how fast the daemon is on a local exchange: decision, reconnect, restart.

python -m tests.bench_live
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action

from botmm.clock import SystemClock
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.liveness import Backoff
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.exchanges.public_accounts import test_account as account
from botmm.live.engine import Engine, Kind
from botmm.live.runner import LINK
from botmm.ports import CancelAll, Place
from tests.fakes.live_drill import Drill, run
from tests.fakes.processes import exchange, trader

DROPS = 50
RESTARTS = 10
RESTARTS_AN_EXCHANGE = 2
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
    say("start to quoting after a stop, with saved signals", starts(signal.SIGTERM))
    say("start to quoting after a SIGKILL, with saved signals", starts(signal.SIGKILL))


def starts(end: signal.Signals) -> list[float]:
    """Return the seconds of each start after a run that ended so."""
    times: list[float] = []
    while len(times) < RESTARTS:
        folder = Path(tempfile.mkdtemp(prefix="bm"))
        with exchange() as there:
            with trader(there, folder) as first:
                first.quoting()
                first.end(signal.SIGTERM)
            assert (folder / "signals.bin").exists()
            before = signal.SIGTERM
            for _ in range(RESTARTS_AN_EXCHANGE):
                began = _clock.monotonic()
                with trader(there, folder) as again:
                    again.quoting()
                    if before == end:
                        times.append(_clock.monotonic() - began)
                    again.end(end)
                    before = end
        shutil.rmtree(folder)
    return times


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
        reconnects(folder / "drops")
    restarts()


if __name__ == "__main__":
    main()
