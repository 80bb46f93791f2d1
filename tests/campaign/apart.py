"""Apart command — how the memory of the daemon alone grows over simulated days with faults.

python -m tests.campaign.apart [--days 1] [--density real|thin] [--seed 1] [--rounds N] [--minutes N]

Daemon and exchange are two processes that share one simulated time. The daemon is never killed:
its memory is that of one run, and of what it does after faults.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from botmm.clock import SystemClock
from botmm.exchanges.emulator import Emulator
from tests.campaign import virtual
from tests.campaign.alone import OBJECTS
from tests.campaign.asked import DAY_S, plan_of, slope
from tests.campaign.drive import (
    LIMIT_MICRO,
    SHOCK_BPS,
    SHOCK_EVERY_S,
    START_NS,
    Plan,
    admit,
    exchange,
    resident,
)
from tests.campaign.judge import Judge
from tests.campaign.trouble import drawn

ORDERS_A_ROUND = 50


@dataclass
class Growth:
    """Simulated days and resident bytes after each round."""

    daemon: list[tuple[float, int]] = field(default_factory=list)
    exchange: list[tuple[float, int]] = field(default_factory=list)
    objects: list[tuple[float, int]] = field(default_factory=list)
    orders: int = 0
    executions: int = 0


class Weather:
    """What happens to an exchange and to its market."""

    def __init__(self, emulator: Emulator, plan: Plan) -> None:
        """Take the exchange; everything is drawn from the plan's seed."""
        self._emulator, self._half_s = emulator, plan.round_s / 2
        self._rng = np.random.default_rng(plan.seed)

    async def round(self) -> list[str]:
        """Let some faults strike for half a round; return which."""
        trouble = drawn(self._rng, self._half_s)
        for fault in trouble.faults:
            await self._do("fault", **fault)
        for wait_s, moment in trouble.moments:
            await self._calm(wait_s)
            match moment:
                case "freeze":
                    await self._do("freeze", seconds=float(self._rng.uniform(1, 20)))
                case "shock":
                    await self._shock(120.0)
                case "kill":
                    await self._do("drop", how="abort")
                case how:
                    await self._do("drop", how=how)
        await self._calm(trouble.rest_s)
        await self._do("clear")
        await self._calm(self._half_s)
        return trouble.kinds

    async def _calm(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / SHOCK_EVERY_S))):
            await asyncio.sleep(seconds / max(1, round(seconds / SHOCK_EVERY_S)))
            await self._shock(SHOCK_BPS)

    async def _shock(self, bps: float) -> None:
        await self._do("shock", coin="BTC", bps=float(self._rng.normal(0, bps)))

    async def _do(self, what: str, **more: object) -> None:
        await self._emulator.control({"do": what, **more})


@contextmanager
def _daemon(url: str, owner: str, folder: str, plan: Plan, share: virtual.Share) -> Iterator[int]:
    """Start the daemon in our time; yields the number of its process."""
    ours, theirs = socket.socketpair()
    now = asyncio.get_running_loop().time()
    words = [str(theirs.fileno()), repr(now), url, owner, folder, "thin" if plan.thin else "real"]
    command = [sys.executable, "-m", "tests.campaign.alone", *words]
    with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        share(ours)
        try:
            yield process.pid
        finally:
            share(None)
            process.kill()  # it would wait for a time that passes no more


async def grow(
    plan: Plan, folder: str, share: virtual.Share, say: Callable[[str], object]
) -> Growth:
    """Play every round, and weigh both processes after each."""
    loop, growth = asyncio.get_running_loop(), Growth()
    clock = virtual.VirtualClock(loop, START_NS)
    async with exchange(plan, clock) as emulator:
        owner = await admit(emulator)
        judge, weather = Judge(emulator, owner, LIMIT_MICRO), Weather(emulator, plan)
        judge.listen()
        with _daemon(emulator.url, owner, folder, plan, share) as process:
            for _ in plan.rounds_in_time():
                kinds = await weather.round()
                judge.require_innocence()
                judge.forget(None)
                days = loop.time() / DAY_S
                growth.daemon.append((days, resident(process)))
                growth.exchange.append((days, resident()))
                objects = int((Path(folder) / OBJECTS).read_text() or 0)
                growth.objects.append((days, objects))
                growth.orders, growth.executions = judge.orders, judge.executions
                say(
                    f"{days * 24:7.2f} h  daemon {resident(process) / 2**20:.2f} MiB of {objects} objects  exchange"
                    f" {resident() / 2**20:.2f} MiB  orders {judge.orders}"
                    f"  fills {judge.executions}  {' '.join(kinds)}"
                )
    return growth


def main() -> int:
    """Play, and print how both grew."""
    plan = plan_of("python -m tests.campaign.apart", __doc__, "thin")
    began = SystemClock().monotonic()

    def say(line: str) -> None:
        print(line, flush=True)

    with tempfile.TemporaryDirectory(prefix="apart") as folder:
        growth = virtual.lead(lambda share: grow(plan, folder, share, say))
    say(f"{growth.daemon[-1][0]:.2f} simulated days in {SystemClock().monotonic() - began:.0f} s")
    say(f"orders {growth.orders}, executions {growth.executions}")
    for who, rows in (("daemon", growth.daemon), ("exchange", growth.exchange)):
        per_day, error = slope(rows)
        say(f"memory of the {who} {per_day:+.2f} ± {error:.2f} MiB a simulated day")
    if growth.orders < ORDERS_A_ROUND * len(growth.daemon):
        say("too little happened: the figures say nothing")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
