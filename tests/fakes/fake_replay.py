"""Fake replay — a stand-in for the core's replay: a plausible market maker on a random walk.

Its sums are exact, so that reports can be checked to the last unit; nothing of it ships.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

PX_DECIMALS, SIZE_DECIMALS, CASH_DECIMALS = 1, 5, 6
MARKOUT_NS = [100_000_000, 10**9, 5 * 10**9, 30 * 10**9, 60 * 10**9, 300 * 10**9]
UNRESOLVED = np.iinfo(np.int64).min


class FakeReplay:
    """Plays a random walk with fills at the touch."""

    def __init__(self, spec_json: str) -> None:
        self.spec = json.loads(spec_json)
        self.start, self.end, self.total = self.spec["from"], self.spec["to"], 1_000_000
        self.rows = 0

    @classmethod
    def played(cls, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a whole run, with the summary as a tree."""
        replay = cls(json.dumps(spec))
        replay.run(replay.total)
        result = replay.result()
        return result | {"summary": json.loads(result["summary"])}

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

    def drain(self) -> dict[str, Any]:
        """Move nothing out: this stand-in keeps its history."""
        parts = self.result()
        return {name: _none_of(parts[name]) for name in ("fills", "orders", "equity")}

    def _now(self) -> int:
        return self.start + (self.end - self.start) * self.rows // self.total

    def signals(self) -> bytes:
        """Return no signals."""
        return b""

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
        breaker = {"ts": self.start, "symbol": 0, "state": "Reducing", "cause": "daily loss"}
        summary = {
            "schema_version": 1,
            "done": self.rows >= self.total,
            "rows": self.rows,
            "first_ts": self.start,
            "last_ts": self._now(),
            "symbols": symbols,
            "breakers": [breaker],
        }
        return {**tables, "summary": json.dumps(summary)}


def _none_of(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: column[:0] for name, column in columns.items()}


