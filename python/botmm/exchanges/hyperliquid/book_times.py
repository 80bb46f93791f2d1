"""Book times — whether the venue time that a book bears can be its own, and now.

Books are merged by venue time: one from the future would stand against all that come after it, and
a market would look alive of which nothing is taken in any more. One that was long on its way shows
a market that is over, however lately it was heard.
"""

from __future__ import annotations

import re

from botmm.units import MS_NS, SECOND_NS

BOOKS = frozenset({"l2Book", "bbo"})
BACK_MS = 2_000
"""All books of a socket share one clock; the slowest channel trails it by less than a second."""
AHEAD_MS = 3_000
LATE_MS = 6_000
"""More than those ahead may have moved what is known, and a second for the slowest channel."""
ODD_MAX = 3
"""So many in a row, and the connection is made anew."""
ANEW_NS = 20 * SECOND_NS
"""No sooner than so long after the last time: where the venue itself is late that helps nobody."""
WINDOW_NS = 600 * SECOND_NS
"""For so long, at most twice, the quickest word counts: clocks drift apart."""

_TIME = re.compile(rb'"time"\s*:\s*(-?\d{1,19})(?![\d.eE])')


class BookTimes:
    """What time it is at the venue, and the books that do not fit it."""

    def __init__(self, venue_ms: int, now_ns: int) -> None:
        """Begin with the venue's own word on its time; `now_ns` never runs back."""
        self._latest_ms = venue_ms
        # The venue's clock less ours, by the quickest word of this window and of the one before.
        self._apart_ms = self._before_ms = venue_ms - now_ns // MS_NS
        self._turn_ns = now_ns + WINDOW_NS
        self._row = 0
        self._anew_ns = now_ns
        self.odd = 0
        self.off_ms = 0
        """How far the last book that did not fit was from the time that is due."""

    def told(self, venue_ms: int, now_ns: int) -> None:
        """Take in the venue's word: our own clock stands still while the machine sleeps."""
        apart_ms = venue_ms - now_ns // MS_NS
        if now_ns >= self._turn_ns:
            self._before_ms, self._apart_ms = self._apart_ms, apart_ms
            self._turn_ns = now_ns + WINDOW_NS
        self._apart_ms = max(self._apart_ms, apart_ms)

    def fit(self, frame: bytes, now_ns: int) -> bool:
        """Whether a frame of a book may be used; one without a time is for its reader to refuse."""
        found = _TIME.search(frame)
        if found is None:
            return True
        ms = int(found[1])
        due_ms = now_ns // MS_NS + max(self._apart_ms, self._before_ms)
        if not max(self._latest_ms - BACK_MS, due_ms - LATE_MS) <= ms <= due_ms + AHEAD_MS:
            self.odd += 1
            self.off_ms = ms - due_ms
            self._row += 1
            return False
        self._row = 0
        self._latest_ms = max(self._latest_ms, ms)
        self.told(ms, now_ns)
        return True

    def worn_out(self, now_ns: int) -> bool:
        """Whether too many in a row did not fit, and a new connection was not tried just now."""
        if self._row < ODD_MAX or now_ns < self._anew_ns:
            return False
        self._anew_ns = now_ns + ANEW_NS
        return True
