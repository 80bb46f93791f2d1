"""Bench feed — market frames at a pace, from a process of its own, through the daemon's reading path.

The feeder is the local exchange, which says its latest book, touch and trade again and again, so many
frames a second, between those that it says anyway; a repeated trade has an id of its own.

python -m tests.bench_feed [--rate 10000] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import uvloop

from botmm.clock import SystemClock
from botmm.config import load
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.exchanges.public_accounts import test_account as account
from botmm.live.__main__ import SWITCH_S
from botmm.live.daemon import Daemon, Place
from tests.bench_live import NO_LIMIT
from tests.fakes.live_drill import SETS
from tests.fakes.processes import exchange

FEEDER = """
import asyncio, itertools, json, os, re, uvloop
from pathlib import Path
from botmm.exchanges.emulator import Emulator, EmulatorConfig, LimitNumbers
from botmm.exchanges.emulator.client_socket import ClientSocket

RATE, PACE_S = float(@RATE@), 0.005
GO, SENT = Path(@GO@), Path(@SENT@)
last, send = {}, ClientSocket.send

def noted(self, text, channel, *, private):
    last[channel] = text
    send(self, text, channel, private=private)

ClientSocket.send = noted

async def feed(there):
    ids, loop, mix = itertools.count(10**14), asyncio.get_running_loop(), itertools.cycle(
        ["bbo", "l2Book", "bbo", "trades"])
    while not GO.exists() or not {"bbo", "l2Book", "trades"} <= last.keys():
        await asyncio.sleep(0.05)
    [socket] = [s for s in there.server.sockets if not s.users]
    began, sent = loop.time(), 0
    while True:
        await asyncio.sleep(PACE_S)
        head, tail = last["trades"].rsplit('"tid":', 1)
        tail = tail[tail.index(","):]
        while sent < (loop.time() - began) * RATE:
            kind = next(mix)
            again = f'{head}"tid":{next(ids)}{tail}' if kind == "trades" else last[kind]
            socket.send_raw(again)
            sent += 1
        SENT.write_text(str(sent))

async def serve():
    most = 10**9
    limits = LimitNumbers(weight_per_minute=most, messages_per_minute=most)
    async with Emulator(EmulatorConfig(symbols=("BTC",), limits=limits, warm_up_s=60)) as there:
        print(json.dumps({"url": there.url}), flush=True)
        await feed(there)

uvloop.run(serve())
"""

_clock = SystemClock()


@dataclass
class Seen:
    """What was sampled while frames came, ten times a second."""

    sent: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0
    dropped: int = 0
    requests: int = 0
    links: int = 0


async def read(url: str, folder: Path, seconds: float) -> Seen:
    """Let the daemon trade while the feeder feeds; return what was seen."""
    test, host = account(0), host_of(url)
    signer = Signer(test.key, agent=test.address, host=host)
    spec = VenueSpec(host=host, account=test.address, symbols=("BTC",))
    nonces = Nonces(_clock.now() // 1_000_000, lambda upto: None)
    seen = Seen()
    async with HyperliquidVenue(spec, signer, nonces, _clock) as venue:
        place = Place(folder=folder, mode="paper", account=test.address, url=url)
        settings = load((), SETS).settings
        daemon = Daemon(settings, venue, place, _clock, alarm=lambda key, words: None)

        async def script() -> None:
            runner = daemon.runner
            while runner.health.holds:
                await asyncio.sleep(0.05)
            venue.weights.limit = NO_LIMIT
            (folder / "go").touch()
            while not (folder / "sent").exists():
                await asyncio.sleep(0.01)
            links, requests = venue.link, runner.gateway.sent.requests
            began, cpu = _clock.monotonic(), _cpu_s()
            while _clock.monotonic() < began + seconds:
                await asyncio.sleep(0.1)
                text = (folder / "sent").read_text()
                if text:
                    seen.sent.append(int(text))
                    seen.frames.append(runner.engine.counts.frames)
                    seen.waiting.append(len(venue.inbox))
            seen.seconds, seen.cpu_s = _clock.monotonic() - began, _cpu_s() - cpu
            seen.dropped, seen.links = venue.inbox.dropped, venue.link - links
            seen.requests = runner.gateway.sent.requests - requests
            runner.stopping.set()

        await daemon.run(script)
    return seen


def _cpu_s() -> float:
    """Return the processor's time of this process."""
    from resource import RUSAGE_SELF, getrusage

    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print what was read of what was sent."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rate", type=float, default=10_000.0, help="frames a second")
    words.add_argument("--seconds", type=float, default=30.0)
    asked = words.parse_args()
    sys.setswitchinterval(SWITCH_S)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = {"@RATE@": asked.rate, "@GO@": f"{name}/go", "@SENT@": f"{name}/sent"}
        code = FEEDER
        for key, value in names.items():
            code = code.replace(key, repr(value))
        with exchange(code) as there:
            seen = uvloop.run(read(there.url, folder, asked.seconds))
    sent, frames = seen.sent[-1] - seen.sent[0], seen.frames[-1] - seen.frames[0]
    # What was sent and not yet decided on, less what that was at the beginning.
    behind = np.asarray(seen.sent) - seen.sent[0] - (np.asarray(seen.frames) - seen.frames[0])
    say = sys.stdout.write
    say(f"{seen.seconds:.1f} s: {sent / seen.seconds:,.0f} frames a second sent again, ")
    say(f"{frames / seen.seconds:,.0f} decided on; {seen.cpu_s / seen.seconds:.0%} of a core\n")
    say(f"behind by at most {behind.max():,} frames, at the end {behind[-1]:,}; ")
    say(f"waiting in the inbox at most {max(seen.waiting):,}; dropped {seen.dropped}, ")
    say(f"reconnects {seen.links}, requests {seen.requests}\n")


if __name__ == "__main__":
    main()
