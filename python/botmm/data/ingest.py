"""Ingest — recordings and archives to tapes: what to read, what to write, what is done already.

A day's tape is written whole from all its sources, through a temporary file and a rename; days
that are finished stay finished, so that an interrupted import goes on where it stopped.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from botmm.data.catalogue import Tape, day_files, read_tape, tape_path
from botmm.data.importers.base import Batch, Columns, Scales, Source, Tally
from botmm.data.importers.frames import FrameSource, is_inverse
from botmm.data.importers.lanes import RECORDER, deliver, rules
from botmm.data.importers.opening import digest
from botmm.data.importers.recognise import Skipped, Wish, files, recognise
from botmm.data.importers.sides import Touch
from botmm.data.importers.survey import GAP, LAST, Survey, survey
from botmm.data.importers.tables import TableSource
from botmm.errors import BotmmError, DataError
from botmm.units import DAY_NS, day_of


class Tracker(Protocol):
    """What is told how far the work is."""

    def update(self, fraction: float, count: int) -> None:
        """Take the share done (0 to 1) and the rows so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to import, and how."""

    paths: tuple[Path, ...]
    store: Path
    wish: Wish = field(default_factory=Wish)
    days: tuple[date | None, date | None] = (None, None)
    px_decimals: int | None = None
    size_decimals: int | None = None
    force: bool = False

    def wants(self, day: date) -> bool:
        """Whether a day is to be written."""
        first, last = self.days
        return (first is None or day >= first) and (last is None or day <= last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One tape that was written."""

    path: Path
    venue: str
    symbol: str
    day: date
    rows: int
    size_bytes: int
    tier: str
    gaps: tuple[tuple[int, int], ...]
    clock_offset_ns: int
    quality: dict[str, int]
    notes: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "path": str(self.path),
            "venue": self.venue,
            "symbol": self.symbol,
            "day": self.day.isoformat(),
            "rows": self.rows,
            "bytes": self.size_bytes,
            "tier": self.tier,
            "gaps": [list(gap) for gap in self.gaps],
            "clock_offset_ms": self.clock_offset_ns / 1e6,
            "quality": self.quality,
            "notes": self.notes,
        }


@dataclass(slots=True)
class Outcome:
    """What an import did and what it left alone, each with its reason."""

    written: list[Written] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Group:
    """The files of one symbol of one venue."""

    venue: str
    symbol: str
    sources: list[Source]

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(source.path.stat().st_size for source in self.sources)


def run(request: Request, tracker: Tracker) -> Outcome:
    """Import what was asked for.

    Raises:
        DataError: a file that no reader knows or that is damaged, or a day that other sources
            have filled already.
    """
    outcome = Outcome()
    groups = _groups(request, outcome)
    digests = {s.path: digest(s.path) for group in groups for s in group.sources}
    todo = []
    for group in groups:
        if not request.force and _is_done(request, group, digests):
            outcome.kept.append(
                f"{group.venue}/{group.symbol}: already imported from the same "
                f"{len(group.sources)} files (--force does it again)"
            )
        else:
            todo.append(group)
    meter = _Meter(tracker, 2 * sum(group.size for group in todo))
    for group in todo:
        _import(request, group, digests, meter, outcome)
    return outcome


def _groups(request: Request, outcome: Outcome) -> list[_Group]:
    """Recognise every file and sort them by venue and symbol."""
    groups: dict[tuple[str, str], _Group] = {}
    refused: list[BotmmError] = []
    for path, named in files(request.paths):
        try:
            source = recognise(path, request.wish)
        except DataError as error:
            if named or request.wish.format is not None:
                raise
            refused.append(error)
            continue
        if isinstance(source, Skipped):
            outcome.ignored.append(f"{path}: {source.reason}")
            continue
        for symbol in source.symbols():
            if request.wish.symbols and symbol not in request.wish.symbols:
                continue
            key = source.venue, symbol
            group = groups.setdefault(key, _Group(venue=key[0], symbol=symbol, sources=[]))
            group.sources.append(source)
    if not groups and refused:
        raise refused[0]
    if not groups and not outcome.ignored:
        raise DataError(
            f"no data of {', '.join(request.wish.symbols)} in the files",
            cure="leave --symbol out to import every symbol",
        )
    outcome.ignored += [error.message for error in refused]
    for group in groups.values():
        _prepare(group)
    return list(groups.values())


