"""Status — the daemon as people look at it: dollars and prices, one table row a symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from botmm.live.runner import Runner
from botmm.units import to_text

_MICRO = 1_000_000


def status_of(runner: Runner, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a status screen, the metrics and a notifier show.

    Args:
        about: what does not change during a run: mode, account, url, started_ns.
    """
    report, health, sent = runner.report(), runner.health, runner.gateway.sent
    standing, apart = health.standing, runner.records.audit.difference
    symbols = [_symbol(row) for row in report["symbols"]]
    return {
        **about,
        "now_ns": report["now"],
        "state": _state(report, health.holds),
        "holds": sorted(health.holds),
        "equity_usd": report["equity"] / _MICRO,
        "net_usd": sum(map(_net2, report["symbols"])) / (2 * _MICRO),
        "account_value_usd": None if standing is None else standing.account_value / _MICRO,
        "ledger_difference_usd": None if apart is None else apart / _MICRO,
        "budget_left": None if standing is None else standing.budget_left,
        "patience_s": health.patience_s,
        "reconnects": health.reconnects,
        "reconciled": health.reconciled,
        "corrected_positions": health.corrected_positions,
        "foreign_orders": health.foreign_orders,
        "unknown_orders": sum(one["unknown"] for one in symbols),
        "requests": sent.requests,
        "places": sent.places,
        "cancels": sent.cancels,
        "given_up": sent.given_up,
        "answer_ms": _quantiles(sent.latencies_ms),
        "loop_lag_ms": health.loop_lag_ms,
        "frames": report["frames"],
        "bad_frames": runner.engine.counts.bad_frames,
        "complaint": health.complaint or runner.engine.complaint,
        "symbols": symbols,
        "changes": report["changes"][-8:],
    }


def _state(report: Mapping[str, Any], holds: set[str]) -> str:
    """Return the whole daemon's state in one word."""
    if any(row["state"] == "halted" for row in report["symbols"]):
        return "halted"
    if holds:
        return "held"
    orders = [order for row in report["symbols"] for order in row["orders"]]
    meant = any(order["state"] in {"placing", "working"} for order in orders)
    return "quoting" if meant else "waiting"


def _symbol(row: Mapping[str, Any]) -> dict[str, Any]:
    px, size = int(row["px_decimals"]), int(row["size_decimals"])
    quotes = [
        {
            "side": order["side"],
            "px": to_text(order["px"], px),
            "left": to_text(order["left"], size),
            "state": order["state"],
        }
        for order in row["orders"]
    ]
    return {
        "symbol": row["symbol"],
        "state": row["state"],
        "holds": row["holds"],
        "book": row["book"],
        "bid": None if row["bid"] is None else to_text(row["bid"], px),
        "ask": None if row["ask"] is None else to_text(row["ask"], px),
        "age_s": row["age_ns"] * 1e-9,
        "position": to_text(row["position"], size),
        "proven": row["proven"] is not None,
        "entry": row["entry"],
        "quotes": quotes,
        "unknown": row["unknown"],
        "gross_usd": _gross2(row) / (2 * _MICRO),
        "fees_usd": row["fees2"] / (2 * _MICRO),
        "funding_usd": row["funding2"] / (2 * _MICRO),
        "net_usd": _net2(row) / (2 * _MICRO),
        "fills": row["maker_fills"] + row["taker_fills"],
        "volume_usd": row["volume"] / _MICRO,
        "not_ready": row["not_ready"],
    }


def _gross2(row: Mapping[str, Any]) -> int:
    """Return what prices brought, in halves of a micro-USD as the core counts it."""
    return int(row["capture2"] + row["inventory2"])


def _net2(row: Mapping[str, Any]) -> int:
    return _gross2(row) - int(row["fees2"]) + int(row["funding2"])


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return the middle and the tail of the last answers."""
    if not values:
        return {}
    p50, p99 = np.percentile(np.asarray(values), [50, 99])
    return {"p50": float(p50), "p99": float(p99)}
