"""Specs — what a run is told, for tests."""

from typing import Any

START = 1_770_854_400 * 10**9  # 2026-02-12 00:00 UTC
DAY = 86_400 * 10**9


def spec(*, days: float = 3.0, symbols: int = 1, seed: int = 1) -> dict[str, Any]:
    """Return a spec of so many symbols and days."""
    names = ["BTC", "ETH", "SOL", "XRP"][:symbols]
    return {
        "symbols": [{"symbol": name, "venue": "hyperliquid", "tapes": []} for name in names],
        "sim": {"queue": "risk-averse", "latency": {"scale": 1.0}},
        "from": START,
        "to": START + round(days * DAY),
        "equity_interval_s": 10,
        "seed": seed,
    }
