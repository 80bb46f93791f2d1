"""Markets — small synthetic tapes, and runs over them, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from botmm.core import Replay, Synth, TapeWriter
from tests.fakes.specs import START

MINUTE = 60 * 10**9
SECOND = 10**9
SCALES = {"BTC": ("1", "5"), "ETH": ("2", "4"), "SOL": ("4", "2"), "XRP": ("6", "0")}
# Limits of an account so wide that one symbol never feels another.
WIDE = {
    "actions_burst": 10_000,
    "actions_per_s": 10_000,
    "orders_in_all": 1_000,
    "daily_reduce_frac": 0.5,
    "daily_halt_frac": 0.5,
    "equity_floor_frac": 0.0,
    "gross_frac": 5.0,
}


@dataclass(frozen=True, kw_only=True)
class Market:
    """A tape of one symbol."""

    symbol: str
    path: Path


def write_market(
    folder: Path, symbol: str, minutes: int, *, seed: int = 5, streams: str = "modern"
) -> Market:
    """Write a synthetic market of so many minutes from START."""
    wish = {"symbol": symbol, "seed": seed, "start": START, "streams": streams}
    rows = Synth(json.dumps(wish)).step_until(START + minutes * MINUTE)
    return write_rows(folder, symbol, rows)


def write_rows(folder: Path, symbol: str, rows: Mapping[str, np.ndarray]) -> Market:
    """Write rows as a tape, in the order of delivery."""
    order = np.argsort(rows["ts_recv"], kind="stable")
    px_decimals, size_decimals = SCALES[symbol]
    meta = {
        "venue": "hyperliquid",
        "symbol": symbol,
        "px_decimals": px_decimals,
        "size_decimals": size_decimals,
        "price_rule": "five_figures",
        "tier": "C",
        "window": "20",
        "inverse": "false",
        "quality": "{}",
        "source": "synthetic",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{symbol}.parquet"
    with TapeWriter(str(path), meta) as writer:
        writer.append({name: np.ascontiguousarray(column[order]) for name, column in rows.items()})
        writer.close()
    return Market(symbol=symbol, path=path)


def told(*makers: tuple[Market, Mapping[str, Any]], **also: Any) -> dict[str, Any]:
    """Return what the core is told of a run of these markets with these parameters."""
    return {
        "symbols": [
            {
                "symbol": market.symbol,
                "venue": "hyperliquid",
                "tapes": [str(market.path)],
                "params": dict(params),
            }
            for market, params in makers
        ],
        "account": {"capital_usd": 1_000.0},
        "sim": {
            "queue": "risk-averse",
            "latency": {"model": "constant", "entry_ns": 50_000_000, "response_ns": 30_000_000},
            "partial_fills": True,
            "through_fill": "volume",
        },
        "from": None,
        "to": None,
        "warmup_ns": 0,
        "step_ms": 100.0,
        "equity_interval_s": 10.0,
        "max_gap_s": 30.0,
        "seed": 1,
        **also,
    }


def play(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Run a spec to its end; the summary comes as a tree."""
    replay = Replay(json.dumps(spec))
    while not replay.run(1_000_000)["done"]:
        pass
    result = replay.result()
    return {**result, "summary": json.loads(result["summary"])}
