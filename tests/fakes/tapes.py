"""Tapes — short synthetic markets on disk for tests."""

import json
from pathlib import Path

import numpy as np

from botmm.core import Synth, TapeWriter
from tests.fakes.specs import START

MINUTE = 60 * 10**9
TIERS = {"classic": "D", "modern": "C", "full": "B"}


def write_market(path: Path, minutes: int, *, symbol: str, streams: str, seed: int = 5) -> Path:
    """Write so many minutes of a synthetic market as a tape."""
    market = Synth(json.dumps({"symbol": symbol, "seed": seed, "start": START, "streams": streams}))
    rows = market.step_until(START + minutes * MINUTE)
    order = np.argsort(rows["ts_recv"], kind="stable")
    meta = {
        "venue": "hyperliquid",
        "symbol": symbol,
        "px_decimals": str(market.px_decimals),
        "size_decimals": str(market.size_decimals),
        "price_rule": "five_figures",
        "tier": TIERS[streams],
        "window": "0" if streams == "full" else "20",
        "inverse": "false",
        "quality": "{}",
        "source": "synthetic",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with TapeWriter(str(path), meta) as writer:
        writer.append({name: np.ascontiguousarray(column[order]) for name, column in rows.items()})
        writer.close()
    return path
