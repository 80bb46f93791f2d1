"""Latches — stops that outlive the process; only a person lifts them, with a typed phrase."""

from __future__ import annotations

from typing import Literal

from botmm.clock import Clock
from botmm.errors import RiskStopError, UsageError
from botmm.store.rows import LatchRow
from botmm.store.state import StateStore

Name = Literal["KILLED", "HALTED"]
STATE = "botmm.sqlite"
"""File of the state folder that keeps them."""


class Latches:
    """KILLED and HALTED: set from anywhere, at any time, as often as one likes."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        """Keep them in the state file."""
        self._store = store
        self._clock = clock

    def set(self, name: Name, reason: str, *, who: str) -> None:
        """Set a latch, durably before it returns; the first reason stays."""
        row = LatchRow(name=name, reason=reason, who=who, set_ns=int(self._clock.now()))
        self._store.set_latch(row)

    def active(self) -> list[LatchRow]:
        """Return the latches that are set."""
        return self._store.latches()

    def require_clear(self) -> None:
        """Refuse to trade behind a latch.

        Raises:
            RiskStopError: one is set.
        """
        for latch in self.active():
            raise RiskStopError(
                f"{latch.name} by {latch.who}: {latch.reason}",
                cure=f"find out why, then type {phrase(latch.name)!r} at `botmm resume`",
            )

    def clear(self, name: str, *, typed: str) -> None:
        """Lift a latch.

        Raises:
            UsageError: the phrase is another one.
        """
        if typed != phrase(name):
            raise UsageError(f"{name} stays", cure=f"type exactly: {phrase(name)}")
        self._store.clear_latch(name)


def phrase(name: str) -> str:
    """Return what a person types to lift a latch."""
    return f"lift {name}"
