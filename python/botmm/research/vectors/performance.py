"""Performance — statistics of results, markouts and fees under the vectors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import F64, Case, Key, Table, array, each
from botmm.units import SECOND_NS

YEAR_DAYS = 365.0
CONFIDENCE = 0.95
# The owner's staking question: yearly fees, capital, return and the price of HYPE.
_STAKING = {"fees_usd": 22_710.0, "capital_usd": 50_000.0, "bot_return": 1.253}
_HYPE_USD = 30.0


def _annual(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * math.sqrt(YEAR_DAYS)


def _daily(key: Key) -> F64:
    return array(key.file["daily_returns"])


def _sharpe(key: Key) -> Iterator[Case]:
    yield Case("daily returns", _annual(core.sharpe(_daily(key))), key.value)


def _sharpe_lo(key: Key) -> Iterator[Case]:
    yield Case("daily returns", core.sharpe_lo(_daily(key), YEAR_DAYS), key.value)


def _sortino(key: Key) -> Iterator[Case]:
    yield Case("daily returns", _annual(core.sortino(_daily(key))), key.value)


def _drawdown(key: Key) -> Iterator[Case]:
    equity = np.concatenate([[1.0], np.cumprod(1.0 + _daily(key))])
    yield Case("daily returns", core.drawdown(equity), key.value)


def _sharpe_constant(key: Key) -> Iterator[Case]:
    yield Case("thirty equal returns", core.sharpe(np.full(30, 0.001)), key.value)


def _sharpe_one(key: Key) -> Iterator[Case]:
    yield Case("one return", core.sharpe(np.array([0.01])), key.value)


def _trials(key: Key) -> list[F64]:
    table = key.table("trial_returns.csv")
    return [column for name, column in table.items() if name != "t"]


def _trial_sharpes(key: Key) -> Iterator[Case]:
    yield Case("all", [core.sharpe(trial) for trial in _trials(key)], key.value)


def _best(key: Key) -> tuple[int, dict[str, float], float]:
    """Return the best trial, its shape, and the ratio that the best of so many should show."""
    trials = _trials(key)
    ratios = np.array([core.sharpe(trial) for trial in trials], dtype=np.float64)
    best = int(np.argmax(ratios))
    rival = core.expected_max_sharpe(float(len(trials)), float(np.var(ratios, ddof=1)))
    shape: dict[str, float] = core.sharpe_shape(trials[best]) or {}
    return best, shape, rival


def _best_trial(key: Key) -> Iterator[Case]:
    yield Case("all", _best(key)[0], key.value)


def _deflated(key: Key) -> Iterator[Case]:
    _, shape, rival = _best(key)
    got = {"sr": shape["sharpe"], "skew": shape["skew"], "kurt": shape["kurtosis"]}
    got |= {"sr0": rival, "dsr": core.sharpe_probability(shape, rival)}
    yield Case("best trial", got, key.value)


def _probabilistic(key: Key) -> Iterator[Case]:
    shape = _best(key)[1] | {"n": float(key.value["T"]), "sharpe": key.value["sr"]}
    yield Case("best trial", core.sharpe_probability(shape, key.value["sr_star"]), key.value["out"])


def _track_record(key: Key) -> Iterator[Case]:
    yield Case("best trial", core.track_record(_best(key)[1], 0.0, CONFIDENCE), key.value)


def _expected_max(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        yield Case(name, core.expected_max_sharpe(float(row["N"]), row["var"]), row["out"])


def _overfitting(key: Key) -> Iterator[Case]:
    blocks = int(key.name.removeprefix("pbo_S"))
    yield Case("trials", core.overfitting(np.array(_trials(key)), blocks), key.value)


def _pnl(key: Key) -> Iterator[Case]:
    given = key.value
    fills, marks, funding = (_rows(given[name]) for name in ("fills", "marks", "funding"))
    got = core.pnl_parts(fills, marks, funding, given["fee_rate"])
    yield Case("parts", got, given["out"])


def _rows(table: Any) -> list[Any]:
    """Return the rows of a table as tuples of doubles."""
    return [tuple(map(float, row)) for row in table]


def _trips(fills: Any) -> dict[str, Any]:
    trips: dict[str, Any] = core.round_trips(
        [(float(side), px, qty) for _, side, px, qty, *_ in fills]
    )
    return trips


def _round_trips(key: Key) -> Iterator[Case]:
    yield Case("fills of pnl", _trips(key.file["pnl"]["fills"]), key.value)


def _round_trips_small(key: Key) -> Iterator[Case]:
    yield Case("fills", _trips(key.value["fills"]), key.value["out"])


def _ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)


def _markouts(key: Key) -> Iterator[Case]:
    times = np.array([_ns(t) for t in key.file["mid_times"]], dtype=np.int64)
    mids = (times, array(key.file["mids"]))
    for name, row in each(key.value):
        wanted = row["out"]
        horizons = list(wanted["markout"])
        fill = (_ns(row["t"]), float(row["side"]), row["px"])
        made = core.markouts(mids, [fill], [_ns(float(h)) for h in horizons], key.file["fee_bps"])[
            0
        ]
        names = {"markout": "markout", "impact": "impact", "markout_net": "net"}
        got = {n: dict(zip(horizons, made[own], strict=True)) for n, own in names.items()}
        yield Case(name, got | {"effective": made["effective"]}, wanted)


def _tiers(key: Key) -> Iterator[Case]:
    for _, row in each(key.value):
        got = list(core.fee_tier(float(row["vol14"])))
        yield Case(f"volume {row['vol14']:g}", got, row["taker_maker"])


def _discounts(key: Key) -> Iterator[Case]:
    for _, row in each(key.value):
        yield Case(f"{row['hype']:g} HYPE", core.stake_discount(float(row["hype"])), row["out"])


def _maker_rates(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        got = core.maker_rate(*(float(row[k]) for k in ("vol14", "hype", "share")))
        yield Case(name, got, row["out"])


def _staking(key: Key) -> Iterator[Case]:
    discounts = {row["hype"]: row["discount"] for row in key.value}
    for row in key.value:
        for scenario in sorted(set(row) - {"hype", "discount"}):
            held, return_, yield_ = _scenario(scenario)
            step = _STAKING | {
                "bot_return": _STAKING["bot_return"] if return_ is None else return_,
                "stake_yield": yield_,
                "stake_usd": (row["hype"] - held) * _HYPE_USD,
                "discount": row["discount"] - (discounts[held] if held else 0.0),
            }
            yield Case(f"{row['hype']} HYPE {scenario}", core.stake_step(step), row[scenario])


def _scenario(name: str) -> tuple[int, float | None, float]:
    """Return HYPE held before, the bot's return if another than the owner's, and the yield."""
    held = re.search(r"vs_(\d+)_hype", name)
    return_ = re.search(r"at_(\d+)pct_return", name)
    yield_ = re.search(r"yield_(\d+)_(\d+)pct", name)
    if name != "vs_none" and held is None and return_ is None:
        raise ValueError(f"unknown scenario {name!r}")
    return (
        int(held[1]) if held else 0,
        int(return_[1]) / 100 if return_ else None,
        float(f"{yield_[1]}.{yield_[2]}") / 100 if yield_ else 0.0,
    )


PERFORMANCE: Table = (
    ("metrics", "sharpe_365", _sharpe),
    ("metrics", "sharpe_lo_10", _sharpe_lo),
    ("metrics", "sortino_365", _sortino),
    ("metrics", "drawdown", _drawdown),
    ("metrics", "sharpe_constant", _sharpe_constant),
    ("metrics", "sharpe_one", _sharpe_one),
    ("metrics", "trial_sharpes", _trial_sharpes),
    ("metrics", "best_trial", _best_trial),
    ("metrics", "dsr_best", _deflated),
    ("metrics", "psr", _probabilistic),
    ("metrics", "min_trl", _track_record),
    ("metrics", "expected_max", _expected_max),
    ("metrics", r"pbo_S\d+", _overfitting),
    ("metrics", "pnl", _pnl),
    ("metrics", "round_trips", _round_trips),
    ("metrics", "round_trips_small", _round_trips_small),
    ("markout", "fills", _markouts),
    ("fees", "vip", _tiers),
    ("fees", "stake_discount", _discounts),
    ("fees", "maker_rate", _maker_rates),
    ("fees", "staking", _staking),
)
