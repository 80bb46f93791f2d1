"""Equity — a long run's trace is thin, keeps midnights and the end, and is as it was when short."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from botmm.research.equity import ROWS_KEPT, EquityTrace, width_ns
from botmm.units import DAY_NS, SECOND_NS

INTERVAL = 10 * SECOND_NS


def samples(days: float, *, symbols: int = 2, unpriced: int = 0) -> dict[str, Any]:
    """Return samples of some symbols, symbol by symbol; the last so many have no mid."""
    ts = np.arange(0, round(days * DAY_NS) + 1, INTERVAL, dtype=np.int64)
    mid2 = np.arange(1, len(ts) + 1)
    mid2[len(ts) - unpriced :] = 0
    return {
        "symbol": np.repeat(np.arange(symbols, dtype=np.uint16), len(ts)),
        "ts": np.tile(ts, symbols),
        "mid2": np.tile(mid2, symbols),
    }


def cut(rows: dict[str, Any], pieces: int) -> list[dict[str, Any]]:
    """Return rows in pieces of time, as chunks of a run bring them."""
    edges = np.linspace(0, int(rows["ts"].max()) + 1, pieces + 1)
    masks = [(rows["ts"] >= low) & (rows["ts"] < high) for low, high in pairwise(edges)]
    return [{name: column[mask] for name, column in rows.items()} for mask in masks]


def traced(rows: dict[str, Any], days: float, pieces: int) -> dict[str, Any]:
    trace = EquityTrace(INTERVAL, round(days * DAY_NS))
    for piece in cut(rows, pieces):
        trace.add(piece)
    return trace.columns()


def of(rows: dict[str, Any], symbol: int, name: str) -> Any:
    return rows[name][rows["symbol"] == symbol]


def test_short_runs_keep_every_sample() -> None:
    rows = samples(1)
    kept = traced(rows, 1, 5)
    for symbol in (0, 1):
        assert of(kept, symbol, "mid2").tolist() == of(rows, symbol, "mid2").tolist()


@pytest.mark.parametrize("pieces", [1, 7, 97])
def test_long_runs_keep_few_with_every_midnight_and_the_end(pieces: int) -> None:
    days = 30.01
    kept = traced(samples(days), days, pieces)
    for symbol in (0, 1):
        ts = of(kept, symbol, "ts")
        assert len(ts) < ROWS_KEPT
        assert np.all(np.diff(ts) > 0)
        assert set(range(0, 31 * DAY_NS, DAY_NS)) <= set(ts.tolist())
        assert ts[-1] == int(days * DAY_NS) // INTERVAL * INTERVAL


@pytest.mark.parametrize("unpriced", [1, 3, 40, 9_000])
def test_the_last_sample_with_a_mid_stays(unpriced: int) -> None:
    rows = samples(30, unpriced=unpriced)
    kept = traced(rows, 30, 50)
    for symbol in (0, 1):
        mids, all_mids = of(kept, symbol, "mid2"), of(rows, symbol, "mid2")
        assert mids[mids > 0][-1] == all_mids[all_mids > 0][-1]
        assert of(kept, symbol, "ts")[-1] == of(rows, symbol, "ts")[-1]
        assert np.all(np.diff(of(kept, symbol, "ts")) > 0)


def test_widths_divide_a_day() -> None:
    for days in (1, 7, 30, 90, 365):
        width = width_ns(INTERVAL, days * DAY_NS)
        assert DAY_NS % width == 0
        assert days * DAY_NS / width <= ROWS_KEPT
    assert width_ns(INTERVAL, DAY_NS) == INTERVAL
