"""Purse — money outside the perpetuals side: spot balances, and the ways between the sides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botmm.core import ArgumentError
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.texts import action_text


class RefusedError(Exception):
    """An action that is refused as a whole; the text is the venue's."""


@dataclass(slots=True)
class Purse:
    """Dollars on the spot side by user, in micro-dollars; builders that a user allows."""

    desk: Desk
    spot: dict[str, int] = field(default_factory=dict)
    builders: dict[str, dict[str, str]] = field(default_factory=dict)

    def to_perp(self, user: str, amount: int) -> None:
        """Move dollars from spot to perpetuals.

        Raises:
            RefusedError: there are not so many.
        """
        self.take_spot(user, amount)
        self.desk.core.deposit(user, amount)

    def to_spot(self, user: str, amount: int) -> None:
        """Move dollars from perpetuals to spot.

        Raises:
            RefusedError: margin does not let them go.
        """
        self.take_perp(user, amount)
        self.spot[user] = self.spot.get(user, 0) + amount

    def take_spot(self, user: str, amount: int) -> None:
        """Take dollars from the spot side.

        Raises:
            RefusedError: there are not so many.
        """
        if not 0 < amount <= self.spot.get(user, 0):
            raise RefusedError("Insufficient balance for withdrawal.")
        self.spot[user] -= amount

    def take_perp(self, user: str, amount: int) -> None:
        """Take dollars from the perpetuals side.

        Raises:
            RefusedError: margin does not let them go.
        """
        if amount <= 0:
            raise RefusedError("Insufficient balance for withdrawal.")
        try:
            self.desk.core.deposit(user, -amount)
        except ArgumentError:
            raise RefusedError("Insufficient balance for withdrawal.") from None

    def send(self, source: str, target: str, amount: int) -> None:
        """Send dollars from one account's perpetuals side to another's.

        Raises:
            RefusedError: the core refuses it.
        """
        refuse(self.desk.core.transfer(source, target, amount))

    def send_spot(self, source: str, target: str, amount: int) -> None:
        """Send dollars from one account's spot side to another's.

        Raises:
            RefusedError: there are not so many.
        """
        self.take_spot(source, amount)
        self.spot[target] = self.spot.get(target, 0) + amount

    def balances(self, user: str) -> list[tuple[str, int]]:
        """Return tokens and amounts of a user's spot side."""
        amount = self.spot.get(user, 0)
        return [("USDC", amount)] if amount else []


def refuse(answer: str) -> None:
    """Raise what the core refused; an empty answer is its consent.

    Raises:
        RefusedError: the core gave a code.
    """
    if answer:
        refusal: dict[str, Any] = json.loads(answer)
        raise RefusedError(action_text(refusal))
