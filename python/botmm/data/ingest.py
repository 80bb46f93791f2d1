"""Ingest — recordings and archives to tapes: what to read, what to write, what is done already.

Files are sorted by venue and symbol; each symbol is surveyed, then written. Days that are
finished stay finished, so that an interrupted import goes on where it stopped.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np

from botmm.data.catalogue import Tape, day_files, read_tape
from botmm.data.importers.base import Batch, Heard, Scales, Source, UnknownFormatError
from botmm.data.importers.opening import digest
from botmm.data.importers.recognise import Skipped, Wish, files, recognise
from botmm.data.importers.sides import Touch
from botmm.data.importers.survey import Survey, survey
from botmm.data.importers.tables import TableSource
from botmm.data.writing import Group, Plan, Written
from botmm.errors import BotmmError, DataError, from_core

# What a symbol may be called, so that its tapes lie in one folder of the store.
_FOLDER_NAME = re.compile(r"[\w@#][\w@#:.-]{0,63}")


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
    grow: bool = False
    """Whether a tape that was made from some of these files is made anew from all of them."""

    def wants(self, day: date) -> bool:
        """Whether a day is to be written."""
        first, last = self.days
        return (first is None or day >= first) and (last is None or day <= last)


@dataclass(slots=True)
class Outcome:
    """What an import did and what it left alone, each with its reason.

    A file or symbol that failed does not keep the others from being imported. A file in `unread`
    could belong to any of them, so that their tapes name it.
    """

    written: list[Written] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    failed: list[BotmmError] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)


def run(request: Request, tracker: Tracker) -> Outcome:
    """Import what was asked for, symbol by symbol.

    Raises:
        DataError: a file that was named and that no reader knows. What is wrong with other files
            is in `Outcome.failed` (a damaged start), and so is what is wrong with single symbols:
            damage further on, times that two files hold, days that other sources have filled.
    """
    from botmm.core import CoreException

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
        meter.begin()
        try:
            _import(request, group, digests, meter, outcome)
        except BotmmError as error:
            outcome.failed.append(error)
        except CoreException as error:
            outcome.failed.append(from_core(error) or DataError(str(error)))
        meter.end(2 * group.size)
    return outcome


def _groups(request: Request, outcome: Outcome) -> list[Group]:
    """Recognise every file and sort them by venue and symbol."""
    groups: dict[tuple[str, str], Group] = {}
    refused: list[UnknownFormatError] = []
    for path, named in files(request.paths):
        try:
            found = _recognised(path, request.wish)
        except UnknownFormatError as error:
            if named or request.wish.format is not None:
                raise
            refused.append(error)
            continue
        except DataError as error:
            outcome.failed.append(DataError(f"not imported: {error.message}", cure=error.cure))
            outcome.unread.append(path)
            continue
        if isinstance(found, Skipped):
            outcome.ignored.append(f"{path}: {found.reason}")
            continue
        source, places = found
        for key in places:
            group = groups.setdefault(key, Group(venue=key[0], symbol=key[1], sources=[]))
            group.sources.append(source)
    if not (groups or outcome.failed):
        if refused:
            raise refused[0]
        if not outcome.ignored:
            raise DataError(
                f"no data of {', '.join(request.wish.symbols)} in the files",
                cure="leave --symbol out to import every symbol",
            )
    outcome.ignored += [error.message for error in refused]
    outcome.ignored += [error.cure for error in refused[:1]]
    return list(groups.values())


def _recognised(path: Path, wish: Wish) -> tuple[Source, list[tuple[str, str]]] | Skipped:
    """Return the reader of a file, with venue and symbol of all that is wanted of it.

    Raises:
        DataError: no reader knows it, its start is damaged, or a symbol cannot name a folder.
    """
    source = recognise(path, wish)
    if isinstance(source, Skipped):
        return source
    wanted = [name for name in source.symbols() if not wish.symbols or name in wish.symbols]
    for symbol in wanted:
        if _FOLDER_NAME.fullmatch(symbol) is None:
            raise DataError(
                f"{path}: symbol {symbol!r} cannot name a folder",
                cure="leave the file out, or name the symbols wanted by --symbol",
            )
    return source, [(source.venue, symbol) for symbol in wanted]


def _prepare(group: Group) -> None:
    """Tell trades without a side of the books to infer it from."""
    tables = [source for source in group.sources if isinstance(source, TableSource)]
    sideless = [t for t in tables if t.table.kind == "trades" and t.table.side is None]
    books = [t for t in tables if t.table.kind == "book"]
    if sideless and books:
        touch = Touch.joined([book.touches() for book in books])
        for table in sideless:
            table.touch = touch


def _import(
    request: Request,
    group: Group,
    digests: dict[Path, str],
    meter: _Meter,
    outcome: Outcome,
) -> None:
    """Survey the files of one symbol, then write the days that are not finished."""
    _prepare(group)
    told = _told_scales(request, group)
    found = survey(group.sources, group.symbol, meter.on_batch, scales=told)
    meter.end(group.size)
    have = _tapes(request.store, group)
    scales, step = _scales(group, found, have, told)
    finished = _finished(request, group, found, digests, have)
    for day in sorted(finished):
        outcome.kept.append(f"{group.venue}/{group.symbol} {day}: finished already")
    wanted = {day for day in found.days if request.wants(day)} - finished
    if wanted:
        plan = Plan(
            store=request.store,
            group=group,
            found=found,
            scales=scales,
            step=step,
            digests=digests,
            wanted=wanted,
            unread=tuple(path.name for path in outcome.unread),
        )
        outcome.written.extend(plan.write(meter.on_batch))


class _Meter:
    """Turns bytes read by many files in two passes into one share."""

    def __init__(self, tracker: Tracker, total: int) -> None:
        self.tracker, self.total = tracker, max(total, 1)
        self.base = self.done = self.rows = 0
        self.positions: dict[Path, int] = {}

    def begin(self) -> None:
        """Begin the files of a symbol."""
        self.base = self.done

    def on_batch(self, source: Source, batch: Batch, heard: Heard) -> None:
        """Take a batch."""
        del heard
        self.rows += batch.rows
        self.positions[source.path] = source.position()
        done = self.done + sum(self.positions.values())
        self.tracker.update(min(done / self.total, 1.0), self.rows)

    def end(self, size: int) -> None:
        """Count so many bytes since the beginning as done."""
        self.done = self.base + size
        self.positions.clear()


def _told_scales(request: Request, group: Group) -> Scales | None:
    """Return scales that the user gave in full."""
    px, size = request.px_decimals, request.size_decimals
    if group.venue == "hyperliquid" and px is None and size is not None:
        px = max(6 - size, 0)
    return None if px is None or size is None else Scales(px=px, size=size)


def _scales(
    group: Group, found: Survey, have: dict[date, Tape], told: Scales | None
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


def _tapes(store: Path, group: Group) -> dict[date, Tape]:
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


def _is_done(request: Request, group: Group, digests: dict[Path, str]) -> bool:
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
    group: Group,
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
        if request.grow and held.keys() <= set(digests.values()):
            continue
        raise DataError(
            f"{have[day].path} was made from other files ({len(held)} of them); "
            f"{feeding[0].path.name} is not among them",
            cure="give all files of the day together with --force to make it anew, or keep them "
            "apart by --venue",
        )
    return finished
