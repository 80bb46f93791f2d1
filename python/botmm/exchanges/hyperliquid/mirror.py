"""Mirror — our orders as answers and the account's stream last told of them.

A cancel of everything goes through it, and what the stream told needs no question any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from botmm.exchanges.base import Instrument
from botmm.exchanges.hyperliquid.answers import Answer
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, required
from botmm.exchanges.hyperliquid.refusals import is_misfit
from botmm.exchanges.hyperliquid.statuses import read_update
from botmm.ports import Place
from botmm.units import SECOND_NS

OVER = ("filled", "cancelled", "rejected")
TOLD_MAX = 1_000
"""Words of the stream that are kept: proofs come soon after or not at all."""
SHOWN_NS = 60 * SECOND_NS
"""Longer than a request can be on its way: what neither of two standings shows never rests again."""


class Mirror:
    """Orders by id until their end is told or seen; one too many does less harm than one too few."""

    def __init__(
        self,
        listing: Sequence[Instrument],
        *,
        misfit: Callable[[int], object] = lambda symbol: None,
        switched: Callable[[], object] = lambda: None,
    ) -> None:
        """Take the instrument of each symbol index, and who hears of what concerns more than orders.

        Args:
            misfit: told of a symbol that seems to be listed otherwise.
            switched: told that the venue's switch withdrew an order.
        """
        self._misfit, self._switched = misfit, switched
        self._symbols = {one.name: (ix, one) for ix, one in enumerate(listing)}
        self._orders: dict[str, int] = {}
        self._told: dict[str, Answer] = {}
        # What the last standing did not show, and when that was asked for.
        self._absent: set[str] = set()
        self._shown_ns = -SHOWN_NS

    def sent(self, place: Place) -> None:
        """Note an order before it leaves."""
        self._orders[place.cloid] = place.symbol

    def answered(self, answer: Answer) -> None:
        """Take what is proven of an order."""
        if is_misfit(answer.text):
            self._misfit(answer.symbol)
        if answer.word in OVER:
            self._orders.pop(answer.cloid, None)
        elif answer.word == "resting":
            self._orders[answer.cloid] = answer.symbol

    def shown(self, resting: Collection[str | None], now_ns: int) -> None:
        """Forget what two standings some time apart did not show: its end was not heard of.

        Args:
            resting: the client ids of all orders that rest.
            now_ns: monotonic.
        """
        if now_ns - self._shown_ns < SHOWN_NS:
            return
        absent = self._orders.keys() - resting
        for cloid in absent & self._absent:
            del self._orders[cloid]
        self._absent, self._shown_ns = absent, now_ns

    def heard(self, frame: bytes) -> None:
        """Take a frame of `orderUpdates`; a row that cannot be read changes nothing."""
        try:
            rows = required(decode(frame), "data", list)
        except ReplyError:
            return
        for row in rows:
            try:
                answer = read_update(row, self._symbols)
            except ReplyError:
                continue
            if answer is not None:
                self._told.pop(answer.cloid, None)
                self._told[answer.cloid] = answer
                self.answered(answer)
                if answer.reason == "scheduled":
                    self._switched()
        while len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]

    def told(self, cloid: str, *, rests: bool) -> Answer | None:
        """Return the stream's word on an order that is over, or, if `rests`, on one that is not."""
        answer = self._told.get(cloid)
        if answer is None or not (rests or answer.word in OVER):
            return None
        return answer

    def ids(self, symbol: int | None) -> list[tuple[int, str]]:
        """Return (symbol, id) of what may rest, of one symbol or of all."""
        return [(ix, cloid) for cloid, ix in self._orders.items() if symbol in (None, ix)]
