"""Latches — stops that outlive the process; only a person lifts them, with a typed phrase."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from botmm.clock import Clock
from botmm.errors import RiskStopError, UsageError
from botmm.live import heartbeat
from botmm.live.heartbeat import Life
from botmm.observe.logging import logger
from botmm.store.rows import LatchRow
from botmm.store.state import StateStore

Name = Literal["KILLED", "HALTED"]
STATE_FILE = "botmm.sqlite"
"""The daemon's state, in its folder."""
ALIVE_S = 2.0

_log = logger(__name__)


class Latches:
    """KILLED and HALTED: set from anywhere, at any time, as often as one likes."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        """Keep them in the state file."""
        self._store = store
        self._clock = clock
        self._owed: dict[str, LatchRow] = {}  # set, but the disk did not take them yet

    def set(self, name: Name, reason: str, *, who: str) -> None:
        """Set a latch, durably before it returns; the first reason stays.

        On a disk that takes nothing it holds in memory all the same, so that a stop never waits for
        the disk; `active` tries again to put it down.
        """
        row = LatchRow(
            name=name, reason=_plain(reason), who=_plain(who), set_ns=int(self._clock.now())
        )
        self._owed.setdefault(name, row)
        self._put_down()
        if name in self._owed:
            _log.error("a latch is not on disk: a restart would forget it", latch=name)

    def active(self) -> list[LatchRow]:
        """Return the latches that are set."""
        self._put_down()
        kept = self._store.latches()
        names = {row.name for row in kept}
        return [*kept, *(row for row in self._owed.values() if row.name not in names)]

    def require_clear(self) -> None:
        """Refuse to trade behind a latch.

        Raises:
            RiskStopError: one is set.
        """
        for latch in self.active():
            raise RiskStopError(
                f"{latch.name} by {latch.who}: {latch.reason}",
                cure=f'find out why, then `botmm resume --lift "{phrase(latch.name)}"`',
            )

    def clear(self, name: str, *, typed: str) -> None:
        """Lift a latch.

        Raises:
            UsageError: the phrase is another one.
        """
        if typed != phrase(name):
            raise UsageError(f"{name} stays", cure=f"type exactly: {phrase(name)}")
        self._store.clear_latch(name)
        self._owed.pop(name, None)

    def _put_down(self) -> None:
        for name, row in list(self._owed.items()):
            try:
                self._store.set_latch(row)
            except sqlite3.Error:  # it stays owed; `set` tells
                return
            del self._owed[name]


def _plain(words: str) -> str:
    """Return words as a disk takes them: a kill must not fail for a byte that is no text."""
    return words.encode("utf-8", "replace").decode()


def phrase(name: str) -> str:
    """Return what a person types to lift a latch."""
    return f"lift {name}"


def lift_stopped(folder: Path, clock: Clock, *, typed: Sequence[str]) -> list[str]:
    """Lift latches of a daemon that does not run, each by its phrase; return the names of those that are left.

    Raises:
        UsageError: a daemon shows life, none of the latches has this phrase, or there is none.
    """
    beat = heartbeat.read(folder / "heartbeat")
    if beat is not None and beat.life is Life.RUNNING and beat.age_s(clock) < ALIVE_S:
        raise UsageError("the daemon runs but does not answer", cure="stop it first, or wait")
    path = folder / STATE_FILE
    if not path.is_file():
        raise UsageError(f"{folder} has no state", cure="name the daemon's folder with --state")
    store = StateStore(path)
    try:
        latches = Latches(store, clock)
        names = [row.name for row in latches.active()]
        wanted = [name for name in names if phrase(name) in typed]
        if not names:
            raise UsageError("no latch is set", cure="start the daemon")
        if not wanted:
            phrases = " or ".join(phrase(name) for name in names)
            raise UsageError("nothing was lifted", cure=f"type exactly: {phrases}")
        for name in wanted:
            latches.clear(name, typed=phrase(name))
        return [name for name in names if name not in wanted]
    finally:
        store.close()
