"""Sweep rows — a sweep's results without a sweep: rows by hand, in the columns of the real ones."""

from collections.abc import Mapping
from typing import Any

from botmm.report.sweep_sheet import SweepSheet
from botmm.research.grids import columns
from botmm.research.sweep import HORIZONS_S

START = 1_770_854_400_000_000_000  # 2026-02-12
FIRST_DAY, DAY_NS = 20_496, 86_400 * 10**9


def row(number: int, own: Mapping[str, Any], net_usd: float, **also: Any) -> dict[str, Any]:
    """Return a set that traded; 0.30 USD of fees, a third of the net result each day."""
    return {
        "set": number,
        **own,
        "net_usd": net_usd,
        "gross_usd": net_usd + 0.3,
        "fees_usd": 0.3,
        "funding_usd": 0.0,
        "volume_usd": 2_000.0,
        "fills": 120 + number,
        "orders": 900 + number,
        "cancels": 500,
        "rejects": 0,
        "breakers": 0,
        "sharpe": net_usd * 2.0,
        "drawdown_usd": 3.0 + number / 10,
        "inventory_mean_usd": 80.0,
        "inventory_max_usd": 200.0,
        **{f"markout_{seconds:g}s_bps": -0.004 for seconds in HORIZONS_S},
        "error": None,
        "days": [[FIRST_DAY + day, net_usd / 3] for day in range(3)],
        **also,
    }


def sheet(rows: list[dict[str, Any]], **also: Any) -> SweepSheet:
    """Return a report of three days of one symbol with these sets."""
    fixed = set(row(0, {}, 0.0))
    told: dict[str, Any] = {
        "rows": rows,
        "names": columns([{k: v for k, v in one.items() if k not in fixed} for one in rows]),
        "wanted": len(rows),
        "symbols": ("BTC",),
        "venue": "hyperliquid",
        "since": START,
        "until": START + 3 * DAY_NS,
        "seconds": 3 * 86_400.0,
        "tiers": ("C",),
        "synthetic": False,
        "fees": (0.00015, 0.00045),
        "assumptions": [("Queue model", "risk-averse")],
        "config": {"account.capital_usd": 1000.0},
        "versions": {"botmm": "0.1.0"},
        "command": "botmm replay --symbols BTC",
    }
    return SweepSheet(**told | also)
