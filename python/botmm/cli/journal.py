"""Journal — a daemon's run played again: the same records have to give the same commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm.cli.terminal import terminal
from botmm.errors import DataError, ReconcileError, UsageError
from botmm.units import time_text

if TYPE_CHECKING:
    from botmm.data.capture.reader import Reader
    from botmm.data.capture.walk import Damage

journal_option = click.option(
    "--journal",
    type=click.Path(path_type=Path),
    default=Path("state"),
    show_default=True,
    metavar="DIR",
    help="State folder of the daemon, or its journal.",
)


def open_journal(folder: Path) -> Reader:
    """Return the records of a daemon's state folder, or of its journal.

    Raises:
        UsageError: there is no such folder.
        DataError: it holds no journal.
    """
    from botmm.data.capture.reader import Reader

    place = folder / "journal" if (folder / "journal").is_dir() else folder
    if not place.is_dir():
        raise UsageError(f"{place}: no such folder", cure="name the daemon's state folder")
    if not any(file.suffix in {".seg", ".open"} for file in place.iterdir()):
        raise DataError(f"{place}: no journal", cure="name the state folder of a daemon")
    return Reader(place)


def corrupt(reader: Reader) -> list[Damage]:
    """Return what is damaged; a torn end, as a kill leaves it, is no damage."""
    return [one for one in reader.damage if one.sort != "torn"]


def damaged(found: Damage) -> DataError:
    """Return the error that names a damage."""
    return DataError(f"{found.segment}: {found.sort} at byte {found.offset}: {found.words}")


def replay_journal(folder: Path, *, as_json: bool) -> int:
    """Play every run of a journal again and say whether each command came again.

    Raises:
        UsageError: there is no such folder.
        DataError: it holds no journal, or a damaged one.
        ReconcileError: a command differs.
    """
    from botmm.live import parity
    from botmm.report.sheet import plural

    reader = open_journal(folder)
    found = parity.replay_journal(reader)
    wrong = corrupt(reader)
    shown = terminal()
    if as_json:
        shown.json(
            {
                "runs": found.runs,
                "frames": found.frames,
                "events": found.events,
                "commands": found.commands,
                "unlike": found.unlike,
                "where": found.where,
                "damage": [f"{one.segment} at {one.offset}: {one.words}" for one in reader.damage],
            }
        )
    else:
        shown.out().print(
            f"{plural(found.runs, 'run')} from {time_text(found.first_ns)} to {time_text(found.last_ns)} UTC:"
            f" {found.frames:,} frames, {found.events:,} events,"
            f" {found.commands:,} times commands, {found.unlike} unlike"
        )
    if wrong:
        raise damaged(wrong[0])
    if not found.holds:
        raise ReconcileError(
            f"the journal does not play again: {found.where}",
            cure="play it with the build that wrote it; if it still differs, report it",
        )
    return 0
