"""Warm — what a run begins with: saved signals, else those of the own journal, else candles.

Whatever it is stands in the run's description, the first record of its journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from botmm.core import signals_info
from botmm.data.capture.reader import Reader
from botmm.errors import VenueError
from botmm.live.desk_spec import Known
from botmm.live.engine import Engine, Kind
from botmm.live.parity import Record
from botmm.observe.logging import logger
from botmm.ports import Minute
from botmm.units import SECOND_NS

SIGNALS = "signals.bin"
"""File of the state folder that holds what the signals knew last."""
FRESH_NS = 600 * SECOND_NS
"""Signals that are older than this say little of now; candles say more."""
MINUTES = 180
"""Candles that are asked for, and minutes of the journal that are read."""

_log = logger(__name__)


class Venue(Protocol):
    """What is asked of a venue before a run."""

    def is_own(self, frame: bytes) -> bool:
        """Whether a frame is of the account."""
        ...

    async def minutes(self, symbol: int, count: int) -> list[Minute]:
        """Return the last closed minutes of a symbol, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Which run begins: when, on what, and its description with nothing known."""

    now: int
    names: Sequence[str]
    cold: Callable[[], str]


async def begin(start: Start, venue: Venue, saved: Path, journal: Path) -> Known:
    """Return what the run begins with, from the first source that knows enough."""
    signals = _saved(saved, start)
    if signals is not None:
        return Known(source="saved signals", signals=signals)
    signals = await asyncio.to_thread(_replayed, start, venue.is_own, journal)
    if signals is not None:
        return Known(source="own journal", signals=signals)
    minutes = await _candles(start, venue)
    source = "candles" if minutes else "nothing"
    return Known(source=source, minutes=minutes)


def waits(engine: Engine, now: int) -> bool:
    """Whether a signal waits for more of the market; toxicity comes of own fills, in each run."""
    rows = engine.report(now)["symbols"]
    return any(not one.startswith("toxicity") for row in rows for one in row["not_ready"])


def _saved(path: Path, start: Start) -> bytes | None:
    """Return the signals of an earlier run, where they are fresh and of these symbols."""
    if not path.exists() or start.now - path.stat().st_mtime_ns > FRESH_NS:
        return None
    known = {symbol for symbol, _, _ in signals_info(str(path))}
    return path.read_bytes() if set(start.names) <= known else None


def _replayed(start: Start, is_own: Callable[[bytes], bool], journal: Path) -> bytes | None:
    if not journal.is_dir():
        return None
    since = start.now - MINUTES * 60 * SECOND_NS
    return replayed(Reader(journal, since_ns=since), start, is_own)


def replayed(
    records: Iterable[Record], start: Start, is_own: Callable[[bytes], bool]
) -> bytes | None:
    """Return what the signals know after the market's frames of a journal.

    None where they are not all ready, or the last frame is too old. After a silence as long as
    that it begins anew.
    """
    since, last = start.now - MINUTES * 60 * SECOND_NS, 0
    engine = Engine(start.cold())
    for record in records:
        market = record.kind == Kind.FRAME and not is_own(record.payload)
        if not market or not since <= record.recv_ns <= start.now:
            continue
        if last and record.recv_ns - last > FRESH_NS:
            engine = Engine(start.cold())
        last = record.recv_ns
        engine.step(Kind.FRAME, last, record.payload)
    if start.now - last > FRESH_NS or waits(engine, last):
        return None
    return engine.desk.signals()


async def _candles(start: Start, venue: Venue) -> list[list[Minute]]:
    """Return the last minutes of each symbol as the venue tells them; none where it does not."""
    found: list[list[Minute]] = []
    for symbol, name in enumerate(start.names):
        try:
            found.append(await venue.minutes(symbol, MINUTES))
        except VenueError as error:
            _log.warning("no candles to begin with: " + error.message, symbol=name)
            return []
    return found if all(found) else []
