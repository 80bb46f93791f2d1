"""Engine — the one loop's middle: a record goes in, approved commands come out.

What went in is a frame of a socket or a private event; each has the time at which it was taken in.
The same records give the same commands, so that a journal of them can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from botmm.core import Desk, PayloadError
from botmm.ports import Cancel, CancelAll, Command, Place


class Kind(IntEnum):
    """What a record of a journal is; the numbers are those in capture files."""

    FRAME = 1
    EVENT = 2
    COMMAND = 3
    NOTE = 4


TIMER: Mapping[str, Any] = {"kind": "timer"}
"""The event by which time alone asks for a decision."""


@dataclass(slots=True)
class Counts:
    """What the engine met."""

    frames: int = 0
    bad_frames: int = 0
    events: int = 0
    commands: int = 0


class Engine:
    """A desk that takes records; deterministic, without clock or socket."""

    def __init__(self, spec: str) -> None:
        """Build the desk that the JSON text describes."""
        self.spec = spec
        self.desk = Desk(spec)
        self.counts = Counts()
        self.complaint = ""

    def step(self, kind: Kind, ts: int, payload: bytes) -> list[Command]:
        """Take in one record at a time in ns; return what the gate approved then.

        A malformed frame is counted and changes nothing; a malformed event is our own fault.
        """
        if kind is Kind.FRAME:
            return self._frame(ts, payload)
        if kind is Kind.EVENT:
            self.counts.events += 1
            event = payload.decode()
            if json.loads(event) != TIMER:
                self.desk.event(ts, event)
            return self._decide(ts, None)
        return []

    def _frame(self, ts: int, payload: bytes) -> list[Command]:
        self.counts.frames += 1
        try:
            about, symbol, words = self.desk.frame(ts, payload)
        except PayloadError as error:
            self.counts.bad_frames += 1
            self.complaint = str(error)
            return []
        if about == "market":
            return self._decide(ts, symbol)
        if about == "own":
            return self._decide(ts, None)
        if words:
            self.complaint = words
        return []

    def _decide(self, ts: int, symbol: int | None) -> list[Command]:
        rows = self.desk.decide(ts, symbol)
        self.counts.commands += len(rows)
        return [_command(row) for row in rows]

    def report(self, ts: int) -> dict[str, Any]:
        """Return the desk as it stands; units as in `_core.pyi`."""
        report: dict[str, Any] = json.loads(self.desk.report(ts))
        return report


def _command(row: tuple[Any, ...]) -> Command:
    """Return a command of the core as a value."""
    kind, *rest = row
    if kind == "place":
        symbol, cloid, side, px, size, tif, reduce_only = rest
        return Place(
            symbol=symbol,
            cloid=cloid,
            side=side,
            px=px,
            size=size,
            tif=tif,
            reduce_only=reduce_only,
        )
    if kind == "cancel":
        return Cancel(symbol=rest[0], cloid=rest[1])
    if kind == "cancel_all":
        return CancelAll(symbol=rest[0])
    raise ValueError(f"unknown command {row!r}")


def command_bytes(commands: list[Command]) -> bytes:
    """Return commands as a journal holds them, the same for equal commands."""
    rows: list[list[Any]] = []
    for command in commands:
        match command:
            case Place():
                side = [command.side, command.px, command.size, command.tif, command.reduce_only]
                rows.append(["place", command.symbol, command.cloid, *side])
            case Cancel():
                rows.append(["cancel", command.symbol, command.cloid])
            case CancelAll():
                rows.append(["cancel_all", command.symbol])
    return json.dumps(rows, separators=(",", ":")).encode()
