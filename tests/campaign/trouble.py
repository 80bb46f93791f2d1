"""Trouble — what may go wrong on the way and at the venue, drawn for half a round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# What may be in force for a while, with how strongly it strikes.
RATES: dict[str, dict[str, Any]] = {
    "lose_request": {"probability": 0.15},
    "lose_reply": {"probability": 0.15},
    "late_reply": {"probability": 0.3, "delay_ms": 900},
    "drip_reply": {"probability": 0.1, "delay_ms": 40},
    "status": {"probability": 0.15},
    "truncate": {"probability": 0.15},
    "empty_body": {"probability": 0.15},
    "short_list": {"probability": 0.15},
    "dup_user": {"probability": 0.3},
    "reorder_user": {"probability": 0.3},
    "drop_user": {"probability": 0.2},
    "mute": {"probability": 0.05},
    "garble": {"probability": 0.02},
    "refuse_socket": {"probability": 0.5, "status": 503},
    "drop_on_open": {"probability": 0.5},
}
STATUSES = (429, 500, 502, 503)
MOMENTS = ("abort", "close", "half_open", "freeze", "shock", "kill")


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Faults that are in force all the time, and moments with the seconds to wait before each."""

    faults: list[dict[str, Any]]
    moments: list[tuple[float, str]]
    rest_s: float
    """From the last moment to the end."""

    @property
    def kinds(self) -> list[str]:
        """Return the names of all that strikes."""
        return [str(fault["kind"]) for fault in self.faults] + [what for _, what in self.moments]


def drawn(rng: np.random.Generator, seconds: float) -> Trouble:
    """Draw one to four faults and up to three moments."""
    kinds = [str(one) for one in rng.choice(list(RATES), size=rng.integers(1, 5), replace=False)]
    moments = [str(one) for one in rng.choice(MOMENTS, size=rng.integers(0, 4))]
    faults = []
    for kind in kinds:
        fault = {"kind": kind, **RATES[kind]}
        if kind == "status":
            fault["status"] = int(rng.choice(STATUSES))
            fault["executed"] = bool(rng.integers(0, 2)) and fault["status"] != 429
        if kind in ("lose_request", "lose_reply"):
            fault["how"] = str(rng.choice(["hang", "reset"]))
        faults.append(fault)
    at = sorted(rng.uniform(0, seconds, size=len(moments)))
    waits = [float(wait) for wait in np.diff([0.0, *at])]
    rest_s = seconds - (at[-1] if len(at) else 0.0)
    return Trouble(
        faults=faults, moments=list(zip(waits, moments, strict=True)), rest_s=float(rest_s)
    )
