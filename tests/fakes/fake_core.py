"""Fake core — a stand-in for the compiled module: a plausible market maker on a random walk.

Its sums are exact, so that reports can be checked to the last unit; nothing of it ships.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

__version__ = "0.1.0"

PX_DECIMALS, SIZE_DECIMALS, CASH_DECIMALS = 1, 5, 6
DAY = 86_400_000_000_000
MARKOUT_NS = [100_000_000, 10**9, 5 * 10**9, 30 * 10**9, 60 * 10**9, 300 * 10**9]
UNRESOLVED = np.iinfo(np.int64).min


class CoreException(Exception):
    """Base of every error of the core."""


class GapError(CoreException):
    """A gap is longer than accepted."""


GapError.__module__ = "botmm._core"


def param_table() -> list[dict[str, Any]]:
    """Return a few parameters in the shape of the core's table."""

    def row(name: str, default: Any, low: float = 0.0, high: float = 1.0, **more: Any) -> dict:
        doc = more.pop("doc", f"The {name.replace('_', ' ')}.")
        return {"name": name, "default": default, "min": low, "max": high, "doc": doc, **more}

    return [
        row("mode", "bps", choices=["bps", "glft"]),
        row("base_spread_bps", 2.0, 0.0, 500.0, doc="Least full spread, in basis points."),
        row("vol_multiplier", 1.5, 0.0, 20.0),
        row("inventory_skew_factor", 0.3, 0.0, 5.0),
        row("bias_strength", 0.2, 0.0, 1.0),
        row("num_levels", 2, 1, 8, doc="Levels a side."),
        row("order_size_usd", 150.0, 1.0, 25_000.0),
        row("max_position_usd", 500.0, 1.0, 1e6),
        row("compound", True),
        row("fee_floor", True),
    ]


def base_fees(venue: str) -> tuple[float, float]:
    """Return the base tier."""
    return (0.00015, 0.00045)


