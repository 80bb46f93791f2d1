"""Blocks — bootstrap over blocks of one minute: what is near in time is drawn together."""

from __future__ import annotations

from typing import Any

import numpy as np

from botmm.units import SECOND_NS

F64 = np.ndarray[Any, np.dtype[np.float64]]

BLOCK_NS = 60 * SECOND_NS
DRAWS = 1_000


class Blocks:
    """Draws of blocks, the same for all figures of the same orders, so that figures are paired.

    `where` is the block of each order; `weights` how often each draw has each block, shape (draws,
    blocks).
    """

    def __init__(self, start: Any, seed: int = 1) -> None:
        """Cut orders into blocks by the times at which they joined."""
        blocks, self.where = np.unique(start // BLOCK_NS, return_inverse=True)
        self.count = len(blocks)
        picks = np.random.default_rng(seed).integers(self.count, size=(DRAWS, self.count))
        self.weights = np.zeros((DRAWS, self.count))
        np.add.at(self.weights, (np.arange(DRAWS)[:, None], picks), 1.0)

    def sums(self, values: F64) -> F64:
        """Return the sum over orders in each draw."""
        return self.weights @ np.bincount(self.where, values, self.count)


def interval(start: Any, values: F64) -> tuple[float, float]:
    """Return the 95 % interval of a mean over orders, those without a value left out."""
    good = np.isfinite(values)
    blocks = Blocks(start[good])
    return middle(blocks.sums(values[good]) / blocks.sums(np.ones(good.sum())))


def middle(draws: F64) -> tuple[float, float]:
    """Return the 95 % interval of draws; what a draw cannot tell is left out."""
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return float(low), float(high)
