"""Score — queue models against hypothetical orders whose true position is known.

A world is a synthetic market. Orders of one seed fit the order-count model and the fill
frequencies; orders of another seed are scored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from botmm.core import Synth
from botmm.units import SECOND_NS, day_start, parse_date

F64 = np.ndarray[Any, np.dtype[np.float64]]

START = day_start(parse_date("2026-01-05"))
HORIZON_MS = 75_000
# Fill probabilities are asked at this age of an order, for this long ahead.
PROBE_MS = 10_000
AHEAD_S = (10, 30, 60)
BINS = 10
VIEWS_MS = {"each block": 0, "each 0.5 s": 500}


@dataclass(frozen=True, slots=True)
class World:
    """A synthetic market: a preset, or one whose price hardly moves."""

    name: str
    symbol: str
    changes: dict[str, float] = field(default_factory=dict)

    def truth(self, seed: int, hours: float) -> Any:
        """Simulate and return the truth about an order each two seconds."""
        wish = {
            "symbol": self.symbol,
            "seed": seed,
            "start": START,
            "streams": "classic",
            "ghost_every_ms": 2_000,
            "ghost_horizon_ms": HORIZON_MS,
            **self.changes,
        }
        market = Synth(json.dumps(wish))
        for minute in range(10, round(hours * 60) + 10, 10):
            market.step_until(START + min(minute, round(hours * 60)) * 60 * SECOND_NS)
        return market.take_truth()


STILL = {"sigma_bps": 0.05, "impact_bps": 0.03}
WORLDS = (
    World("BTC", "BTC"),
    World("ETH", "ETH"),
    World("SOL", "SOL"),
    World("XRP", "XRP"),
    World("ETH, still", "ETH", STILL),
    World("SOL, still", "SOL", STILL),
)

# Name in the table and name of the model; {u} is the median order of the world, in lots.
MODELS = (
    ("risk-averse", "risk-averse"),
    ("pow1, n = 1", "pow1:1"),
    ("pow1, n = 2", "pow1:2"),
    ("pow1, n = 3", "pow1:3"),
    ("pow2, n = 2", "pow2:2"),
    ("pow3, n = 2", "pow3:2"),
    ("pow3, n = 3", "pow3:3"),
    ("log1, u = an order", "log1:{u}"),
    ("log2, u = an order", "log2:{u}"),
    ("qpn, not fitted", "qpn"),
    ("qpn, fitted", "qpn"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one model did in one world and view."""

    world: str
    views: str
    model: str
    orders: int
    error: float
    bias: float
    fill_time_s: float
    wrong_fills: float
    brier: tuple[float, ...]


def score_world(world: World, hours: float, seeds: tuple[int, int] = (1, 2)) -> list[Score]:
    """Score every model in one world.

    Args:
        world: the market.
        hours: length of the market that fits and of the one that is scored.
        seeds: of the two markets.
    """
    fitting, scored = (world.truth(seed, hours) for seed in seeds)
    found = []
    for views, every in VIEWS_MS.items():
        timing = (every, HORIZON_MS, PROBE_MS)
        fitted = fitting.calibrate(timing)
        for name, model in MODELS:
            text = model.format(u=int(np.median(fitting.ghosts()["size"])))
            config = fitted if name == "qpn, fitted" else None
            known = fitting.estimate(text, timing, config)
            told = scored.estimate(text, timing, config)
            found.append(_score(world.name, views, name, (fitting, known), (scored, told)))
    return found


def _score(
    world: str, views: str, model: str, fitting: tuple[Any, Any], scored: tuple[Any, Any]
) -> Score:
    truth, told = scored[0].ghosts(), scored[1]
    late = np.abs(_until(told["filled"], truth) - _until(truth["filled"], truth)) / SECOND_NS
    limit = truth["ts"] + 60 * SECOND_NS
    wrong = _within(truth["filled"], limit) != _within(told["filled"], limit)
    return Score(
        world=world,
        views=views,
        model=model,
        orders=len(truth["id"]),
        error=float(np.nanmean(told["error"])),
        bias=float(np.nanmean(told["bias"])),
        fill_time_s=float(late.mean()),
        wrong_fills=float(wrong.mean()),
        brier=tuple(_brier(fitting, scored, seconds) for seconds in AHEAD_S),
    )


