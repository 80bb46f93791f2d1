"""Adaptation — toxicity, features, regime, size, tuner and inventory age under the vectors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import Case, Key, Table, array, each
from botmm.units import SECOND_NS

_MINUTE_NS = 60 * SECOND_NS
_MICRO_USD = 1_000_000
# The bars of the toxicity sequence, which the core knows.
_HORIZONS = [1, 5, 10]
# Position and inventory of the age sequence have one decimal.
_LOTS = 10
_KAPPA, _HALF_LIFE_S = 1.0, 300.0


def _atr(key: Key) -> list[float | None]:
    candles = key.table(key.file["candles_file"])
    return core.average_true_range(*(candles[name] for name in ("high", "low", "close")))


def _atr_rows(key: Key) -> Iterator[Case]:
    path = _atr(key)
    first = next(at for at, value in enumerate(path) if value is not None)
    got = {str(at): path[at] for at in range(first, len(path), 20)}
    yield Case("candles", got, key.value)
    yield Case("rows", list(got), list(key.value))


def _scores(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        got = core.toxicity_score(*(row[k] for k in ("side", "px", "later", "atr")))
        yield Case(name, got, row["out"])


def _multipliers(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        yield Case(name, core.toxicity_multiplier(row["tox"], row["n"]), row["out"])


def _sides(toxicity: core.Toxicity) -> dict[str, Any]:
    """Return the state of both sides under the names of the files."""
    state: dict[str, Any] = {}
    for name, sign in (("buy", 1), ("sell", -1)):
        side = toxicity.side(sign)
        state |= {name: side["value"] or 0.0, f"n_{name}": side["fills"]}
        state[f"mult_{name}"] = side["multiplier"]
    return state


def _toxicity(key: Key) -> Iterator[Case]:
    given = key.value
    yield Case("horizons", _HORIZONS, given["horizons"])
    closes, path = key.table(key.file["candles_file"])["close"], _atr(key)
    toxicity = core.Toxicity(_MINUTE_NS)
    for bar in range(given["first_bar"], given["last_bar"] + 1):
        now = bar * _MINUTE_NS
        toxicity.on_mid(now, closes[bar])
        toxicity.settle(now)
        for row in given["trace"]:
            if row["bar"] == bar and "fill" in row:
                fill = row["fill"]
                yield Case(f"range at bar {bar}", path[bar], fill["atr"])
                toxicity.on_fill(now, fill["side"], fill["px"], path[bar])
            elif row["bar"] == bar:
                yield Case(f"state at bar {bar}", _sides(toxicity), row["state"])


def _vpin(key: Key) -> Iterator[Case]:
    given = key.value
    trades = [(side, size) for side, size in given["trades"]]
    yield Case("trades", core.vpin(trades, given["bucket"], given["n"]), given["out"])


def _bulk(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        yield Case(name, core.bulk_buy_share(row["dp"], row["sigma"]), row["out"])


def _features(key: Key) -> Iterator[Case]:
    yield Case("names", core.CANDLE_FEATURES, key.file["names"])
    table = key.table("candles.csv")
    opened = np.round(table["open_time_s"]).astype(np.int64) * SECOND_NS
    open_, high, low, close, volume = (
        table[name] for name in ("open", "high", "low", "close", "volume")
    )
    quotes = [(row["t"], row["side"], row["quote_px"]) for row in key.value]
    rows = core.candle_features(opened, (open_, high, low, close, volume), quotes)
    for got, row in zip(rows.tolist(), key.value, strict=True):
        yield Case(f"candle {row['t']} side {row['side']}", got, row["out"])
        yield Case(f"reference {row['t']}", float(close[row["t"]]), row["ref_px"])


def _regimes(key: Key) -> Iterator[Case]:
    yield Case("ratios", core.regimes(array(key.value["ratios"])), key.value["out"])


def _sizes(key: Key) -> Iterator[Case]:
    names = ("vol_ratio", "fill_rate", "rho", "toxicity", "drawdown", "drawdown_max")
    outputs = {
        "f_vol": "volatility",
        "f_fill": "fills",
        "f_inv": "inventory",
        "f_tox": "toxicity",
        "f_dd": "drawdown",
        "mult": "multiplier",
    }
    for name, row in each(key.value):
        given = dict(zip(names, row["in"], strict=True))
        money = {k: round(given[k] * _MICRO_USD) for k in ("drawdown", "drawdown_max")}
        got = core.size_factors(given | money)
        yield Case(name, {out: got[own] for out, own in outputs.items()}, row["out"])


def _tuner(key: Key) -> Iterator[Case]:
    base = key.value["base"]
    tuner = core.Tuner(base["spread_mult"], base["skew"])
    for name, row in each(key.value["steps"]):
        sharpe, fill_rate, mean_rho, fills = row["in"]
        events = tuner.step(sharpe, fill_rate, mean_rho, fills)
        got = {"spread_mult": tuner.spread_mult, "skew": tuner.skew}
        yield Case(f"{name} values", got, row["out"])
        yield Case(f"{name} events", events, row["events"])


def _ages(key: Key) -> Iterator[Case]:
    times = [round(t * SECOND_NS) for t, _ in key.value["fills"]]
    lots = list(accumulate(round(q * _LOTS) for _, q in key.value["fills"]))
    until = round(key.value["t_end"] * SECOND_NS)
    ages, final = core.inventory_ages(list(zip(times, lots, strict=True)), until)
    for age, held, row in zip(ages, lots, key.value["rows"], strict=True):
        got = {"t": row["t"], "q": held / _LOTS, "age": age}
        yield Case(f"{row['t']} s", got, row)
    yield Case("final", final, key.value["final"])


def _skews(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        got = core.decayed_skew(row["phi"], row["age"], _KAPPA, _HALF_LIFE_S)
        yield Case(name, got, row["out"])


ADAPTATION: Table = (
    ("markout", "atr14_every_20", _atr_rows),
    ("markout", "tox_score", _scores),
    ("markout", "tox_multiplier", _multipliers),
    ("markout", "tox_sequence", _toxicity),
    ("markout", "vpin", _vpin),
    ("markout", "bvc", _bulk),
    ("features", "rows", _features),
    ("volsize", "regime", _regimes),
    ("volsize", "sizer", _sizes),
    ("volsize", "tuner", _tuner),
    ("volsize", "inventory_age", _ages),
    ("volsize", "decay_skew", _skews),
)
