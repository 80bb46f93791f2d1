"""Trends — Kalman filters, QQE and the directional bias under the vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import F64, Case, Key, Table, array, each

_SERIES = "kalman_qqe.csv"
# Columns of the file, and the core's names for them.
_LEVEL = {
    "lvl_x": "level",
    "lvl_p": "variance",
    "lvl_nu": "innovation",
    "lvl_S": "innovation_variance",
    "lvl_K": "gain",
}
_TREND = {
    "tr_level": "level",
    "tr_slope": "slope",
    "tr_p11": "p11",
    "tr_p12": "p12",
    "tr_p22": "p22",
    "tr_nu": "innovation",
    "tr_S": "innovation_variance",
}
_QQE = {"rsi_ma": "rsi_ma", "dar": "reach", "qqe_line": "line", "qqe_trend": "trend"}


def _closes(key: Key) -> F64:
    return key.table(_SERIES)["close"]


def _columns(key: Key, got: dict[str, Any], names: dict[str, str]) -> Iterator[Case]:
    """Compare columns of the series; a cell without a number is not defined yet."""
    table = key.table(_SERIES)
    for column, own in names.items():
        wanted = [None if np.isnan(cell) else float(cell) for cell in table[column]]
        yield Case(column, got[own], wanted)


def _level(key: Key) -> Iterator[Case]:
    got = core.kalman_level(_closes(key), key.value["q"], key.value["r"])
    yield from _columns(key, got, _LEVEL)
    yield Case("loglik", got["log_likelihood"], key.value["loglik"])


def _run_trend(key: Key) -> dict[str, Any]:
    given = key.file["trend"]
    noise = (given["q_level"], given["q_slope"], given["r"])
    return core.kalman_trend(_closes(key), noise, given["dt"])


def _trend(key: Key) -> Iterator[Case]:
    got = _run_trend(key)
    yield from _columns(key, got, _TREND)
    yield Case("loglik", got["log_likelihood"], key.value["loglik"])


def _moments(key: Key) -> Iterator[Case]:
    yield Case("series", core.noise_by_moments(_closes(key)), key.value)


def _likelihood(key: Key) -> Iterator[Case]:
    got = core.noise_by_likelihood(_closes(key)) or {}
    yield Case("series", got | {"loglik": got.get("log_likelihood")}, key.value)


def _run_qqe(key: Key) -> dict[str, Any]:
    given = key.file["qqe"]
    return core.qqe(_closes(key), given["rsi_n"], given["sf"], given["factor"])


def _qqe(key: Key) -> Iterator[Case]:
    yield from _columns(key, _run_qqe(key), _QQE)


def _last(closes: F64, lengths: tuple[int, int, float], rows: int) -> dict[str, Any]:
    """Return the last rows of QQE under the names of the files."""
    got = core.qqe(closes, *lengths)
    return {column.removeprefix("qqe_"): got[own][-rows:] for column, own in _QQE.items()}


def _qqe_other(key: Key) -> Iterator[Case]:
    rsi_n, smoothing, factor, rows = (int(n) for n in re.findall(r"\d+", key.name))
    lengths = (rsi_n, smoothing, factor / 1_000.0)
    yield Case("series", _last(_closes(key), lengths, rows), key.value)


def _qqe_plain(key: Key) -> Iterator[Case]:
    rising = key.name == "qqe_rising_last"
    closes = array(100.0 + np.arange(120) * float(rising))
    given = key.file["qqe"]
    got = _last(closes, (given["rsi_n"], given["sf"], given["factor"]), 1)
    yield Case("last", {name: column[0] for name, column in got.items()}, key.value)


def _bias(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        yield Case(name, core.directional_bias(row["kb"], row["qb"]), row["out"])
    trend, qqe = _run_trend(key), _run_qqe(key)
    kalman = [core.kalman_bias(*row) for row in zip(trend["slope"], trend["p22"], strict=True)]
    strength = [
        0.0 if index is None else core.qqe_bias(index, sign)
        for index, sign in zip(qqe["rsi_ma"], qqe["trend"], strict=True)
    ]
    both = [core.directional_bias(*row) for row in zip(kalman, strength, strict=True)]
    got = {"kalman": kalman, "qqe": strength, "both": both}
    yield from _columns(key, got, {"kalman_bias": "kalman", "qqe_bias": "qqe", "bias": "both"})


TRENDS: Table = (
    ("kalman_qqe", "level", _level),
    ("kalman_qqe", "trend", _trend),
    ("kalman_qqe", "noise_moments", _moments),
    ("kalman_qqe", "noise_mle", _likelihood),
    ("kalman_qqe", "qqe", _qqe),
    ("kalman_qqe", r"qqe_\d+_\d+_\d+_last\d+", _qqe_other),
    ("kalman_qqe", "qqe_(constant|rising)_last", _qqe_plain),
    ("kalman_qqe", "bias_cases", _bias),
)
