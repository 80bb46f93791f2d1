"""Compare — fills of two engines, matched by side, price and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which fills are the same, and which only one engine has."""

    matched: int
    only_ours: npt.NDArray[np.void]
    only_theirs: npt.NDArray[np.void]

    @property
    def ours(self) -> int:
        """Return how many fills we had."""
        return self.matched + len(self.only_ours)

    @property
    def theirs(self) -> int:
        """Return how many fills the other engine had."""
        return self.matched + len(self.only_theirs)


def match(ours: npt.NDArray[np.void], theirs: npt.NDArray[np.void], tolerance_ns: int = 0) -> Match:
    """Pair fills of equal side and price whose venue times differ by at most the tolerance."""
    left, right = (np.sort(fills, order=["side", "px", "ts"]) for fills in (ours, theirs))
    a = b = matched = 0
    alone_left, alone_right = [], []
    while a < len(left) and b < len(right):
        one, two = left[a], right[b]
        place = (one["side"] - two["side"]) or (one["px"] - two["px"])
        late = place or one["ts"] - two["ts"]
        if place == 0 and abs(late) <= tolerance_ns:
            matched, a, b = matched + 1, a + 1, b + 1
        elif late < 0:
            alone_left.append(a)
            a += 1
        else:
            alone_right.append(b)
            b += 1
    alone_left.extend(range(a, len(left)))
    alone_right.extend(range(b, len(right)))
    return Match(
        matched=matched,
        only_ours=np.sort(left[alone_left], order="ts"),
        only_theirs=np.sort(right[alone_right], order="ts"),
    )
