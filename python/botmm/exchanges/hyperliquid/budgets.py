"""Budgets — what may still be asked and sent; cancels keep a reserve that orders never touch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botmm.units import SECOND_NS

WEIGHT_MAX = 1_200
WINDOW_NS = 60 * SECOND_NS
KEPT = 0.3
"""What orders and questions leave of the weight."""
KEPT_URGENT = 0.1
"""What questions leave on which withdrawing orders may depend."""
SLOT_NS = 10 * SECOND_NS
"""The pace of requests that an address without a budget still has."""
RESERVE = 2_000
SHUT = (403, 429)
"""What the venue answers a machine that asks too much."""
BACK_OFF_NS = 10 * SECOND_NS
HUSH_NS = SECOND_NS // 2
HUSH_MAX_NS = 8 * SECOND_NS
"""Pauses of questions that may not wait long, doubled while the venue refuses all of them."""

_INFO_LIGHT = frozenset({
    "l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState",
    "exchangeStatus",
})  # fmt: skip


def info_weight(request: Mapping[str, Any]) -> int:
    """Return what a question weighs before its rows."""
    kind = request.get("type")
    if kind in _INFO_LIGHT:
        return 2
    return 60 if kind == "userRole" else 20


def action_weight(entries: int) -> int:
    """Return what an action of so many entries weighs."""
    return 1 + entries // 40


@dataclass(slots=True)
class WeightLedger:
    """The weight of everything sent from this machine in the last minute; times in ns."""

    limit: int = WEIGHT_MAX
    _sent: deque[tuple[int, int]] = field(default_factory=deque)
    _used: int = 0
    _closed_until: int = 0
    _hush_ns: int = HUSH_NS
    _hush_until: int = 0

    def may(self, weight: int, now_ns: int, *, kept: float) -> bool:
        """Return whether it fits while a share of the limit stays free; cancels leave none.

        After a 429 everything but cancels pauses, what is urgent for a shorter time.
        """
        self._drop(now_ns)
        if kept > 0 and now_ns < self._hush_until:
            return False
        if kept >= KEPT and now_ns < self._closed_until:
            return False
        return self._used + weight <= int(self.limit * (1 - kept))

    def spend(self, weight: int, now_ns: int) -> None:
        """Count what was sent, or the rows that a reply had."""
        self._drop(now_ns)
        self._sent.append((now_ns, weight))
        self._used += weight

    def refused(self, now_ns: int) -> None:
        """Take that the venue answered 429, or 403: everything but cancels pauses.

        Cancels go on and are refused on: within a pause that says nothing of questions.
        """
        self._closed_until = now_ns + BACK_OFF_NS
        if now_ns >= self._hush_until:
            self._hush_until = now_ns + self._hush_ns
            self._hush_ns = min(2 * self._hush_ns, HUSH_MAX_NS)

    def served(self) -> None:
        """Take that the venue answers: the next refusal begins with a short pause again."""
        self._hush_ns = HUSH_NS

    def used(self, now_ns: int) -> int:
        """Return the weight of the last minute."""
        self._drop(now_ns)
        return self._used

    def _drop(self, now_ns: int) -> None:
        while self._sent and now_ns - self._sent[0][0] >= WINDOW_NS:
            self._used -= self._sent.popleft()[1]


@dataclass(slots=True)
class AddressBudget:
    """Requests that the account may still make; unknown until the venue told it."""

    reserve: int = RESERVE
    _used: int | None = None
    _cap: int = 0
    _slot_ns: int | None = None

    def observe(self, *, used: int, cap: int) -> None:
        """Take the venue's own count; it replaces ours."""
        self._used, self._cap = used, cap

    def exhausted(self) -> None:
        """Take that the venue refused for want of budget: nothing is left for orders."""
        self._used = max(self._used or 0, self._cap)

    @property
    def left(self) -> int | None:
        """Return how many requests are left; None before the venue told."""
        return None if self._used is None else self._cap - self._used

    def may_place(self, n: int) -> bool:
        """Return whether n orders leave the reserve whole."""
        return self.left is not None and self.left - n >= self.reserve

    def may_cancel(self, n: int, now_ns: int) -> bool:
        """Return whether n cancels may go: within their higher cap, or one in ten seconds."""
        if self._used is None:
            return True
        if self._used + n <= min(self._cap + 100_000, 2 * self._cap):
            return True
        return self._slot_ns is None or now_ns - self._slot_ns >= SLOT_NS

    def spend(self, n: int, now_ns: int) -> None:
        """Count an action of n entries that was sent."""
        self._slot_ns = now_ns
        if self._used is not None:
            self._used += n
