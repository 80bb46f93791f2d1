"""Answers — what is proven of one order, in the words that the core takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Word = Literal["resting", "filled", "rejected", "cancelled", "cancel_refused", "unknown"]
Reason = Literal[
    "would_match", "no_book", "invalid", "margin", "no_liquidity", "lost", "other",
    "asked", "self_trade", "reduce_only", "scheduled", "venue",
]  # fmt: skip

_CORE_WORDS: dict[str, str] = {
    "no_book": "NoBook", "invalid": "Invalid", "margin": "Margin", "no_liquidity": "NoLiquidity",
    "lost": "Lost", "other": "Other", "asked": "Asked", "self_trade": "SelfTrade",
    "reduce_only": "ReduceOnly", "scheduled": "Scheduled", "venue": "Venue",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The venue's word on one order; `text` is its own, for the log.

    A resting one has `oid` and `left`; one that is gone has a `reason`, and `left` where the venue
    says how much of it was never executed; `filled` is what the reply itself says was, in lots.
    Positions come from fills, never from here.
    """

    symbol: int
    cloid: str
    word: Word
    oid: int | None = None
    left: int | None = None
    filled: int = 0
    reason: Reason | None = None
    bid: int = 0
    ask: int = 0
    text: str = ""

    def event(self) -> dict[str, Any]:
        """Return the event of the core."""
        return {
            "kind": "answer",
            "symbol": self.symbol,
            "cloid": self.cloid,
            "answer": self._core(),
        }

    def _core(self) -> str | dict[str, Any]:
        match self.word:
            case "resting":
                return {"Resting": {"oid": self.oid, "left": self.left}}
            case "rejected" if self.reason == "would_match":
                return {"Rejected": {"reason": {"WouldMatch": {"bid": self.bid, "ask": self.ask}}}}
            case "rejected":
                return {"Rejected": {"reason": _CORE_WORDS[str(self.reason)]}}
            case "cancelled":
                left = {} if self.left is None else {"left": self.left}
                return {"Cancelled": {"reason": _CORE_WORDS[str(self.reason)], **left}}
            case "filled":
                return "Filled"
            case "cancel_refused":
                return "CancelRefused"
            case "unknown":
                return "Unknown"


def unknown(symbol: int, cloid: str, text: str) -> Answer:
    """Return that nothing is proven either way."""
    return Answer(symbol=symbol, cloid=cloid, word="unknown", text=text)


def lost(symbol: int, cloid: str, text: str) -> Answer:
    """Return that an order was never placed and never can be."""
    return Answer(symbol=symbol, cloid=cloid, word="rejected", reason="lost", text=text)


def invalid(symbol: int, cloid: str, text: str) -> Answer:
    """Return that an order was not sent, since the venue would refuse it whatever its book."""
    return Answer(symbol=symbol, cloid=cloid, word="rejected", reason="invalid", text=text)
