"""Tally — medians over the orders of a long run, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from botmm.units import SECOND_NS

F64 = npt.NDArray[np.float64]
SAMPLE_MAX = 100_000
FILLED, CANCELLED = 1, 2


@dataclass(slots=True)
class Sample:
    """Every value, then every second, every fourth…, so that a sample stays bounded and even."""

    values: F64 = field(default_factory=lambda: np.zeros(0))
    stride: int = 1
    seen: int = 0

    def add(self, values: F64) -> None:
        """Take in the next values of a series."""
        kept = values[-self.seen % self.stride :: self.stride]
        self.seen += len(values)
        self.values = np.concatenate([self.values, kept])
        while len(self.values) > SAMPLE_MAX:
            self.values = self.values[::2]
            self.stride *= 2

    def median(self) -> float | None:
        """Return the median; None of nothing."""
        return float(np.median(self.values)) if len(self.values) else None


@dataclass(slots=True)
class OrderTally:
    """What reports say of orders beyond their number, by symbol."""

    life_s: dict[int, Sample] = field(default_factory=dict)
    ahead: dict[int, Sample] = field(default_factory=dict)

    def add(self, orders: Mapping[str, Any]) -> None:
        """Take in orders that have ended; columns as the core returns them."""
        symbol = np.asarray(orders["symbol"])
        ended = (orders["status"] == FILLED) | (orders["status"] == CANCELLED)
        ended &= orders["ts_venue"] > 0
        ahead = np.asarray(orders["ahead"], dtype=np.float64)
        for ix in np.unique(symbol).tolist():
            mine = ended & (symbol == ix)
            life = (orders["ts_done"][mine] - orders["ts_venue"][mine]) / SECOND_NS
            self.life_s.setdefault(ix, Sample()).add(life)
            known = mine & np.isfinite(ahead)
            self.ahead.setdefault(ix, Sample()).add(ahead[known] * orders["px"][known])

    def life_median_s(self, ix: int) -> float | None:
        """Return the median time from the venue's book to the end of an order."""
        return self.life_s[ix].median() if ix in self.life_s else None

    def ahead_median(self, ix: int) -> float | None:
        """Return the median of lots ahead on arrival times price units."""
        return self.ahead[ix].median() if ix in self.ahead else None
