"""Ours — BotMM's replay of a tape with the fixed quoting rule."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backtest.bench.rule import FILL_DTYPE, MS, ORDER_DTYPE, REFUSED, Outcome, Rule
from backtest.bench.streams import Scale

CHUNK_ROWS = 4_000_000
# Limits of the account as wide as they go: the yardstick has none. Values in dollars are meant for
# 1,000 dollars of capital and scale with it.
CAPITAL_USD = 100_000_000.0
SCALE = CAPITAL_USD / 1_000.0


def params(rule: Rule) -> dict[str, Any]:
    """Return the maker's parameters for the rule."""
    return {
        "mode": "fixed",
        "fixed_half_ticks": float(rule.half_ticks),
        "fixed_skew_ticks": float(rule.skew_ticks),
        "order_lots": rule.clip_lots,
        "num_levels": 1,
        "fee_floor": False,
        "order_size_usd": 20_000.0 / SCALE,
        "order_value_factor": 1.0,
        "max_position_usd": 240_000.0 / SCALE,
        "stale_ms": 600_000.0,
        "collar_frac": 0.05,
        "displayed_frac": 0.0,
        "repeat_fills": 256,
        "repeat_window_s": 0.001,
        "duplicate_ms": 0.0,
        "jump_frac": 1.0,
        "orders_in_all": 1000,
        "orders_per_level": 32,
        "actions_burst": 10_000,
        "actions_per_s": 10_000,
    }


def spec(paths: list[Path], scale: Scale, rule: Rule) -> dict[str, Any]:
    """Return what the core is told."""
    return {
        "symbols": [
            {
                "symbol": scale.symbol,
                "venue": scale.venue,
                "tapes": [str(path) for path in paths],
                "params": params(rule),
            }
        ],
        "account": {"capital_usd": CAPITAL_USD},
        "sim": {
            "queue": rule.queue,
            "latency": {
                "model": "constant",
                "entry_ns": rule.entry_ns,
                "response_ns": rule.response_ns,
            },
            "partial_fills": False,
            "through_fill": "full",
            "block_ns": 0,
        },
        "fees": {"maker": 0.00015, "taker": 0.00045},
        "from": None,
        "to": None,
        "warmup_ns": 0,
        "step_ms": rule.step_ns / MS,
        "equity_interval_s": 60.0,
        "max_gap_s": 3600.0,
        "bridge_gaps": True,
        "seed": 1,
    }


def run(paths: list[Path], scale: Scale, rule: Rule, arrival: str = "shared") -> Outcome:
    """Replay tapes of one symbol, from the files to the result."""
    from botmm.core import Replay

    began = time.process_time()
    told = spec(paths, scale, rule)
    told["sim"]["arrival"] = arrival
    replay = Replay(json.dumps(told))
    while not replay.run(CHUNK_ROWS)["done"]:
        pass
    result = replay.result()
    seconds = time.process_time() - began
    columns = result["fills"]
    fills = np.zeros(len(columns["ts_exch"]), FILL_DTYPE)
    fills["ts"], fills["side"] = columns["ts_exch"], columns["side"]
    fills["px"] = columns["px"] // scale.units_per_tick
    return Outcome(
        seconds=seconds,
        fills=fills,
        orders=_orders(result["orders"], scale),
        summary=json.loads(result["summary"]),
    )


def _orders(columns: dict[str, Any], scale: Scale) -> npt.NDArray[np.void]:
    """Return how each order ended, by time of sending."""
    orders = np.zeros(len(columns["ts_sent"]), ORDER_DTYPE)
    orders["sent"], orders["side"] = columns["ts_sent"], columns["side"]
    orders["px"] = columns["px"] // scale.units_per_tick
    orders["done"], orders["ahead"] = columns["ts_done"], columns["ahead"]
    # Working, filled, cancelled; everything after that is a refusal.
    orders["status"] = np.minimum(columns["status"], REFUSED)
    return np.sort(orders, order=["sent", "side"])


def read(paths: list[Path]) -> float:
    """Return the processor's seconds that decoding the tapes takes, without a market or a maker."""
    from botmm.core import count_rows

    began = time.process_time()
    for path in paths:
        count_rows(str(path))
    return time.process_time() - began
