"""Audit — the ledger's cash against the venue's, both of one moment, to the micro-dollar.

Cash is what does not depend on a mark: two values of an account that are read at different times
differ by what the market did in between, its cash does not. The venue's cash moves with fills, fees,
funding and transfers; less the ledger's it stays what it was when the run began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botmm.ports import Standing

ALARM_MICRO = 1_000_000
ALARM_PARTS = 10_000
"""A basis point of the equity."""


@dataclass(slots=True)
class Audit:
    """Compares at each standing; what may be on its way is not compared."""

    alarm: Callable[[str, str], object]
    transferred: Callable[[], int] = lambda: 0
    """Micro-dollars that came in from outside since the run began."""
    difference: int | None = None
    """The venue's cash less ours; None before the first comparison."""
    _begun: int | None = None
    _before: int = 0
    """The difference at the comparison before: one that stays is none that was on its way."""

    def look(self, asked: Mapping[str, Any], told: Mapping[str, Any], standing: Standing) -> None:
        """Compare, where the ledger stood still while the venue was asked.

        Args:
            asked: the engine's report when the question left.
            told: the report when the answer was here.
        """
        still = _cash(asked) == _cash(told) and _settled(told, standing)
        if standing.cash is None or not still:
            return
        apart = standing.cash - _cash(told) - self.transferred()
        if self._begun is None:
            self._begun = apart
        before, self.difference = self._before, apart - self._begun
        self._before = self.difference
        least = min(ALARM_MICRO, int(told["equity"]) // ALARM_PARTS)
        if self.difference == before and abs(before) > least:
            usd = before * 1e-6
            self.alarm("ledger", f"the venue's cash is {usd:+.6f} USD beside the ledger's")


def _cash(report: Mapping[str, Any]) -> int:
    """Return what trading, fees and funding brought, in micro-dollars."""
    return sum(int(row["flow2"]) for row in report["symbols"]) // 2


def _settled(report: Mapping[str, Any], standing: Standing) -> bool:
    """Whether every fill of the venue's positions is in the ledger, and no other."""
    rows = enumerate(report["symbols"])
    return all(
        row["proven"] == standing.positions.get(ix, 0) == row["position"] and not row["adopts"]
        for ix, row in rows
    )
