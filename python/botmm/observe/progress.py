"""Progress — a bar with rate and time left on a terminal, a line each 10 s elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from botmm.clock import Clock, SystemClock

LINE_EVERY_S = 10.0


class Tracker(Protocol):
    """What a long job tells how far it is."""

    def update(self, fraction: float, count: int, note: str = "") -> None:
        """Say the share done (0 to 1), the number of units so far, and what else there is."""
        ...


class _Silent:
    """Shows nothing."""

    def update(self, fraction: float, count: int, note: str = "") -> None:
        """Show nothing."""


class _Lines:
    """Prints a line each 10 s, for logs and pipes."""

    def __init__(self, label: str, unit: str, days: float, clock: Clock) -> None:
        self.label, self.unit, self.days, self.clock = label, unit, days, clock
        self.start = self.last = clock.monotonic()

    def update(self, fraction: float, count: int, note: str = "") -> None:
        """Print where 10 s have passed since the last line."""
        now = self.clock.monotonic()
        if now - self.last < LINE_EVERY_S:
            return
        self.last = now
        parts = _parts(fraction, count, now - self.start, (self.unit, self.days), note)
        sys.stderr.write(f"{self.label}: {fraction:.0%}, {', '.join(parts)}\n")
        sys.stderr.flush()


class _Bar:
    """Moves a rich progress bar."""

    def __init__(self, label: str, unit: str, days: float, clock: Clock) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[note]}", style="dim"),
            console=Console(stderr=True),
            transient=True,
        )
        self.unit, self.days, self.clock, self.start = unit, days, clock, clock.monotonic()
        self.task = self.bar.add_task(label, total=1.0, note="")

    def update(self, fraction: float, count: int, note: str = "") -> None:
        """Move the bar and say rate and time left."""
        elapsed = self.clock.monotonic() - self.start
        parts = _parts(fraction, count, elapsed, (self.unit, self.days), note)
        self.bar.update(self.task, completed=min(fraction, 1.0), note=" · ".join(parts))


@contextmanager
def progress(
    label: str,
    *,
    unit: str = "events",
    days: float = 0.0,
    enabled: bool = True,
    clock: Clock | None = None,
) -> Iterator[Tracker]:
    """Give a job something to tell its progress to, for as long as the block runs.

    Args:
        label: what is being done, as `replay BTC`.
        unit: what is counted.
        days: length of the data, where its days a second shall be shown.
        enabled: false shows nothing (`--no-progress`, `--quiet`).
        clock: for tests.
    """
    clock = clock or SystemClock()
    if not enabled:
        yield _Silent()
    elif sys.stderr.isatty():
        shown = _Bar(label, unit, days, clock)
        with shown.bar:
            yield shown
    else:
        yield _Lines(label, unit, days, clock)


def si(value: float) -> str:
    """Return a count with three figures and a metric suffix, as `1.23 M`."""
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= 0.9995 * size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.0f}"


def _parts(
    fraction: float, count: int, elapsed: float, measure: tuple[str, float], note: str
) -> tuple[str, ...]:
    """Return what is said of a job: units done, their rate, days of data a second, time left, more."""
    unit, days = measure
    seconds = max(elapsed, 1e-9)
    pace = (f"{fraction * days / seconds:.3g} days/s",) if days else ()
    rate = si(count / seconds)
    left = f"{_left(fraction, elapsed)} left"
    return f"{si(count)} {unit}", f"{rate}/s", *pace, left, *((note,) if note else ())


def _left(fraction: float, elapsed: float) -> str:
    """Return the time left, from the share done so far."""
    if fraction <= 0.0:
        return "?"
    seconds = round(max(elapsed * (1.0 / fraction - 1.0), 0.0))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
