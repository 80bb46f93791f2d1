"""Tally — how much of each stream came, how fast, and how long ago."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 10.0


@dataclass(slots=True)
class Row:
    """One channel of one symbol."""

    count: int = 0
    size: int = 0
    heard: float = 0.0


@dataclass(slots=True)
class Tally:
    """Counts by symbol and channel; times in seconds of a clock that never runs back."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    _marks: deque[tuple[float, dict[tuple[str, str], int]]] = field(default_factory=deque)

    def take(self, symbol: str, channel: str, size: int, at: float) -> None:
        """Count a frame."""
        row = self.rows.get((symbol, channel))
        if row is None:
            row = self.rows[symbol, channel] = Row()
        row.count += 1
        row.size += size
        row.heard = at

    def mark(self, at: float) -> None:
        """Remember the counts, so that rates are those of the last seconds."""
        self._marks.append((at, {key: row.count for key, row in self.rows.items()}))
        while len(self._marks) > 2 and at - self._marks[1][0] >= WINDOW_S:
            self._marks.popleft()

    def table(self, at: float) -> list[dict[str, Any]]:
        """Return a row a channel: frames, bytes, frames a second, age in seconds."""
        since, before = self._marks[0] if self._marks else (at, {})
        seconds = max(at - since, 1e-9)
        return [
            {
                "symbol": symbol,
                "channel": channel,
                "frames": row.count,
                "bytes": row.size,
                "rate": round((row.count - before.get((symbol, channel), 0)) / seconds, 3),
                "age_s": round(at - row.heard, 3),
            }
            for (symbol, channel), row in sorted(self.rows.items())
        ]
