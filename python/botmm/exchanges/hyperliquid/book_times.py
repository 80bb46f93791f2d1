"""Book times — whether the venue time that a book bears can be its own.

Books are merged by venue time: one from the future would stand against all that come after it, and
a market would look alive of which nothing is taken in any more.
"""

from __future__ import annotations

import re

from botmm.units import SECOND_NS

BOOKS = frozenset({"l2Book", "bbo"})
BACK_MS = 2_000
"""All books of a socket share one clock; the slowest channel trails it by less than a second."""
AHEAD_MS = 5_000
ODD_MAX = 3
"""So many in a row, and the connection is made anew."""

_TIME = re.compile(rb'"time"\s*:\s*(-?\d{1,19})(?![\d.eE])')
_MS_NS = SECOND_NS // 1_000


class BookTimes:
    """The latest venue time that is known, and the books that do not fit it."""

    def __init__(self, venue_ms: int, now_ns: int) -> None:
        """Begin with the venue's own word on its time; `now_ns` never runs back."""
        self._latest_ms, self._at_ns = venue_ms, now_ns
        self._row = 0
        self.odd = 0

    def told(self, venue_ms: int, now_ns: int) -> None:
        """Take in the venue's word: our own clock stands still while the machine sleeps."""
        if venue_ms > self._due_ms(now_ns):
            self._latest_ms, self._at_ns = venue_ms, now_ns

    def fit(self, frame: bytes, now_ns: int) -> bool:
        """Whether a frame of a book may be used; one without a time is for its reader to refuse."""
        found = _TIME.search(frame)
        if found is None:
            return True
        ms = int(found[1])
        if not self._latest_ms - BACK_MS <= ms <= self._due_ms(now_ns) + AHEAD_MS:
            self.odd += 1
            self._row += 1
            return False
        self._row = 0
        if ms > self._latest_ms:
            self._latest_ms, self._at_ns = ms, now_ns
        return True

    def worn_out(self) -> bool:
        """Whether too many in a row did not fit; the count begins anew then."""
        if self._row < ODD_MAX:
            return False
        self._row = 0
        return True

    def _due_ms(self, now_ns: int) -> int:
        return self._latest_ms + (now_ns - self._at_ns) // _MS_NS
