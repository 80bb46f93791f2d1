"""Status tests — money is shown as it is counted, to the micro-dollar."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from botmm.live.status import status_of


def row(symbol: str, **halves: int) -> dict[str, Any]:
    """Return what the core tells of a symbol: parts of its result in halves of a micro-dollar."""
    told = dict.fromkeys(("capture2", "inventory2", "fees2", "funding2"), 0) | halves
    return told | {
        "symbol": symbol,
        "px_decimals": 1,
        "size_decimals": 5,
        "bid": None,
        "ask": None,
        "age_ns": 0,
        "position": 0,
        "proven": None,
        "entry": None,
        "unknown": 0,
        "orders": [],
        "state": "active",
        "holds": [],
        "book": "trusted",
        "maker_fills": 0,
        "taker_fills": 0,
        "volume": 149_780_003,
        "not_ready": [],
    }


def test_money_is_to_the_micro_dollar_and_no_float_dirt() -> None:
    symbols = [
        row("BTC", capture2=-20_001, inventory2=200_000, fees2=44_308, funding2=-2),
        row("ETH", capture2=200_000, inventory2=400_001),
    ]
    report = {"now": 1, "equity": 999_957_846, "symbols": symbols, "frames": 0, "changes": []}
    counts = dict.fromkeys(
        ("patience_s", "reconnects", "reconciled", "corrected_positions", "foreign_orders"), 0
    )
    standing = SimpleNamespace(account_value=9_999_957_846, budget_left=1)
    health = SimpleNamespace(
        **counts, standing=standing, holds=set(), loop_lag_ms=0.0, complaint=""
    )
    sent = SimpleNamespace(requests=0, places=0, cancels=0, given_up=0, latencies_ms=[])
    runner: Any = SimpleNamespace(
        report=lambda: report,
        health=health,
        gateway=SimpleNamespace(sent=sent),
        records=SimpleNamespace(audit=SimpleNamespace(difference=-3)),
        engine=SimpleNamespace(counts=SimpleNamespace(bad_frames=0), complaint=""),
    )
    said = json.dumps(status_of(runner, {}))
    for words in (
        '"equity_usd": 999.957846,',
        '"account_value_usd": 9999.957846,',
        '"ledger_difference_usd": -3e-06,',
        '"net_usd": 0.367845,',  # of both, and of BTC alone just below
        '"gross_usd": 0.0899995, "fees_usd": 0.022154, "funding_usd": -1e-06,',
        '"net_usd": 0.0678445,',
        '"volume_usd": 149.780003,',
    ):
        assert words in said, words
