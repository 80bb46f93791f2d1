"""Score — what each queue model says of hypothetical orders, held against what is true.

Chances follow section 4.6 of the algorithms: the volume that trades within a horizon has a gamma
law, fitted on the other part; a logistic curve of two numbers, fitted there too, takes out what
that law gets wrong for every model alike. Orders that the recording ends too early for, or whose
level it does not know, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit
from scipy.stats import gamma
from sklearn.linear_model import LogisticRegression

from backtest.studies.queue_truth.books import HORIZON_MS, Followed
from backtest.studies.queue_truth.messages import Columns
from backtest.studies.queue_truth.mids import F64
from backtest.studies.queue_truth.outcome import Outcome, outcome
from botmm.core import QpnFit
from botmm.units import SECOND_NS

VIEWS_MS = {"each event": 0, "each 0.5 s": 500}
PROBE_MS = 5_000
AHEAD_S = (5, 10, 30, 60)
CLIP = 1e-6
BINS = 10
ORDERS_MIN = 4

# What replay uses where nothing else is asked for.
CAREFUL = "risk-averse"
# Name in the table and name of the model; {u} is the mean order of the fitting part, in lots.
CLASSICS = {
    CAREFUL: "risk-averse",
    "pow1, n = 1": "pow1:1",
    "pow1, n = 2": "pow1:2",
    "pow1, n = 3": "pow1:3",
    "pow2, n = 2": "pow2:2",
    "pow3, n = 2": "pow3:2",
    "pow3, n = 3 (qpn without counts)": "pow3:3",
    "log1, u = an order": "log1:{u}",
    "log2, u = an order": "log2:{u}",
}
SHIPPED, FITTED = "qpn, as in replay", "qpn, fitted"


@dataclass(slots=True)
class Orders:
    """What a model said of the orders of a book: columns of one row an order."""

    start: Any
    n: Any
    error: F64
    bias: F64
    late: F64
    brier: F64
    loss: F64
    chance: F64
    hit: F64
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Scored:
    """All models over one book and one kind of view; `left_out` orders it cannot judge."""

    book: str
    views: str
    models: dict[str, Orders]
    truth: Outcome
    left_out: int


class Part:
    """One part of a book: the truth, with the columns of the orders that can be judged."""

    def __init__(self, followed: Followed) -> None:
        """Copy the columns out of the core, once."""
        self.truth, self.mids = followed.truth, followed.mids
        ghosts, samples = self.truth.ghosts(), self.truth.samples()
        # Of orders that outlive the recording only those that were crossed have ended.
        whole = ghosts["ts"] + HORIZON_MS * 1_000_000 <= ghosts["ended"].max()
        known = followed.known(ghosts)
        self.keep = whole & known
        self.left_out = int((whole & ~known).sum())
        self.ghosts = ghosts = {name: column[self.keep] for name, column in ghosts.items()}
        mine = np.isin(samples["id"], ghosts["id"])
        samples = {name: column[mine] for name, column in samples.items()}
        seconds = (ghosts["ended"] - ghosts["ts"]).sum() / SECOND_NS
        volume = (samples["traded"] + samples["beyond"]).astype(np.float64)
        # Mean and variance of what trades a second at or beyond the price of an order.
        self.flow = float(volume.sum() / seconds), float((volume**2).sum() / seconds)
        self.mean_order = max(1, round(float(samples["qty"].sum() / max(samples["n"].sum(), 1))))
        self.behind = _behind(ghosts, samples)

    def told(self, model: str, timing: tuple[int, int, int], fit: Any) -> Columns:
        """Return what a model says of the orders."""
        said = self.truth.estimate(model, timing, fit)
        return {name: column[self.keep] for name, column in said.items()}


def score_book(name: str, truths: tuple[Followed, Followed]) -> list[Scored]:
    """Score every model on the second part, with what the first one fits."""
    fitting, scoring = (Part(followed) for followed in truths)
    truth = outcome(scoring.ghosts, scoring.ghosts["filled"], scoring.mids)
    return [
        Scored(name, views, _part(fitting, scoring, every), truth, scoring.left_out)
        for views, every in VIEWS_MS.items()
    ]


def _part(fitting: Part, scoring: Part, every: int) -> dict[str, Orders]:
    timing = (every, HORIZON_MS, PROBE_MS)
    models: dict[str, tuple[str, Any]] = {
        name: (text.format(u=fitting.mean_order), None) for name, text in CLASSICS.items()
    }
    models |= {
        "qpn, all ages alike": ("qpn", None),
        SHIPPED: ("qpn", QpnFit.shipped()),
        FITTED: ("qpn", fitting.truth.calibrate(timing)),
    }
    return {
        name: _score((fitting, fitting.told(text, timing, fit)),
                     (scoring, scoring.told(text, timing, fit)))
        for name, (text, fit) in models.items()
    }  # fmt: skip


def _score(fitting: tuple[Part, Any], scored: tuple[Part, Any]) -> Orders:
    flow = fitting[0].flow
    truth, told = scored[0].ghosts, scored[1]
    both = (truth["filled"] > 0) & (told["filled"] > 0)
    took = [np.maximum(filled - truth["ts"], 1) for filled in (told["filled"], truth["filled"])]
    late = np.where(both, np.abs(np.log(took[0] / took[1])), np.nan)
    chances, hits = [], []
    behind = fitting[0].behind, scored[0].behind
    for seconds in AHEAD_S:
        known, happened = _outcomes(*fitting, seconds, flow)
        said, truly = _outcomes(*scored, seconds, flow)
        curve = _curve(known, behind[0], happened)
        chances.append(np.where(np.isfinite(said), curve(said, behind[1]), np.nan))
        hits.append(truly)
    chance, hit = np.stack(chances, 1), np.stack(hits, 1)
    clipped = np.clip(chance, CLIP, 1 - CLIP)
    return Orders(
        start=truth["ts"],
        n=truth["n"],
        error=told["error"],
        bias=told["bias"],
        late=late,
        brier=((chance - hit) ** 2).mean(axis=1),
        loss=-np.log(np.where(hit > 0, clipped, 1 - clipped)).mean(axis=1) + 0.0 * hit[:, 0],
        chance=chance,
        hit=hit,
        outcome=outcome(truth, told["filled"], scored[0].mids),
    )


def _outcomes(part: Part, told: Any, seconds: int, flow: tuple[float, float]) -> tuple[F64, F64]:
    """Return the chance of a fill by the gamma law and what happened; NaN if not open then."""
    ghosts, ahead = part.ghosts, told["ahead"]
    probe = ghosts["ts"] + PROBE_MS * 1_000_000
    end = np.where(ghosts["filled"] > 0, ghosts["filled"], ghosts["ended"])
    mean, variance = flow[0] * seconds, flow[1] * seconds
    needed = ahead + ghosts["size"]
    said = gamma.sf(needed, mean**2 / variance, scale=variance / mean)
    # The model has filled it already.
    said = np.where(np.isfinite(ahead), said, 1.0)
    hit = (ghosts["filled"] > 0) & (ghosts["filled"] <= probe + seconds * SECOND_NS)
    is_open = end > probe
    return np.where(is_open, said, np.nan), np.where(is_open, hit, np.nan)


def _behind(ghosts: Any, samples: Any) -> Any:
    """Return how many ticks behind the touch each order stood at the probe, at most three."""
    order = np.lexsort((samples["ts"], samples["id"]))
    ids, ts = samples["id"][order], samples["ts"][order]
    # The last sample of the order up to the probe: its own first one is always there.
    probe = ghosts["ts"] + PROBE_MS * 1_000_000
    span = int(max(ts.max(), probe.max()) - ts.min() + 1)
    key = ids.astype(np.int64) * span + (ts - ts.min())
    at = (
        np.searchsorted(key, ghosts["id"].astype(np.int64) * span + (probe - ts.min()), "right") - 1
    )
    return np.clip(samples["behind"][order][at], 0, 3)


def _curve(known: F64, behind: Any, happened: F64) -> Any:
    """Return the logistic curve of a chance and of the distance to the touch that fits best."""
    good = np.isfinite(known)

    def table(said: F64, ticks: Any) -> F64:
        chance = logit(np.clip(np.nan_to_num(said, nan=0.5), CLIP, 1 - CLIP))
        return np.column_stack([chance, ticks == 1, ticks == 2, ticks == 3]).astype(np.float64)

    if len(np.unique(happened[good])) < 2:
        return lambda said, _: said
    fit = LogisticRegression(C=1e3, max_iter=500)
    fit.fit(table(known, behind)[good], happened[good])
    return lambda said, ticks: fit.predict_proba(table(said, ticks))[:, 1]


def calibration(orders: Orders, keep: Any) -> float:
    """Return the expected calibration error over ten bins of equal mass, all horizons."""
    chance, hit = orders.chance[keep].ravel(), orders.hit[keep].ravel()
    good = np.isfinite(chance) & np.isfinite(hit)
    order = np.argsort(chance[good], kind="stable")
    gaps = np.array_split((chance[good] - hit[good])[order], BINS)
    return float(sum(abs(gap.sum()) for gap in gaps) / max(good.sum(), 1))
