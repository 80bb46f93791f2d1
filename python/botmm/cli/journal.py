"""Journal — a daemon's run played again: the same records have to give the same commands."""

from __future__ import annotations

from pathlib import Path

from botmm.cli.terminal import terminal
from botmm.errors import DataError, ReconcileError, UsageError
from botmm.units import time_text


def replay_journal(folder: Path, *, as_json: bool) -> int:
    """Play every run of a journal again and say whether each command came again.

    Raises:
        UsageError: there is no such folder.
        DataError: it holds no journal, or a damaged one.
        ReconcileError: a command differs.
    """
    from botmm.data.capture.reader import Reader
    from botmm.live import parity

    place = folder / "journal" if (folder / "journal").is_dir() else folder
    if not place.is_dir():
        raise UsageError(f"{place}: no such folder", cure="name the daemon's state folder")
    reader = Reader(place)
    found = parity.replay_journal(reader)
    if found.runs == 0:
        raise DataError(f"{place}: no journal", cure="name the state folder of a daemon")
    corrupt = [one for one in reader.damage if one.sort != "torn"]
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
            f"{found.runs} runs from {time_text(found.first_ns)} to {time_text(found.last_ns)} UTC:"
            f" {found.frames:,} frames, {found.events:,} events,"
            f" {found.commands:,} times commands, {found.unlike} unlike"
        )
    if corrupt:
        first = corrupt[0]
        raise DataError(f"{first.segment}: {first.sort} at byte {first.offset}: {first.words}")
    if not found.holds:
        raise ReconcileError(
            f"the journal does not play again: {found.where}",
            cure="play it with the build that wrote it; if it still differs, report it",
        )
    return 0
