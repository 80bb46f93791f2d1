"""Thrice — what is survived once and twice within a minute, and not a third time."""

from __future__ import annotations

from collections import deque

from botmm.units import SECOND_NS

TIMES = 3
WITHIN_NS = 60 * SECOND_NS


class Thrice:
    """Counts one kind of event on a clock that never runs back."""

    def __init__(self) -> None:
        """Begin with none."""
        self._at: deque[int] = deque(maxlen=TIMES)

    def met(self, now_ns: int) -> bool:
        """Note one more; whether it is the third within a minute. Counting then begins anew."""
        self._at.append(now_ns)
        if len(self._at) < TIMES or now_ns - self._at[0] > WITHIN_NS:
            return False
        self._at.clear()
        return True
