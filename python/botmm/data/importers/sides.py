"""Sides — who was the aggressor of a trade, where the venue did not say.

Source: Lee and Ready (1991): above the mid a buyer, below it a seller; at the mid the last
different price decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botmm.data.importers.base import I64


@dataclass(frozen=True, slots=True)
class Touch:
    """Twice the mid (so that it stays an integer) by venue time."""

    ts: I64
    mid2: I64
    decimals: int

    @classmethod
    def joined(cls, parts: Sequence[Touch]) -> Touch:
        """Join several stretches into one, by time."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty(0, np.int64), 0)
        ts = np.concatenate([part.ts for part in parts])
        mid2 = np.concatenate([part.mid2 for part in parts])
        order = np.argsort(ts, kind="stable")
        return cls(ts[order], mid2[order], parts[0].decimals)

    def aggressors(self, ts: I64, px: I64, decimals: int) -> NDArray[np.int8]:
        """Return +1 for buyers and -1 for sellers.

        Args:
            ts: shape (n,), venue times of the trades.
            px: shape (n,), prices at `decimals`.
            decimals: the scale of `px`.
        """
        at = np.searchsorted(self.ts, ts, side="left") - 1
        scale = 10 ** (self.decimals - decimals)
        mid2 = np.where(at >= 0, self.mid2[np.maximum(at, 0)], 0) if len(self.ts) else 0
        above = np.where(mid2 == 0, 0, np.sign(2 * px * scale - mid2))
        ticks = np.sign(np.diff(px, prepend=px[:1]))
        moved = np.where(ticks != 0, np.arange(len(px)), 0)
        last = ticks[np.maximum.accumulate(moved)]
        side = np.where(above != 0, above, last)
        return np.where(side == 0, 1, side).astype(np.int8)


def touch_of(ts: I64, bid: I64, ask: I64, decimals: int) -> Touch:
    """Return the mids of snapshots that have both sides."""
    both = (bid > 0) & (ask > 0)
    return Touch(ts[both], (bid + ask)[both], decimals)