def tape_info(path: str) -> dict[str, Any]:
    """Return the JSON that a fake tape holds."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Replay:
    """Plays a random walk with fills at the touch."""

    def __init__(self, spec_json: str) -> None:
        self.spec = json.loads(spec_json)
        first = self.spec["symbols"][0]
        infos = [tape_info(p) for p in first["tapes"]]
        self.start = max(infos[0]["first_ts"], self.spec["from"] or 0)
        self.end = min(infos[-1]["last_ts"], self.spec["to"] or 2**62)
        self.total = sum(i["rows"] for i in infos)
        self.rows = 0

    def run(self, max_rows: int) -> dict[str, Any]:
        """Move on by so many rows."""
        self.rows = min(self.rows + max_rows, self.total)
        return {
            "rows": self.rows,
            "ts": self._now(),
            "done": self.rows >= self.total,
            "fills": 0,
            "net_usd": 0.0,
        }

    def _now(self) -> int:
        return self.start + (self.end - self.start) * self.rows // self.total

    def result(self) -> dict[str, Any]:
        """Return columns and the summary of what was played."""
        parts = [
            _symbol(ix, self.spec, self.start, self._now())
            for ix in range(len(self.spec["symbols"]))
        ]
        tables = {
            table: {
                name: np.concatenate([part[table][name] for part in parts])
                for name in parts[0][table]
            }
            for table in ("fills", "orders", "equity")
        }
        symbols = [part["summary"] for part in parts]
        return {**tables, "summary": json.dumps({"symbols": symbols, "totals": {}})}


def _symbol(ix: int, spec: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    rng = np.random.default_rng(spec["seed"] + ix)
    step = int(spec["equity_interval_s"] * 1e9)
    scale = spec["sim"]["latency"].get("scale", 1.0)
    ts = np.append(np.arange(start, end, step, dtype=np.int64), end)
    n = len(ts)
    sigma = 8.0 * np.sqrt(step / 1e10)
    bid = 650_000 + np.cumsum(np.rint(rng.normal(0, sigma, n)).astype(np.int64)) * (ix + 1)
    ask = bid + rng.choice([10, 10, 10, 20, 30], n)
    mid2 = bid + ask
    count = max(int((end - start) / 3.6e12 * 40), 4)
    at = np.sort(rng.integers(0, n - 1, count))
    side = np.empty(count, np.int8)
    qty = rng.integers(40, 230, count).astype(np.int64)
    px = np.empty(count, np.int64)
    position = np.empty(count, np.int64)
    held = 0
    for i, k in enumerate(at):
        side[i] = -1 if held > 400 else 1 if held < -400 else rng.choice([-1, 1])
        drift = int(mid2[min(k + 3, n - 1)] - mid2[k]) // 2
        toxic = rng.random() < 0.55
        side[i] = -np.sign(drift) if toxic and drift and abs(held) <= 400 else side[i]
        px[i] = bid[k] - rng.integers(0, 60) if side[i] > 0 else ask[k] + rng.integers(0, 60)
        held += int(side[i]) * int(qty[i])
        position[i] = held
    fee = (px * qty * 150_000) // 10**9
    fill_ts = ts[at]
    fill_mid2 = mid2[at]
    capture2 = side * (fill_mid2 - 2 * px) * qty
    cum_capture = _at(at, n, capture2)
    cum_fees = _at(at, n, fee)
    pos = _at(at, n, side * qty)
    held_before = np.concatenate([[0], pos[:-1]])
    inventory2 = np.cumsum(held_before * np.diff(mid2, prepend=mid2[0]))
    funding = np.cumsum(np.where(np.arange(n) % 360 == 359, -(pos * mid2 // 2) // 80_000, 0))
    marks = {}
    for h, horizon in enumerate(MARKOUT_NS):
        later = np.searchsorted(ts, fill_ts + horizon, side="right") - 1
        marks[f"markout_{h}"] = np.where(fill_ts + horizon > end, UNRESOLVED, mid2[later])
    orders = count * 30
    order_at = np.sort(rng.integers(start, end, orders))
    status = rng.choice([1, 2, 3], orders, p=[0.03, 0.95, 0.02]).astype(np.uint8)
    u16 = np.uint16
    return {
        "fills": {
            "symbol": np.full(count, ix, u16),
            "ts_exch": fill_ts - 150_000_000,
            "ts_recv": fill_ts,
            "side": side,
            "px": px,
            "qty": qty,
            "fee": fee,
            "liquidity": np.zeros(count, np.uint8),
            "cloid_seq": np.arange(count, dtype=np.uint64),
            "level": rng.integers(0, 2, count).astype(np.uint8),
            "why": rng.choice([0, 1, 2], count, p=[0.7, 0.25, 0.05]).astype(np.uint8),
            "mid2": fill_mid2,
            "position": position,
            **marks,
        },
        "orders": {
            "symbol": np.full(orders, ix, u16),
            "cloid_seq": np.arange(orders, dtype=np.uint64),
            "side": rng.choice([-1, 1], orders).astype(np.int8),
            "level": rng.integers(0, 2, orders).astype(np.uint8),
            "px": np.full(orders, 650_000, np.int64),
            "qty": np.full(orders, 200, np.int64),
            "filled": np.where(status == 1, 200, 0),
            "ts_sent": order_at,
            "ts_venue": order_at + 300_000_000,
            "ts_done": order_at + 5_000_000_000,
            "status": status,
            "ahead": rng.exponential(5e4, orders),
        },
        "equity": {
            "symbol": np.full(n, ix, u16),
            "ts": ts,
            "mid2": mid2,
            "position": pos,
            "capture2": cum_capture,
            "inventory2": inventory2,
            "fees": cum_fees,
            "funding": funding,
            "bid": bid,
            "ask": ask,
            "own_bid": np.where(pos > 300, 0, bid - 40),
            "own_ask": np.where(pos < -300, 0, ask + 40),
        },
        "summary": {
            "symbol": spec["symbols"][ix]["symbol"],
            "px_decimals": PX_DECIMALS,
            "size_decimals": SIZE_DECIMALS,
            "cash_decimals": CASH_DECIMALS,
            "rows": 1_000_000,
            "trades": 50_000,
            "traded_lots": int(qty.sum() / (0.011 * scale)),
            "fills": count,
            "volume": int((px * qty).sum()),
            "capture2": int(cum_capture[-1]),
            "inventory2": int(inventory2[-1]),
            "fees": int(cum_fees[-1]),
            "funding": int(funding[-1]),
            "position": int(pos[-1]),
            "orders": orders,
            "cancels": int((status == 2).sum()),
            "rejects": int((status == 3).sum()),
            "crossed_fills": 0,
            "gaps": [[start + 10**12, start + 10**12 + 45 * 10**9, 3]],
            "breakers": [
                {"ts": start + 2 * 10**12, "cause": "jump of 2 % in 1 s", "state": "paused"}
            ],
            "not_ready": ["fill model"],
            "quality": {"backward_ts": 2, "crossed": 5},
            "data_tier": "D",
            "first_ts": start,
            "last_ts": end,
        },
    }


def _at(at: np.ndarray, n: int, value: np.ndarray) -> np.ndarray:
    """Return cumulative sums of values that happen at rows."""
    total = np.zeros(n, np.int64)
    np.add.at(total, at, value)
    return np.cumsum(total)
