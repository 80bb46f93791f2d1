"""Signals — book, trade and volatility signals under the vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import Case, Key, Table, array, each

_NO_SIZE = 0.0
_OUTPUTS = re.compile(r"mid|weighted_mid|depth_wmid_m\d+_l\d+|imb\d+(_l\d+)?|imb_dist_\d+_\d+")
# Names of the fitted matrices in the files, and the core's.
_MICRO = {"Q": "stay", "R1": "moves", "R2": "moved", "B": "next"}


def _levels(rows: Any) -> list[tuple[float, float]]:
    return [(price, size) for price, size in rows]


def _decay(digits: str) -> float:
    """Return a decay spelled without its point: 05 is 0.5."""
    return float(int(digits)) / float(10 ** (len(digits) - 1))


def _output(name: str, bids: Any, asks: Any) -> Any:
    """Return what the shipped function of an output name gives."""
    numbers = re.findall(r"\d+", name)
    if name == "mid":
        return core.weighted_mid((bids[0][0], _NO_SIZE), (asks[0][0], _NO_SIZE))
    if name == "weighted_mid":
        return core.weighted_mid(bids[0], asks[0])
    if name.startswith("imb_dist"):
        return core.distance_imbalance(bids, asks, float(numbers[0]), float(numbers[1]))
    decay = _decay(numbers[1]) if len(numbers) > 1 else 0.0
    if name.startswith("depth_wmid"):
        return core.depth_weighted_mid(bids, asks, int(numbers[0]), decay)
    return core.depth_imbalance(bids, asks, int(numbers[0]), decay)


def _static(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        bids, asks = _levels(row["bids"]), _levels(row["asks"])
        for output in filter(_OUTPUTS.fullmatch, row):
            yield Case(f"{name} {output}", _output(output, bids, asks), row[output])


def _looks(key: Key) -> list[tuple[Any, Any]]:
    return [(_levels(s["bids"]), _levels(s["asks"])) for s in key.file["snapshots"]]


def _flow_best(key: Key) -> Iterator[Case]:
    looks = _looks(key)
    got = [core.order_flow_levels(looks[at : at + 2], 1)["sum"][0] for at in range(len(looks) - 1)]
    yield Case("all", got, key.value)


def _flow_levels(key: Key) -> Iterator[Case]:
    ranks = int(key.name.removeprefix("ofi_levels"))
    for name, got in core.order_flow_levels(_looks(key), ranks).items():
        yield Case(name, got, key.value[name])


def _trades(key: Key) -> list[tuple[float, float, float]]:
    return [(t, float(side), size) for t, side, size in key.file["trades"]]


def _flow_window(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        yield Case(name, core.flow_imbalance(_trades(key), row["t0"], row["t1"]), row["out"])


def _flow_ewma(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        got = core.flow_imbalance_decayed(_trades(key), row["t"], row["half_life"])
        yield Case(name, got, row["out"])


def _micro(key: Key) -> Iterator[Case]:
    given = key.value
    table = key.table(given["file"])
    rows = np.column_stack([table[c] for c in ("bid", "ask", "bid_size", "ask_size")])
    grid = (given["n_imb"], given["n_spread"], given["tick"])
    states = given["n_imb"] * given["n_spread"]
    for kind, wanted in given["fit"].items():
        fit = core.fit_micro_price(np.ascontiguousarray(rows), grid, kind == "symmetrized")
        if fit is None:
            raise ValueError("the fit is singular")
        got = {name: np.reshape(fit[own], (states, -1)).tolist() for name, own in _MICRO.items()}
        half = given["tick"] / 2.0
        got |= {
            "K": [moves * half for moves in (-2, -1, 1, 2)],
            "G1": fit["first"],
            "G": fit["adjustment"],
            "residual": fit["residual"],
            "seen": [visits > 0 for visits in fit["visits"]],
            "n_skip": fit["skipped"],
            "counts": fit["visits"],
        }
        for name in wanted:
            yield Case(f"{kind} {name}", got[name], wanted[name])


def _windows(key: Key) -> Iterator[Case]:
    candles = key.table("candles.csv")
    for _, row in each(key.value):
        span = slice(row["from"], row["to"])
        columns = (np.ascontiguousarray(candles[c][span]) for c in ("open", "high", "low", "close"))
        got = core.bar_volatility(*columns)
        got["realised"] = got.pop("close_to_close")
        wanted = {name: row[name] for name in got}
        yield Case(f"{row['from']} to {row['to']}", got, wanted)


def _ewma(key: Key) -> Iterator[Case]:
    half_life, seed = (int(n) for n in re.findall(r"\d+", key.name))
    path = core.ewma_volatility(array(key.table("candles.csv")["close"]), float(half_life), seed)
    got = {"first": path[0], "last": path[-1], "every_50": path[::50]}
    for name, wanted in key.value.items():
        yield Case(name, got[name], wanted)


SIGNALS: Table = (
    ("book", "static", _static),
    ("book", "edge", _static),
    ("book", "ofi_best", _flow_best),
    ("book", r"ofi_levels\d+", _flow_levels),
    ("book", "tfi_window", _flow_window),
    ("book", "tfi_ewma", _flow_ewma),
    ("book", "micro", _micro),
    ("volsize", "windows", _windows),
    ("volsize", r"ewma_hl\d+_seed\d+", _ewma),
)
