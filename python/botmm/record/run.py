"""Run — a recorder until it is told to stop: its lines, its status each second, old files."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botmm.clock import Clock
from botmm.data.leftovers import write_whole
from botmm.observe.logging import logger
from botmm.record.recorder import Recorder
from botmm.record.space import expire
from botmm.units import DAY_NS

TICK_S = 1.0
EXPIRE_S = 600.0
STATUS = "status.json"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How long to record, how long to keep it, and who is shown the status."""

    folder: Path
    about: dict[str, Any]
    for_s: float | None = None
    keep_days: float | None = None
    metrics_port: int | None = None
    shown: Callable[[dict[str, Any]], None] | None = None


async def record(recorder: Recorder, wish: Wish, clock: Clock, stop: asyncio.Event) -> None:
    """Record until `stop`, or for as long as is wished; everything heard is on disk then."""
    cause = "stopped"
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, line in enumerate(recorder.lines):
                run = line.run(partial(recorder.take, number), partial(recorder.lost, number))
                tasks.create_task(_until(stop, run))
            tasks.create_task(_until(stop, _tick(recorder, wish, clock)))
            if wish.for_s is not None:
                tasks.create_task(_until(stop, _end(stop, wish.for_s)))
    except BaseException as error:
        cause = f"failed: {type(error).__name__}"
        raise
    finally:
        recorder.end(cause)
        _put(wish.folder, _status(recorder, wish, running=False))


async def _until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do work until `stop`."""
    doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
    finally:
        for task in (doing, ending):
            task.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)


async def _end(stop: asyncio.Event, after_s: float) -> None:
    await asyncio.sleep(after_s)
    stop.set()


async def _tick(recorder: Recorder, wish: Wish, clock: Clock) -> None:
    """Keep the status file, the screen and the metrics up to date; remove what is too old."""
    with ExitStack() as ending:
        metrics = None
        if wish.metrics_port is not None:
            from botmm.record.metrics import Metrics

            metrics = Metrics()
            server = metrics.serve(wish.metrics_port)
            ending.callback(server.close)
        expired = 0.0
        while True:
            recorder.tick()
            status = _status(recorder, wish, running=True)
            await asyncio.to_thread(_put, wish.folder, status)
            if metrics is not None:
                metrics.update(status)
            if wish.shown is not None:
                wish.shown(status)
            if wish.keep_days is not None and clock.monotonic() - expired >= EXPIRE_S:
                expired = clock.monotonic()
                before = int(clock.now()) - round(wish.keep_days * DAY_NS)
                for path in await asyncio.to_thread(expire, wish.folder, before):
                    _log.warning("removed for its age", file=path.name)
            await asyncio.sleep(TICK_S)


def _status(recorder: Recorder, wish: Wish, *, running: bool) -> dict[str, Any]:
    return {**wish.about, "running": running, "pid": os.getpid(), **recorder.status()}


def _put(folder: Path, status: dict[str, Any]) -> None:
    """Write the status where `data watch` and monitors read it; a full disk keeps the old one."""
    try:
        write_whole(folder / STATUS, json.dumps(status))
    except OSError as error:
        _log.warning("status", why=error.strerror)