def _prepare(group: _Group) -> None:
    """Tell readers what they need of each other."""
    formats = sorted({source.format for source in group.sources})
    if len(formats) > 1 and any(isinstance(source, FrameSource) for source in group.sources):
        raise DataError(
            f"{group.venue}/{group.symbol}: {' and '.join(formats)} are two recordings of one "
            f"market: {group.sources[0].path} and {group.sources[-1].path}",
            cure="import one of them, or keep them apart by --venue",
        )
    frames = [source for source in group.sources if isinstance(source, FrameSource)]
    if frames and frames[0].format == "binance_ws_raw":
        for source in frames:
            source.touch_only = not any(other.has_snapshot() for other in frames)
    tables = [source for source in group.sources if isinstance(source, TableSource)]
    sideless = [t for t in tables if t.table.kind == "trades" and t.table.side is None]
    books = [t for t in tables if t.table.kind == "book"]
    if sideless and books:
        touch = Touch.joined([book.touches() for book in books])
        for table in sideless:
            table.touch = touch


def _import(
    request: Request,
    group: _Group,
    digests: dict[Path, str],
    meter: _Meter,
    outcome: Outcome,
) -> None:
    """Survey the files of one symbol, then write the days that are not finished."""
    told = _told_scales(request, group)
    found = survey(group.sources, group.symbol, scales=told, on_batch=meter.on_batch)
    meter.next_pass(group.size)
    have = _tapes(request.store, group)
    scales, step = _scales(group, found, have, told)
    finished = _finished(request, group, found, digests, have)
    for day in sorted(finished):
        outcome.kept.append(f"{group.venue}/{group.symbol} {day}: finished already")
    if finished.issuperset(day for day in found.days if request.wants(day)):
        meter.next_pass(group.size)
        return
    plan = _Plan(request, group, found, scales, step, digests, finished)
    outcome.written += plan.write(meter)
    meter.next_pass(group.size)


