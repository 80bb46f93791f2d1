"""Compact — closed segments to tapes, day by day; days that have all their segments stay as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from botmm.data.capture.blocks import HEADER_BYTES, Disk, Sort, read_header
from botmm.data.capture.seal import seal
from botmm.data.capture.walk import Damage, Walk
from botmm.data.catalogue import read_tape, tape_path
from botmm.data.importers.recognise import Wish
from botmm.data.ingest import Outcome, Request, Tracker, run
from botmm.errors import DataError
from botmm.units import day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a closed segment says of itself."""

    path: Path
    venue: str
    symbols: tuple[str, ...]
    days: tuple[date, ...]
    records: int


def seal_left(folder: Path) -> list[Damage]:
    """Seal what killed recorders left open; nobody may be writing there. Return what was damaged."""
    disk = Disk()
    found = [seal(path, disk) for path in sorted(folder.glob("*.open"))]
    return [damage for damage in found if damage is not None]


def compact(folder: Path, store: Path, tracker: Tracker, *, force: bool = False) -> Outcome:
    """Make the tapes of the days that have segments which are in no tape yet."""
    outcome = Outcome()
    todo = _todo(folder, store, outcome, force=force)
    for number, (day, paths) in enumerate(todo.items()):
        request = Request(
            paths=tuple(paths), store=store, wish=Wish(), days=(day, day), force=force, grow=True
        )
        made = run(request, _Part(tracker.update, number, len(todo)))
        outcome.written += made.written
        outcome.kept += made.kept
        outcome.ignored += made.ignored
        outcome.failed += made.failed
        outcome.unread += made.unread
    return outcome


def held(path: Path) -> Held:
    """Read what a closed segment says of itself, from its headers, first block and footer.

    Raises:
        DataError: no closed segment of a recording.
    """
    about, footer = None, None
    with path.open("rb") as file:
        while len(head := file.read(HEADER_BYTES)) == HEADER_BYTES:
            header, _ = read_header(head)
            if header.sort is Sort.ABOUT:
                about = json.loads(file.read(header.length))
            elif header.sort is Sort.FOOTER:
                footer = json.loads(file.read(header.length))
            else:
                file.seek(header.length, 1)
    if about is None or footer is None or about.get("what") != "recording":
        raise DataError(
            f"{path}: no closed segment of a recording",
            cure="`botmm data verify` says what is wrong with it",
        )
    first, last = (day_of(footer[key]) for key in ("first_ns", "last_ns"))
    return Held(
        path=path,
        venue=about["venue"],
        symbols=tuple(about["symbols"]),
        days=tuple(first + timedelta(days=n) for n in range((last - first).days + 1)),
        records=footer["records"],
    )


def _todo(folder: Path, store: Path, outcome: Outcome, *, force: bool) -> dict[date, list[Path]]:
    """Return the days to be made, each with all its segments."""
    days: dict[date, list[Held]] = {}
    for path in sorted(folder.glob("*.seg")):
        try:
            one = held(path)
        except DataError as error:
            outcome.failed.append(error)
            continue
        for day in one.days if one.records else ():
            days.setdefault(day, []).append(one)
    todo: dict[date, list[Path]] = {}
    sound: dict[Path, bool] = {}
    for day, segments in sorted(days.items()):
        if force or any(_is_new(store, day, one) for one in segments):
            for one in segments:
                if one.path not in sound:
                    sound[one.path] = _is_sound(one.path, outcome)
            todo[day] = [one.path for one in segments if sound[one.path]]
        else:
            count = f"{len(segments)} segment{'s' * (len(segments) != 1)}"
            outcome.kept.append(f"{segments[0].venue} {day}: holds all of {count}")
    return {day: paths for day, paths in todo.items() if paths}


def _is_sound(path: Path, outcome: Outcome) -> bool:
    """Whether every block of a closed segment is as it was written; one that is not is set apart."""
    walk = Walk(path, None)
    with path.open("rb") as file:
        for _ in walk.blocks(file):
            pass
    if walk.damage is None:
        return True
    apart = path.rename(path.with_suffix(".bad"))
    outcome.failed.append(
        DataError(
            f"{path.name} is corrupt at byte {walk.damage.offset} ({walk.damage.words}) and set apart",
            cure=f"put a sound copy in its place, or take what stands before: botmm data import {apart}",
        )
    )
    return False


def _is_new(store: Path, day: date, one: Held) -> bool:
    """Whether some symbol's tape of a day was made without a segment."""
    for symbol in one.symbols:
        path = tape_path(store, one.venue, symbol, day)
        try:
            sources = json.loads(read_tape(path).meta.get("sources", "[]")) if path.exists() else []
        except DataError:
            return True  # damaged: it is made anew
        if one.path.name not in {source["file"] for source in sources}:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Part:
    """One day's share of the progress."""

    tell: Callable[[float, int], None]
    number: int
    of: int

    def update(self, fraction: float, count: int) -> None:
        """Take the share of the day that is done."""
        self.tell((self.number + fraction) / self.of, count)
