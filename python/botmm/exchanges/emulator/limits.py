"""Limits — what one address of the network may ask: request weights, sockets, messages.

Times are those of the emulator's clock, so limits scale with its speed.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from botmm.units import SECOND_NS

MINUTE_NS = 60 * SECOND_NS

_LIGHT = {
    "l2Book",
    "allMids",
    "clearinghouseState",
    "orderStatus",
    "spotClearinghouseState",
    "exchangeStatus",
}
# Replies whose rows cost extra: one more for so many rows.
_ROWS = {
    "recentTrades": 20,
    "historicalOrders": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "userFunding": 20,
    "nonUserFundingUpdates": 20,
    "twapHistory": 20,
    "userTwapSliceFills": 20,
    "userTwapSliceFillsByTime": 20,
    "delegatorHistory": 20,
    "delegatorRewards": 20,
    "validatorStats": 20,
    "candleSnapshot": 60,
}


def info_weight(kind: object) -> int:
    """Return what a request to `/info` costs before its reply is known."""
    if kind == "userRole":
        return 60
    return 2 if kind in _LIGHT else 20


def rows_weight(kind: object, reply: Any) -> int:
    """Return what the rows of a reply cost on top."""
    per = _ROWS.get(kind) if isinstance(kind, str) else None
    return 0 if per is None or not isinstance(reply, list) else len(reply) // per


def action_weight(entries: int) -> int:
    """Return what an action of so many entries costs."""
    return 1 + entries // 40


@dataclass(slots=True)
class Window:
    """A sum over the last minute."""

    most: int
    _rows: deque[tuple[int, int]] = field(default_factory=deque)
    _sum: int = 0

    def used(self, now: int) -> int:
        """Return the sum of the minute that ends now."""
        while self._rows and self._rows[0][0] <= now - MINUTE_NS:
            self._sum -= self._rows.popleft()[1]
        return self._sum

    def take(self, now: int, amount: int) -> bool:
        """Add an amount if it fits; whether it did."""
        if self.used(now) + amount > self.most:
            return False
        self.add(now, amount)
        return True

    def add(self, now: int, amount: int) -> None:
        """Add an amount, fitting or not."""
        if amount:
            self._rows.append((now, amount))
            self._sum += amount


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitNumbers:
    """The venue's numbers for one network address; tests raise or lower them."""

    weight_per_minute: int = 1_200
    sockets: int = 10
    new_sockets_per_minute: int = 30
    subscriptions: int = 1_000
    users: int = 10
    messages_per_minute: int = 2_000
    posts_in_flight: int = 100


class Limits:
    """The state of one network address."""

    def __init__(self, numbers: LimitNumbers) -> None:
        """Begin with nothing used."""
        self.numbers = numbers
        self.weight = Window(numbers.weight_per_minute)
        self.new_sockets = Window(numbers.new_sockets_per_minute)
        self.messages = Window(numbers.messages_per_minute)
        self.sockets = 0
        self.subscriptions = 0
        self.posts = 0
        self.refused = 0
        self._users: Counter[str] = Counter()

    def may_ask(self, now: int, weight: int) -> bool:
        """Take the weight of a request; False is a 429."""
        fits = self.weight.take(now, weight)
        self.refused += not fits
        return fits

    def may_connect(self, now: int) -> bool:
        """Count a new socket; False is a refused handshake."""
        fits = self.sockets < self.numbers.sockets and self.new_sockets.take(now, 1)
        self.refused += not fits
        return fits

    def may_listen(self, user: str | None) -> str:
        """Count one more subscription; return what the venue says where there are too many."""
        numbers = self.numbers
        if self.subscriptions >= numbers.subscriptions:
            return f"Cannot track more than {numbers.subscriptions} subscriptions."
        if user is not None and user not in self._users and len(self._users) >= numbers.users:
            return f"Cannot track more than {numbers.users} total users."
        self.subscriptions += 1
        if user is not None:
            self._users[user] += 1
        return ""

    def stop_listening(self, user: str | None) -> None:
        """Take back one subscription."""
        self.subscriptions -= 1
        if user is not None:
            self._users[user] -= 1
            self._users += Counter()  # drops what is at zero
