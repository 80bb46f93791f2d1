"""Clock — the only place that asks the system for the time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from botmm.units import UnixNanos


class Clock(Protocol):
    """What anything that waits or stamps is given."""

    def now(self) -> UnixNanos:
        """Return Unix nanoseconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run back, from an unknown origin."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> UnixNanos:
        """Return Unix nanoseconds, UTC."""
        return UnixNanos(time.time_ns())

    def monotonic(self) -> float:
        """Return seconds that never run back, from an unknown origin."""
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """A clock that tests move by hand."""

    ns: int = 0

    def now(self) -> UnixNanos:
        """Return the time that was set."""
        return UnixNanos(self.ns)

    def monotonic(self) -> float:
        """Return the time that was set, in seconds."""
        return self.ns * 1e-9

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.ns += round(seconds * 1e9)
