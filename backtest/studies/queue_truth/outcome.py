"""Outcome — when quotes are filled and what that is worth, by the truth or by a model.

A quote stands for 60 seconds. Its result is what the mid is worth to it a fixed time after the fill,
against its own price, in basis points of notional, fees excluded; a quote without a fill earns 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.studies.queue_truth.blocks import Blocks
from backtest.studies.queue_truth.mids import F64, Mids
from botmm.units import SECOND_NS

QUOTE_S = 60
LATER_S = (5, 60)
STEP_S = 0.1
STEPS = round(QUOTE_S / STEP_S)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of quotes, a row each.

    `seconds` until the fill, or until the quote was observed no more; `filled` says which;
    `results` by time after the fill, NaN where the recording ends too early for any fill of it.
    """

    seconds: F64
    filled: Any
    results: dict[int, F64]


def outcome(ghosts: dict[str, Any], filled: Any, mids: Mids) -> Outcome:
    """Return what became of orders that are filled at these times (Unix ns, 0: not)."""
    end = np.where(filled > 0, filled, ghosts["ended"])
    seconds = (end - ghosts["ts"]) / SECOND_NS
    happened = (filled > 0) & (seconds <= QUOTE_S)
    px = ghosts["px"].astype(np.float64)
    results = {}
    for later in LATER_S:
        mid = mids.at(filled + later * SECOND_NS)
        result = np.where(happened, ghosts["side"] * (mid - px) / px * 1e4, 0.0)
        whole = ghosts["ts"] + (QUOTE_S + later) * SECOND_NS <= mids.ts[-1]
        results[later] = np.where(whole, result, np.nan)
    return Outcome(np.minimum(seconds, QUOTE_S), happened, results)


def survival(seconds: F64, filled: Any, where: Any, weights: F64) -> F64:
    """Return Kaplan-Meier curves of not being filled, in steps of 0.1 s up to 60 s.

    Args:
        seconds, filled: shape (n,), until the fill or until observation ended, and which it was.
        where: shape (n,), the block of each order.
        weights: shape (curves, blocks), how often each curve has each block.

    Returns:
        Shape (curves, 600): the share not filled at the start of each step, fills at that moment
        counted. A fill counts at the end of its step; censored orders are at risk in theirs.

    Source: Kaplan and Meier (1958); equal to scipy.stats.ecdf, which has no weights.
    """
    at = np.ceil(np.round(seconds / STEP_S, 6)).astype(np.int64)
    shape = weights.shape[1], STEPS + 1
    cell = where * shape[1] + at
    ends = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    fills = np.bincount(cell[filled], minlength=shape[0] * shape[1]).reshape(shape)
    risk = weights @ ends[:, ::-1].cumsum(axis=1)[:, ::-1]
    share = np.divide(weights @ fills, risk, out=np.zeros(risk.shape), where=risk > 0)
    curves: F64 = np.cumprod(1.0 - share, axis=1)[:, :STEPS]
    return curves


def curve_gap(truth: Outcome, said: Outcome, keep: Any, blocks: Blocks) -> tuple[F64, F64]:
    """Return the difference of fill curves integrated over 60 s, with its sign and without.

    Returns:
        Seconds, shape (1 + draws,), the orders as they are first; positive: filled too early.
    """
    weights = np.vstack([np.ones(blocks.count), blocks.weights])
    true, told = (survival(o.seconds[keep], o.filled[keep], blocks.where, weights)
                  for o in (truth, said))  # fmt: skip
    gap = (true - told) * STEP_S
    return gap.sum(axis=1), np.abs(gap).sum(axis=1)


def per_quote(said: Outcome, later: int, keep: Any, blocks: Blocks) -> F64:
    """Return the mean result of a quote, shape (1 + draws,)."""
    return _ratio(said.results[later][keep], np.ones(keep.sum()), blocks)


def per_fill(said: Outcome, later: int, keep: Any, blocks: Blocks) -> F64:
    """Return the mean result of a fill, shape (1 + draws,); NaN where none is filled."""
    return _ratio(said.results[later][keep], said.filled[keep].astype(np.float64), blocks)


def _ratio(values: F64, counts: F64, blocks: Blocks) -> F64:
    good = np.isfinite(values)
    values, counts = np.where(good, values, 0.0), np.where(good, counts, 0.0)
    over = np.concatenate([[values.sum()], blocks.sums(values)])
    under = np.concatenate([[counts.sum()], blocks.sums(counts)])
    ratio: F64 = np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0)
    return ratio
