"""Rule — the one parameter set that both engines quote with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A fill as both engines report it: venue time, our side (+1 bought), price in ticks.
FILL_DTYPE = np.dtype([("ts", "i8"), ("side", "i8"), ("px", "i8")])

MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A two-sided post-only maker with inventory skew, in whole ticks and clips."""

    half_ticks: int
    skew_ticks: int
    clip_lots: int
    clips_max: int
    queue: str = "pow3:3"
    step_ns: int = 100 * MS
    entry_ns: int = 20 * MS
    response_ns: int = 20 * MS
