"""Replayed — small synthetic markets on tape, and the core's replay of them, for the tests of replay."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from botmm.core import Replay, Synth, TapeWriter
from botmm.units import SECOND_NS, day_start, parse_date

Columns = dict[str, Any]
START = day_start(parse_date("2026-01-05"))
MS = 1_000_000


def market(streams: str, minutes: int, seed: int = 1, symbol: str = "SOL") -> Columns:
    """Return the rows of a synthetic market, in order of delivery."""
    wish = {"symbol": symbol, "seed": seed, "start": START, "streams": streams}
    rows: Columns = Synth(json.dumps(wish)).step_until(START + minutes * 60 * SECOND_NS)
    return rows


def write(path: Path, rows: Columns, before: Any = None) -> Any:
    """Write a tape; one that continues `before` starts with its book."""
    meta = {
        "venue": "hyperliquid",
        "symbol": "SOL",
        "px_decimals": "4",
        "size_decimals": "2",
        "price_rule": "five_figures",
        "tier": "C",
        "window": "20",
        "inverse": "false",
        "source": "synthetic",
    }
    writer = TapeWriter(str(path), meta, before)
    writer.append(rows)
    writer.close()
    return writer


def taken(rows: Columns, keep: Any) -> Columns:
    """Return some of the rows."""
    return {name: np.ascontiguousarray(column[keep]) for name, column in rows.items()}


def spec(tapes: list[Path], **sim: Any) -> dict[str, Any]:
    """Return a run with two levels a side and the shipped limits; `sim` overrides the venue's."""
    return {
        "symbols": [
            {
                "symbol": "SOL",
                "venue": "hyperliquid",
                "tapes": [str(tape) for tape in tapes],
                "params": {"base_spread_bps": 0.5, "fee_floor": False},
            }
        ],
        "account": {"capital_usd": 10_000.0},
        "sim": {
            "queue": "risk-averse",
            "latency": {"model": "constant", "entry_ns": 30 * MS, "response_ns": 20 * MS},
            "partial_fills": True,
            "through_fill": "volume",
            **sim,
        },
        "fees": {"maker": 0.00015, "taker": 0.00045},
        "step_ms": 100.0,
        "equity_interval_s": 1.0,
        "max_gap_s": 3600.0,
    }


def play(told: dict[str, Any], chunk: int = 1 << 40) -> dict[str, Any]:
    """Run to the end in chunks of so many rows; the summary comes as a tree."""
    replay = Replay(json.dumps(told))
    while not replay.run(chunk)["done"]:
        pass
    result = replay.result()
    return {**result, "summary": json.loads(result["summary"])}
