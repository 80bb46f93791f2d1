"""Alone — the daemon as a process of its own, in the time of the process that plays its exchange."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from contextlib import suppress
from pathlib import Path

from botmm.config import load
from botmm.live.garbage import collect
from botmm.observe.logging import set_up
from botmm.observe.memory import give_back
from tests.campaign import virtual
from tests.campaign.bot import Bot, lift
from tests.campaign.drive import LOOK_S, SETS, START_NS, thin_timers
from tests.campaign.judge import MS_NS

OBJECTS = "objects"
"""File with how many blocks of memory the interpreter's objects take now."""
# One run lives all the days: it must lose less of each.
SMALL = (*SETS, "max_position_usd=10", "order_size_usd=2")


async def _live(url: str, owner: str, folder: Path) -> None:
    clock = virtual.VirtualClock(asyncio.get_running_loop(), START_NS)
    bot = Bot(
        url=url,
        owner=owner,
        venue_ms=lambda: clock.now() // MS_NS,
        settings=load((), SMALL).settings,
        folder=folder,
        clock=clock,
    )
    bot.start()
    async with asyncio.TaskGroup() as beside:
        beside.create_task(collect())
        while True:
            await asyncio.sleep(LOOK_S)
            if bot.life is not None:
                lift(bot.life)
            gc.collect()  # what is counted is what is held
            (Path(folder) / OBJECTS).write_text(str(sys.getallocatedblocks()))


def main() -> None:
    """Trade until the other process ends."""
    give_back(for_months=True)
    set_up(level="critical", as_json=False)
    number, now, url, owner, folder, density = sys.argv[1:]
    if density == "thin":
        thin_timers()
    with socket.socket(fileno=int(number)) as leader, suppress(EOFError):
        virtual.follow(leader, float(now), _live(url, owner, Path(folder)))


if __name__ == "__main__":
    main()
