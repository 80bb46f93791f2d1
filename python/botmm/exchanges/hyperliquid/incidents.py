"""Incidents — what the venue does to an account beside its orders: liquidations and transfers.

Each is told once over snapshots and reconnects; those from before a venue time are another run's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botmm.exchanges.hyperliquid.account import USD
from botmm.exchanges.hyperliquid.fields import decode, floored, optional, required
from botmm.ports import Incident

KEPT_MAX = 10_000
FORCED = "Auto-Deleveraging"
"""Word of a fill by which the venue closed a position of an account that lost nothing itself."""

# Whether money of a transfer comes in or goes out where its row alone says so.
_SIGNS = {"deposit": 1, "withdraw": -1, "rewardsClaim": 1, "vaultDeposit": -1, "vaultCreate": -1}
_BETWEEN = frozenset({"internalTransfer", "subAccountTransfer"})
_ELSEWHERE = frozenset({"spotTransfer", "liquidation", "spotGenesis"})
"""These move no dollars of the perpetuals' account, or are told by fills."""

Key = tuple[str, int, str]


class Incidents:
    """Which incidents were told."""

    def __init__(self, account: str, since_ms: int) -> None:
        """Take whose they are, and the venue's time at the start."""
        self._account, self._since_ms = account.lower(), since_ms
        self._told: dict[Key, None] = {}

    def fills(self, frame: bytes) -> list[Incident]:
        """Return the liquidations that a frame of `userFills` tells anew.

        Raises:
            ReplyError: it cannot be read; nothing of it is told.
        """
        if b'"liquidation"' not in frame and FORCED.encode() not in frame:
            return []
        found: list[tuple[Key, Incident]] = []
        for row in required(required(decode(frame), "data", dict), "fills", list):
            words = self._forced(row)
            if words:
                key = ("fill", required(row, "time", int), str(required(row, "tid", int)))
                found.append((key, Incident(kind="liquidation", words=words)))
        return self._new(found)

    def ledger(self, frame: bytes) -> list[Incident]:
        """Return the transfers that a frame of `userNonFundingLedgerUpdates` tells anew.

        Raises:
            ReplyError: it cannot be read; nothing of it is told.
        """
        rows = required(required(decode(frame), "data", dict), "nonFundingLedgerUpdates", list)
        found: list[tuple[Key, Incident]] = []
        for row in rows:
            delta = required(row, "delta", dict)
            kind = required(delta, "type", str)
            if kind in _ELSEWHERE:
                continue
            amount = self._amount(kind, delta)
            key = (kind, required(row, "time", int), f"{required(row, 'hash', str)} {amount}")
            words = (
                f"{kind} of unknown amount"
                if amount is None
                else f"{kind} {amount / 1e6:+,.2f} USD"
            )
            found.append((key, Incident(kind="transfer", words=words, usd_micro=amount or 0)))
        return self._new(found)

    def _forced(self, row: Any) -> str:
        """Return how the venue closed a position; empty for a fill like others."""
        about = optional(row, "liquidation", dict)
        coin = required(row, "coin", str)
        if about is not None and required(about, "liquidatedUser", str).lower() == self._account:
            return f"the venue liquidates {coin}: {row.get('sz')} at {row.get('px')}"
        if FORCED in str(row.get("dir")):
            return f"the venue deleverages {coin}: {row.get('sz')} at {row.get('px')}"
        return ""

    def _amount(self, kind: str, delta: dict[str, Any]) -> int | None:
        """Return what came in, in micro-dollars; negative went out; None for a kind not known."""
        if kind in _BETWEEN or kind == "send":
            field = "usdcValue" if kind == "send" else "usdc"
            fee = floored(delta, "fee", USD) if "fee" in delta else 0
            out = required(delta, "user", str).lower() == self._account
            amount = floored(delta, field, USD)
            return -amount - fee if out else amount
        if kind == "accountClassTransfer":
            amount = floored(delta, "usdc", USD)
            return amount if required(delta, "toPerp", bool) else -amount
        if kind not in _SIGNS:
            return None
        fee = floored(delta, "fee", USD) if kind == "withdraw" and "fee" in delta else 0
        return _SIGNS[kind] * floored(delta, "usdc", USD) - fee

    def _new(self, found: Sequence[tuple[Key, Incident]]) -> list[Incident]:
        """Return those that were not told, and keep them as told."""
        new: list[Incident] = []
        for key, incident in found:
            if key[1] >= self._since_ms and key not in self._told:
                self._told[key] = None
                new.append(incident)
        while len(self._told) > KEPT_MAX:
            del self._told[next(iter(self._told))]
        return new