@dataclass(frozen=True)
class _Walk:
    """A random walk of the touch, and the fills and position on it."""

    ix: int
    ts: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    at: np.ndarray
    side: np.ndarray
    px: np.ndarray
    qty: np.ndarray

    @property
    def mid2(self) -> np.ndarray:
        return self.bid + self.ask

    @property
    def fee(self) -> np.ndarray:
        return (self.px * self.qty * 150_000) // 10**9

    @property
    def position(self) -> np.ndarray:
        """The position at each row of equity."""
        return self.summed(self.side * self.qty)

    @property
    def funding(self) -> np.ndarray:
        hourly = np.arange(len(self.ts)) % 360 == 359
        paid = -(self.position * self.mid2 // 2) // 80_000
        return np.cumsum(np.where(hourly, paid, 0))

    @property
    def capture2(self) -> np.ndarray:
        return self.summed(self.side * (self.mid2[self.at] - 2 * self.px) * self.qty)

    @property
    def inventory2(self) -> np.ndarray:
        held = np.concatenate([[0], self.position[:-1]])
        return np.cumsum(held * np.diff(self.mid2, prepend=self.mid2[0]))

    def summed(self, of_fills: np.ndarray) -> np.ndarray:
        """Return running sums, at the rows of equity, of values that belong to fills."""
        total = np.zeros(len(self.ts), np.int64)
        np.add.at(total, self.at, of_fills)
        return np.cumsum(total)


def _walk(ix: int, spec: dict[str, Any], start: int, end: int) -> _Walk:
    rng = np.random.default_rng(spec["seed"] + ix)
    step = int(spec["equity_interval_s"] * 1e9)
    ts = np.append(np.arange(start, end, step, dtype=np.int64), end)
    n = len(ts)
    bid = 650_000 + np.cumsum(np.rint(rng.normal(0, 8.0, n)).astype(np.int64)) * (ix + 1)
    ask = bid + rng.choice([10, 10, 10, 20, 30], n)
    count = max(int((end - start) / 3.6e12 * 40), 4)
    at = np.sort(rng.integers(0, n - 1, count))
    qty = rng.integers(40, 230, count).astype(np.int64)
    side = np.empty(count, np.int8)
    held = 0
    for i in range(count):
        side[i] = -1 if held > 400 else 1 if held < -400 else rng.choice([-1, 1])
        held += int(side[i]) * int(qty[i])
    away = rng.integers(0, 60, count)
    px = np.where(side > 0, bid[at] - away, ask[at] + away)
    return _Walk(ix, ts, bid, ask, at, side, px, qty)


def _symbol(ix: int, spec: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    walk = _walk(ix, spec, start, end)
    orders = _orders(walk)
    return {
        "fills": _fills(walk),
        "orders": orders,
        "equity": _equity(walk),
        "summary": _summary(walk, spec, orders["status"]),
    }


def _fills(walk: _Walk) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(walk.ix)
    count, ts, end = len(walk.at), walk.ts[walk.at], walk.ts[-1]
    marks = {}
    for h, horizon in enumerate(MARKOUT_NS):
        later = np.searchsorted(walk.ts, ts + horizon, side="right") - 1
        marks[f"markout_{h}"] = np.where(ts + horizon > end, UNRESOLVED, walk.mid2[later])
    return {
        "symbol": np.full(count, walk.ix, np.uint16),
        "ts_exch": ts - 150_000_000,
        "ts_recv": ts,
        "side": walk.side,
        "px": walk.px,
        "qty": walk.qty,
        "fee": walk.fee,
        "liquidity": np.zeros(count, np.uint8),
        "cloid_seq": np.arange(count, dtype=np.uint64),
        "level": rng.integers(0, 2, count).astype(np.uint8),
        "why": rng.choice([0, 1, 2], count, p=[0.7, 0.25, 0.05]).astype(np.uint8),
        "mid2": walk.mid2[walk.at],
        "position": np.cumsum(walk.side * walk.qty),
        **marks,
    }


def _orders(walk: _Walk) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(walk.ix)
    count = len(walk.at) * 30
    sent = np.sort(rng.integers(walk.ts[0], walk.ts[-1], count))
    status = rng.choice([1, 2, 3], count, p=[0.03, 0.95, 0.02]).astype(np.uint8)
    return {
        "symbol": np.full(count, walk.ix, np.uint16),
        "cloid_seq": np.arange(count, dtype=np.uint64),
        "side": rng.choice([-1, 1], count).astype(np.int8),
        "level": rng.integers(0, 2, count).astype(np.uint8),
        "px": np.full(count, 650_000, np.int64),
        "qty": np.full(count, 200, np.int64),
        "filled": np.where(status == 1, 200, 0),
        "ts_sent": sent,
        "ts_venue": sent + 300_000_000,
        "ts_done": sent + 5_000_000_000,
        "status": status,
        "ahead": rng.exponential(5e4, count),
    }


def _equity(walk: _Walk) -> dict[str, np.ndarray]:
    position = walk.position
    return {
        "symbol": np.full(len(walk.ts), walk.ix, np.uint16),
        "ts": walk.ts,
        "mid2": walk.mid2,
        "position": position,
        "capture2": walk.capture2,
        "inventory2": walk.inventory2,
        "fees": walk.summed(walk.fee),
        "funding": walk.funding,
        "bid": walk.bid,
        "ask": walk.ask,
        "own_bid": np.where(position > 300, 0, walk.bid - 40),
        "own_ask": np.where(position < -300, 0, walk.ask + 40),
    }


def _summary(walk: _Walk, spec: dict[str, Any], status: np.ndarray) -> dict[str, Any]:
    start = int(walk.ts[0])
    scale = spec["sim"]["latency"].get("scale", 1.0)
    return {
        "symbol": spec["symbols"][walk.ix]["symbol"],
        "venue": spec["symbols"][walk.ix]["venue"],
        "first_ts": start,
        "last_ts": int(walk.ts[-1]),
        "px_decimals": PX_DECIMALS,
        "size_decimals": SIZE_DECIMALS,
        "cash_decimals": CASH_DECIMALS,
        "rows": 1_000_000,
        "prints": 50_000,
        "traded_lots": int(walk.qty.sum() / (0.011 * scale)),
        "fills": len(walk.at),
        "volume": int((walk.px * walk.qty).sum()),
        "capture2": int(walk.capture2[-1]),
        "inventory2": int(walk.inventory2[-1]),
        "fees2": 2 * int(walk.fee.sum()),
        "funding2": 2 * int(walk.funding[-1]),
        "position": int(walk.position[-1]),
        "orders": len(status),
        "cancels": int((status == 2).sum()),
        "rejects": int((status == 3).sum()),
        "crossed_fills": 0,
        "refusals": {"own_cross": 24, "position": 1834},
        "unseen_arrivals": 17,
        "uncounted_orders": 0,
        "gaps": [[start + 10**12, start + 10**12 + 45 * 10**9, 3]],
        "not_ready": ["fill model"],
        "data_tier": "D",
    }
