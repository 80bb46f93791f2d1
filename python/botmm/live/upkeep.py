"""Upkeep — old journal segments and orders go, and a disk that fills is told of in time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from botmm.clock import Clock
from botmm.observe.logging import logger
from botmm.units import SECOND_NS

LOOK_S = 60.0
DAY_NS = 86_400 * SECOND_NS
FREE_SHARE = 0.2
GB = 10**9

_log = logger(__name__)


def prune(journal: Path, *, before_ns: int) -> int:
    """Remove segments that were finished and last written before a time; return how many.

    One that a kill left unfinished stays: a person may want to know what it ends with.
    """
    old = [path for path in journal.glob("*.seg") if path.stat().st_mtime_ns < before_ns]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def disk_words(free: int, total: int, *, floor: int) -> str:
    """Return what is wrong with a disk that has so many bytes; empty where nothing is."""
    if free >= floor and free >= FREE_SHARE * total:
        return ""
    return (
        f"the disk has {free / GB:.1f} GB free, {100 * free / max(1, total):.0f} %:"
        " make room, or keep fewer days with live.keep_days"
    )


class Upkeep:
    """Looks every minute, and tidies up once a day."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        alarm: Callable[[str, str], object],
        forget: Callable[[int], object],
        *,
        keep_days: int,
        floor: int,
    ) -> None:
        """Take the state folder, and what forgets orders from before a time.

        Args:
            keep_days: how long journal and orders are kept, 0 for ever; a day is far more than
                what a warm start reads.
            floor: bytes that should be free.
        """
        self._folder, self._clock, self._alarm = folder, clock, alarm
        self._forget, self._keep_days, self._floor = forget, keep_days, floor
        self._pruned = 0

    async def run(self) -> None:
        """Look for as long as this task lives; nothing of it ends the daemon."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except OSError as error:
                self._alarm("disk", f"{self._folder}: {error.strerror}")
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Look at the disk, and remove what is too old where that is due."""
        now = int(self._clock.now())
        usage = shutil.disk_usage(self._folder)
        words = disk_words(usage.free, usage.total, floor=self._floor)
        if words:
            self._alarm("disk", words)
        if self._keep_days and now - self._pruned >= DAY_NS:
            self._pruned = now
            before = now - self._keep_days * DAY_NS
            gone = prune(self._folder / "journal", before_ns=before)
            self._forget(before)
            _log.info("old segments removed", segments=gone, days=self._keep_days)
