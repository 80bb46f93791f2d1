"""Step — how far the venue's clock may be from ours: nonces and expiries are by our own."""

from __future__ import annotations

from dataclasses import dataclass

from botmm.exchanges.hyperliquid.session import EXPIRES_MS

AHEAD_MOST_MS = EXPIRES_MS // 2
"""Requests expire by our clock: where the venue's is far ahead, it refuses every one."""
BEHIND_MOST_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The venue's time beside ours just before it was asked for, and when it had come; in ms.

    Its time is that of its last block, so that a bit of age is usual.
    """

    venue: int
    sent: int
    heard: int

    @property
    def off(self) -> int:
        """Return how far the venue's clock is ahead of ours."""
        return self.venue - (self.sent + self.heard) // 2

    @property
    def beyond(self) -> int:
        """Return by how much the clocks differ for certain, whichever is ahead."""
        return max(abs(self.off) - (self.heard - self.sent) // 2, 0)

    @property
    def is_kept(self) -> bool:
        """Whether requests that are timed by our clock can be executed."""
        return self.beyond <= (AHEAD_MOST_MS if self.off > 0 else BEHIND_MOST_MS)
