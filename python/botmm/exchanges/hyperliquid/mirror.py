"""Mirror — the ids of our orders that may rest: what a cancel of everything goes through."""

from __future__ import annotations

from botmm.exchanges.hyperliquid.answers import Answer
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, required
from botmm.ports import Place

LIVE = ("open", "triggered")


class Mirror:
    """Orders by id until their end is proven; too many are worse than one too few."""

    def __init__(self) -> None:
        """Begin with none."""
        self._orders: dict[str, int] = {}

    def sent(self, place: Place) -> None:
        """Note an order before it leaves."""
        self._orders[place.cloid] = place.symbol

    def answered(self, answer: Answer) -> None:
        """Take what is proven of an order."""
        if answer.word in ("filled", "cancelled", "rejected"):
            self._orders.pop(answer.cloid, None)
        elif answer.word == "resting":
            self._orders[answer.cloid] = answer.symbol

    def heard(self, frame: bytes) -> None:
        """Take a frame of `orderUpdates`; one that cannot be read changes nothing."""
        try:
            for row in required(decode(frame), "data", list):
                order = required(row, "order", dict)
                if required(row, "status", str) not in LIVE and "cloid" in order:
                    self._orders.pop(required(order, "cloid", str), None)
        except ReplyError:
            return

    def ids(self, symbol: int | None) -> list[tuple[int, str]]:
        """Return (symbol, id) of what may rest, of one symbol or of all."""
        return [(ix, cloid) for cloid, ix in self._orders.items() if symbol in (None, ix)]