@dataclass(slots=True)
class _Plan:
    """Everything that the writing pass needs to know."""

    request: Request
    group: _Group
    found: Survey
    scales: Scales
    step: int
    digests: dict[Path, str]
    finished: set[date]

    def write(self, meter: _Meter) -> list[Written]:
        """Write the tapes, one open at a time."""
        from botmm.core import Assembler

        venue = rules(self.group.sources)
        assembler = Assembler(self.scales.px, self.scales.size, venue=venue)
        if self.found.gaps:
            starts, ends = (np.array(edge, np.int64) for edge in zip(*self.found.gaps, strict=True))
            assembler.add_gaps(starts, ends, np.full(len(starts), RECORDER, np.uint64))
        done: list[Written] = []
        tape: _Open | None = None
        tally, symbol = Tally(), self.group.symbol

        def counts() -> dict[str, int]:
            return {**assembler.counts(), **tally.counts}

        rows = deliver(self.group.sources, symbol, self.scales, assembler, tally, meter.on_batch)
        try:
            for delivery in rows:
                offset = self.found.offset(delivery.source)
                for day, part in _by_day(_shifted(delivery.rows, offset)):
                    if tape is None or tape.day != day:
                        done += [] if tape is None else self._closed(tape, counts())
                        tape = self._open(day, offset, tape)
                    tape.append(part)
            done += [] if tape is None else self._closed(tape, counts())
        except BaseException:
            if tape is not None:
                tape.writer.abort()
            raise
        return done

    def _open(self, day: date, offset: int, before: _Open | None) -> _Open:
        """Begin the tape of a day with the book of the day before.

        A day that is not to be written is followed all the same, in a file that never gets its
        name, so that the next day knows its book.
        """
        from botmm.core import TapeWriter

        path = tape_path(self.request.store, self.group.venue, self.group.symbol, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = self._meta(day, offset)
        after = None if before is None else before.writer
        wanted = day not in self.finished and self.request.wants(day)
        counted = {} if before is None else before.counted
        return _Open(day, path, offset, wanted, TapeWriter(str(path), meta, after), counted)

    def _closed(self, tape: _Open, counts: dict[str, int]) -> list[Written]:
        """Give a tape its name; nothing where its day was not to be written."""
        quality = tape.quality(counts)
        if not tape.wanted:
            tape.writer.abort()
            return []
        tape.writer.set_meta("quality", json.dumps(quality, sort_keys=True))
        result = tape.writer.close()
        gaps = [
            (start + tape.offset, end + tape.offset)
            for start, end in self.found.gaps
            if day_of(end + tape.offset) == tape.day
        ]
        written = Written(
            path=tape.path,
            venue=self.group.venue,
            symbol=self.group.symbol,
            day=tape.day,
            rows=int(result["rows"]),
            size_bytes=int(result["bytes"]),
            tier=self.found.tier,
            gaps=tuple(gaps),
            clock_offset_ns=tape.offset,
            quality=quality,
            notes=self.found.notes,
        )
        return [written]

    def _meta(self, day: date, offset: int) -> dict[str, str]:
        """Return what the tape says of itself."""
        group, found = self.group, self.found
        five = group.venue == "hyperliquid"
        meta = {
            "venue": group.venue,
            "symbol": group.symbol,
            "px_decimals": str(self.scales.px),
            "size_decimals": str(self.scales.size),
            "price_rule": "five_figures" if five else f"fixed:{self.step}",
            "tier": found.tier,
            "window": str(self._window()),
            "inverse": "true" if is_inverse(group.symbol) else "false",
            "clock_offset_ns": str(offset),
            "source_format": ",".join(sorted({source.format for source in group.sources})),
            "sources": json.dumps(self._sources(day)),
        }
        return meta | {f"note_{key}": text for key, text in sorted(found.notes.items())}

    def _window(self) -> int:
        """Return the levels a side that the sources show at most, 0 for the whole book."""
        if self.found.tier == "E":
            return 1
        return max(source.window(self.group.symbol) for source in self.group.sources)

    def _sources(self, day: date) -> list[dict[str, object]]:
        days_of = self.found.days_of
        return [
            {
                "file": source.path.name,
                "sha256": self.digests[source.path],
                "bytes": source.path.stat().st_size,
                "days": sorted(d.isoformat() for d in days_of.get(str(source.path), ())),
            }
            for source in self.group.sources
            if day in days_of.get(str(source.path), ())
        ]


@dataclass(slots=True)
class _Open:
    """A tape being written."""

    day: date
    path: Path
    offset: int
    wanted: bool
    writer: Any
    counted: dict[str, int]
    negative_latency: int = 0

    def append(self, rows: Columns) -> None:
        """Append rows, counting messages that came before they were sent."""
        ends = (rows["flags"] & LAST != 0) & (rows["kind"] != GAP)
        self.negative_latency += int((rows["ts_exch"] > rows["ts_recv"])[ends].sum())
        self.writer.append(rows)

    def quality(self, counts: dict[str, int]) -> dict[str, int]:
        """Return what was counted since the day before ended, by name; nothing is left out."""
        now = {name: count - self.counted.get(name, 0) for name, count in counts.items()}
        now["negative_latency"] = self.negative_latency
        self.counted = counts
        return {name: count for name, count in now.items() if count}


class _Meter:
    """Turns bytes read by many files in two passes into one share."""

    def __init__(self, tracker: Tracker, total: int) -> None:
        self.tracker, self.total = tracker, max(total, 1)
        self.base = self.rows = 0
        self.positions: dict[Path, int] = {}

    def on_batch(self, source: Source, batch: Batch) -> None:
        """Take a batch."""
        self.rows += batch.rows
        self.positions[source.path] = source.position()
        done = self.base + sum(self.positions.values())
        self.tracker.update(min(done / self.total, 1.0), self.rows)

    def next_pass(self, size: int) -> None:
        """Count a pass over files of so many bytes as done."""
        self.base += size
        self.positions.clear()


def _told_scales(request: Request, group: _Group) -> Scales | None:
    """Return scales that the user gave in full."""
    px, size = request.px_decimals, request.size_decimals
    if group.venue == "hyperliquid" and px is None and size is not None:
        px = max(6 - size, 0)
    return None if px is None or size is None else Scales(px=px, size=size)


def _scales(
    group: _Group, found: Survey, have: dict[date, Tape], told: Scales | None
) -> tuple[Scales, int]:
    """Return the tape's scales and price step: told, known, held by earlier tapes, or inferred."""
    if told is not None:
        return told, found.price_step
    px, size = found.scales.px, found.scales.size
    if group.venue == "hyperliquid":
        size = max(size, _known().get(group.symbol, 0))
        px = max(px, 6 - size)
    for tape in have.values():
        px = max(px, int(tape.meta["px_decimals"]))
        size = max(size, int(tape.meta["size_decimals"]))
    step = found.price_step * 10 ** (px - found.scales.px)
    for tape in have.values():
        rule, _, held = tape.meta.get("price_rule", "").partition(":")
        if rule == "fixed":
            held_step = int(held) * 10 ** (px - int(tape.meta["px_decimals"]))
            step = int(np.gcd(step, held_step))
    return Scales(px=px, size=size), step


@cache
def _known() -> dict[str, int]:
    """Return size decimals of Hyperliquid's markets that are shipped."""
    text = resources.files("botmm.data").joinpath("instruments.toml").read_text("utf-8")
    table: dict[str, int] = tomllib.loads(text)["hyperliquid"]["size_decimals"]
    return table


def _tapes(store: Path, group: _Group) -> dict[date, Tape]:
    """Return the tapes of a symbol that can be read; damaged ones are written again."""
    found = {}
    for day, path in day_files(store, group.venue, group.symbol).items():
        try:
            found[day] = read_tape(path)
        except DataError:
            continue
    return found


def _held(tape: Tape) -> dict[str, list[str]]:
    """Return the digests of a tape's sources, each with the days it fed."""
    return {s["sha256"]: s["days"] for s in json.loads(tape.meta.get("sources", "[]"))}


def _is_done(request: Request, group: _Group, digests: dict[Path, str]) -> bool:
    """Whether every file fed all its days into tapes that are still there."""
    have = _tapes(request.store, group)
    held = {day: _held(tape) for day, tape in have.items()}
    for source in group.sources:
        key = digests[source.path]
        days = {
            date.fromisoformat(text) for sources in held.values() for text in sources.get(key, ())
        }
        wanted = {day for day in days if request.wants(day)}
        if not days or any(day not in held or key not in held[day] for day in wanted):
            return False
    return True


def _finished(
    request: Request,
    group: _Group,
    found: Survey,
    digests: dict[Path, str],
    have: dict[date, Tape],
) -> set[date]:
    """Return the days whose tape holds all that these files have of the day.

    Raises:
        DataError: a tape of such a day was made from other files.
    """
    finished = set()
    for day in found.days:
        if request.force or day not in have or not request.wants(day):
            continue
        feeding = [s for s in group.sources if day in found.days_of.get(str(s.path), ())]
        held = _held(have[day])
        if all(digests[source.path] in held for source in feeding):
            finished.add(day)
            continue
        raise DataError(
            f"{have[day].path} was made from other files ({len(held)} of them); "
            f"{feeding[0].path.name} is not among them",
            cure="give all files of the day together with --force to make it anew, or keep them "
            "apart by --venue",
        )
    return finished


def _shifted(rows: Columns, offset: int) -> Columns:
    """Correct the recorder's clock by a constant; a gap's start is on that clock too."""
    if offset == 0:
        return rows
    moved = dict(rows)
    moved["ts_recv"] = rows["ts_recv"] + offset
    gaps = rows["kind"] == GAP
    moved["ts_exch"] = np.where(gaps, rows["ts_exch"] + offset, rows["ts_exch"])
    return moved


def _by_day(rows: Columns) -> Iterator[tuple[date, Columns]]:
    """Cut rows where the UTC day of their receive time changes."""
    numbers = rows["ts_recv"] // DAY_NS
    cuts = (np.flatnonzero(np.diff(numbers)) + 1).tolist()
    edges = [0, *cuts, len(numbers)]
    for low, high in pairwise(edges):
        part = rows if len(edges) == 2 else {name: v[low:high] for name, v in rows.items()}
        yield day_of(int(rows["ts_recv"][low])), part
