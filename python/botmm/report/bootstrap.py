"""Bootstrap — intervals by resampling blocks of ten minutes, because fills come in clusters.

Source: block bootstrap, Künsch (1989); the statistics here are ratios of sums over blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from botmm.units import SECOND_NS

BLOCK_NS = 600 * SECOND_NS
DRAWS = 1000
BATCH = 50  # draws at a time, so that memory does not grow with the length of the data
LEAST_BLOCKS = 12
LEVEL = 0.95

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided 95 % interval."""

    low: float
    high: float

    def excludes_zero(self) -> bool:
        """Whether zero is outside."""
        return self.low > 0.0 or self.high < 0.0


def block_ids(ts: I64) -> I64:
    """Return the ten-minute block of each time; shape (n,), in the order given."""
    return np.asarray(ts, dtype=np.int64) // BLOCK_NS


def ratio_intervals(tops: F64, bottoms: F64, rng: np.random.Generator) -> list[Interval | None]:
    """Return the interval of each ratio of sums; None where fewer than twelve blocks carry it.

    Args:
        tops, bottoms: shape (blocks, k); a block that says nothing of column j holds 0 in both.
        rng: where the resampling draws from.
    """
    samples = np.concatenate(
        [_safe_ratio(counts @ tops, counts @ bottoms) for counts in _draws(len(tops), rng)]
    )
    enough = (bottoms != 0).sum(axis=0) >= LEAST_BLOCKS
    return [_interval(samples[:, j]) if enough[j] else None for j in range(tops.shape[1])]


def total_interval(steps: F64, blocks: I64, rng: np.random.Generator) -> Interval | None:
    """Return the interval of the sum of the steps; None where there are too few blocks.

    Args:
        steps, blocks: shape (n,).
        rng: where the resampling draws from.
    """
    sums = block_sums(steps, blocks)
    if len(sums) < LEAST_BLOCKS:
        return None
    return _interval(np.concatenate([counts @ sums for counts in _draws(len(sums), rng)]))


def block_sums(values: F64, blocks: I64) -> F64:
    """Return the sum over each block that has any row; values of shape (n,) or (n, k)."""
    names, where = np.unique(blocks, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, where, values)
    return sums


def _draws(blocks: int, rng: np.random.Generator) -> Iterator[F64]:
    """Yield how often each block is drawn, in batches of shape (BATCH, blocks)."""
    even = np.full(blocks, 1.0 / blocks)
    for _ in range(DRAWS // BATCH):
        yield rng.multinomial(blocks, even, size=BATCH).astype(np.float64)


def _safe_ratio(top: F64, bottom: F64) -> F64:
    """Return top / bottom, 0 where a draw missed every block that matters."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)


def _interval(samples: F64) -> Interval:
    """Return the central interval of resampled values."""
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(low=float(low), high=float(high))
