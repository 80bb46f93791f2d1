"""Thrift — the venue's requests are a budget: how patient quoting has to be to live within it.

A venue that grants a request for each dollar traded leaves a maker few to waste. What is left is
spread over some hours; where more is used than that allows, orders that are too far from the
touch are left standing for longer. Those too near the touch are always replaced at once.
"""

from __future__ import annotations

from dataclasses import dataclass

HORIZON_S = 6 * 3600.0
RESERVE = 2_000
"""Requests that are kept for cancels; below it no new order goes out."""
LEAST_S = 0.5
MOST_S = 120.0


@dataclass(slots=True)
class Thrift:
    """Follows the budget and tells how patient to be."""

    patience_s: float = 0.0
    _left: int | None = None
    _at: float = 0.0

    def take(self, left: int, at: float) -> float:
        """Take in the requests that are left at a time in seconds; return the patience in s."""
        if self._left is not None and at > self._at:
            used = (self._left - left) / (at - self._at)
            allowed = max(left - RESERVE, 0) / HORIZON_S
            self.patience_s = self._next(used, allowed)
        self._left, self._at = left, at
        return self.patience_s

    def _next(self, used: float, allowed: float) -> float:
        """Grow fast where too much is used, and come back slowly."""
        if used > allowed:
            return min(MOST_S, max(LEAST_S, self.patience_s * 1.5))
        if used < 0.7 * allowed:
            shorter = self.patience_s * 0.9
            return shorter if shorter >= LEAST_S else 0.0
        return self.patience_s
