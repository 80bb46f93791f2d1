"""Health — what the watch over a daemon shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from botmm.ports import Standing


@dataclass(slots=True)
class Health:
    """Counts and findings of a run."""

    reconnects: int = 0
    reconciled: int = 0
    failed_reconciles: int = 0
    corrected_positions: int = 0
    foreign_orders: int = 0
    loop_lag_ms: float = 0.0
    patience_s: float = 0.0
    standing: Standing | None = None
    complaint: str = ""
    holds: set[str] = field(default_factory=set)