def _until(filled: Any, ghosts: Any) -> Any:
    """Return times of fills; an order that is not filled counts as filled when it ends."""
    return np.where(filled > 0, filled, ghosts["ended"])


def _within(filled: Any, limit: Any) -> Any:
    return (filled > 0) & (filled <= limit)


def _brier(fitting: tuple[Any, Any], scored: tuple[Any, Any], seconds: int) -> float:
    """Return the mean squared error of the chance of a fill within so many seconds.

    The chance is how often orders of the same tenth of estimates were filled in the fitting
    market; an order that the model has filled already has chance 1.
    """
    known, happened = _outcomes(fitting[0].ghosts(), fitting[1]["ahead"], seconds)
    edges = np.quantile(known[np.isfinite(known)], np.arange(1, BINS) / BINS)
    tenth = np.searchsorted(edges, known, side="right")
    chance = np.array(
        [happened[(tenth == b) & np.isfinite(known)].mean() if _some(tenth, known, b) else 1.0
         for b in range(BINS)]
    )  # fmt: skip
    told, truth = _outcomes(scored[0].ghosts(), scored[1]["ahead"], seconds)
    said = np.where(
        np.isfinite(told), chance[np.minimum(np.searchsorted(edges, told, "right"), BINS - 1)], 1.0
    )
    return float(np.mean((said - truth) ** 2))


def _some(tenth: Any, known: F64, number: int) -> bool:
    return bool(np.any((tenth == number) & np.isfinite(known)))


def _outcomes(ghosts: Any, ahead: F64, seconds: int) -> tuple[F64, F64]:
    """Return estimates and outcomes of the orders that were truly open at the probe."""
    probe = ghosts["ts"] + PROBE_MS * 1_000_000
    end = np.where(ghosts["filled"] > 0, ghosts["filled"], ghosts["ended"])
    open_then = end > probe
    filled = _within(ghosts["filled"], probe + seconds * SECOND_NS)
    return ahead[open_then], filled[open_then].astype(np.float64)


def summary_table(scores: Sequence[Score], *, still: bool) -> str:
    """Return means over the moving or the still worlds, one row a model and view."""
    names = {world.name for world in WORLDS if bool(world.changes) == still}
    scores = [score for score in scores if score.world in names]
    lines = [
        "| views | model | error | worst world | bias | fill time | wrong fills | Brier 10 s | 30 s | 60 s |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for views, model in dict.fromkeys((s.views, s.model) for s in scores):
        mine = [s for s in scores if (s.views, s.model) == (views, model)]
        brier = [_mean(s.brier[i] for s in mine) for i in range(len(AHEAD_S))]
        lines.append(
            f"| {views} | {model} | {_mean(s.error for s in mine):.3f} "
            f"| {max(s.error for s in mine):.3f} | {_mean(s.bias for s in mine):+.3f} "
            f"| {_mean(s.fill_time_s for s in mine):.2f} s "
            f"| {_mean(s.wrong_fills for s in mine):.2%} "
            f"| {' | '.join(f'{value:.4f}' for value in brier)} |"
        )
    return "\n".join(lines)


def world_table(scores: Sequence[Score]) -> str:
    """Return the error of each model in each world, blocks / 0.5 s."""
    worlds = list(dict.fromkeys(s.world for s in scores))
    lines = [f"| model | {' | '.join(worlds)} |", f"|---|{'---:|' * len(worlds)}"]
    for model in dict.fromkeys(s.model for s in scores):
        cells = [
            " / ".join(f"{s.error:.3f}" for s in scores if (s.world, s.model) == (world, model))
            for world in worlds
        ]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
