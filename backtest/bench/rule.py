"""Rule — the one parameter set that both engines quote with, and what a run of it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

# A fill as both engines report it: venue time, our side (+1 bought), price in ticks.
FILL_DTYPE = np.dtype([("ts", "i8"), ("side", "i8"), ("px", "i8")])
# An order as both engines sent it, its end by the venue's clock (0: none), and what we took to be ahead.
ORDER_DTYPE = np.dtype(
    [
        ("sent", "i8"),
        ("side", "i8"),
        ("px", "i8"),
        ("done", "i8"),
        ("status", "i8"),
        ("ahead", "f8"),
    ]
)
OPEN, FILLED, CANCELLED, REFUSED = 0, 1, 2, 3

MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A two-sided post-only maker with inventory skew, in whole ticks and clips."""

    half_ticks: float  # whole or half ticks
    skew_ticks: int
    clip_lots: int
    queue: str = "pow3:3"
    step_ns: int = 100 * MS
    entry_ns: int = 20 * MS
    response_ns: int = 20 * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run took and gave; seconds are those of the processor, on one core.

    On a machine that does other work too, these are what can be compared.
    """

    seconds: float
    fills: npt.NDArray[np.void]
    orders: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, ORDER_DTYPE))
    summary: dict[str, Any] = field(default_factory=dict)
