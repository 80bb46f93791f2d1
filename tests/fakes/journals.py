"""Journals — the records of a small run, written by hand in the shapes of journal and venue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botmm.live.engine import Kind

T0 = 1_795_910_400_000_000_000
MS = 1_000_000
SPEC: dict[str, Any] = {
    "symbols": [{"symbol": "BTC", "size_decimals": 5, "params": {"num_levels": 1}}],
    "capital_usd": 1000.0,
    "fees": {"maker": 0.00015, "taker": 0.00045},
    "tag": 1,
    "now": T0,
}


@dataclass(frozen=True)
class Row:
    """One record."""

    kind: int
    recv_ns: int
    payload: bytes


def cloid(number: int) -> str:
    return f"0x{number:032x}"


class JournalText:
    """Adds records; times in ms after `T0`, those of the venue by its own clock."""

    def __init__(self, venue_ahead_ms: int = 0) -> None:
        self.rows = [Row(Kind.NOTE, T0, json.dumps(SPEC).encode())]
        self._ahead = venue_ahead_ms

    def _add(self, kind: Kind, at: int, what: Any) -> None:
        self.rows.append(Row(kind, T0 + at * MS, json.dumps(what, separators=(",", ":")).encode()))

    def _venue(self, at: int) -> int:
        return T0 // MS + at + self._ahead

    def place(self, at: int, number: int, side: str = "bid", px: int = 969_800) -> None:
        row = ["place", 0, cloid(number), side, px, 200, "alo", False]
        self._add(Kind.COMMAND, at, [row])

    def cancel(self, at: int, number: int) -> None:
        self._add(Kind.COMMAND, at, [["cancel", 0, cloid(number)]])

    def told(self, at: int, number: int, word: str, venue: int) -> None:
        order = {"coin": "BTC", "cloid": cloid(number), "oid": number}
        row = {"order": order, "status": word, "statusTimestamp": self._venue(venue)}
        self._add(Kind.FRAME, at, {"channel": "orderUpdates", "data": [row]})

    def answer(self, at: int, number: int, answer: Any) -> None:
        event = {"kind": "answer", "symbol": 0, "cloid": cloid(number), "answer": answer}
        self._add(Kind.EVENT, at, event)

    def hold(self, at: int, by: str, *, on: bool) -> None:
        self._add(Kind.EVENT, at, {"kind": "hold", "symbol": None, "by": by, "on": on})

    def fill(self, at: int, number: int, tid: int, venue: int, *, snapshot: bool = False) -> None:
        fill = {
            "coin": "BTC", "px": "96980.0", "sz": "0.002", "side": "B", "time": self._venue(venue),
            "startPosition": "0.0", "oid": number, "crossed": False, "fee": "0.029094", "tid": tid,
            "cloid": cloid(number), "feeToken": "USDC",
        }  # fmt: skip
        data = {"user": "0x0", "fills": [fill], "isSnapshot": snapshot}
        self._add(Kind.FRAME, at, {"channel": "userFills", "data": data})
