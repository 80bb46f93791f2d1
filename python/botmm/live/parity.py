"""Parity — a journal played again: the same records must give the same commands, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from botmm.errors import DataError
from botmm.live.engine import Engine, Kind, command_bytes


class Record(Protocol):
    """One record of a journal."""

    @property
    def kind(self) -> int:
        """What it is, a `Kind`."""
        ...

    @property
    def recv_ns(self) -> int:
        """When it was taken in."""
        ...

    @property
    def payload(self) -> bytes:
        """Its bytes."""
        ...


@dataclass(slots=True)
class Parity:
    """What playing a journal again showed."""

    runs: int = 0
    frames: int = 0
    events: int = 0
    commands: int = 0
    first_ns: int = 0
    last_ns: int = 0
    unlike: int = 0
    where: str = ""

    @property
    def holds(self) -> bool:
        """Whether every command came again."""
        return self.unlike == 0


def replay_journal(records: Iterable[Record]) -> Parity:
    """Play records again and compare the commands; a note begins a run.

    Raises:
        DataError: the journal does not begin with the description of a run.
    """
    found = Parity()
    engine: Engine | None = None
    owed: list[tuple[int, bytes]] = []
    for record in records:
        kind = Kind(record.kind)
        found.first_ns = found.first_ns or record.recv_ns
        found.last_ns = record.recv_ns
        if kind is Kind.NOTE:
            _settle(found, owed)
            engine = Engine(record.payload.decode())
            found.runs += 1
            continue
        if engine is None:
            raise DataError(
                "the journal does not begin with the description of a run",
                cure="name the folder that the daemon wrote, with its first segment",
            )
        if kind is Kind.COMMAND:
            _compare(found, owed, (record.recv_ns, record.payload))
            continue
        _settle(found, owed)
        found.frames += kind is Kind.FRAME
        found.events += kind is Kind.EVENT
        commands = engine.step(kind, record.recv_ns, record.payload)
        if commands:
            owed.append((record.recv_ns, command_bytes(commands)))
    # What a kill kept from the journal is no difference: the last record may lack its commands.
    return found


def _compare(found: Parity, owed: list[tuple[int, bytes]], said: tuple[int, bytes]) -> None:
    """Compare the commands of a record with those that came again."""
    found.commands += 1
    again = owed.pop() if owed else (said[0], b"nothing")
    if again != said:
        _note(found, said[0], f"journal {said[1].decode()}, again {again[1].decode()}")


def _settle(found: Parity, owed: list[tuple[int, bytes]]) -> None:
    """Commands that came again and that the journal does not have."""
    for ts, text in owed:
        _note(found, ts, f"journal nothing, again {text.decode()}")
    owed.clear()


def _note(found: Parity, ts: int, words: str) -> None:
    found.unlike += 1
    found.where = found.where or f"at {ts}: {words}"
