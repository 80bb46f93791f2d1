"""Liveness — whether a connection is worth keeping, and when the next one may be tried."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from botmm.units import SECOND_NS

CONNECTS_MAX = 30
"""New connections a minute that the venue takes from one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Wanted: a ping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubscribe:
    """Wanted: one channel is silent while the socket lives; subscribe again."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Wanted: the socket is given up."""

    why: str


Decision = Ping | Resubscribe | Reconnect


@dataclass(slots=True)
class _Channel:
    """One watched channel: when it was heard, and when it was last subscribed again."""

    silence_ns: int
    heard_ns: int
    again_ns: int | None = None


class Liveness:
    """One connection's ages; times in ns of a clock that never runs back."""

    def __init__(
        self,
        channels: Mapping[str, int | None],
        now_ns: int,
        *,
        ping_ns: int = 30 * SECOND_NS,
        pong_ns: int = 5 * SECOND_NS,
    ) -> None:
        """Start with a connection.

        Args:
            channels: the longest silence of each; None for those that may be silent.
            now_ns: when the connection came up.
            ping_ns: how often to ping, whatever else is sent.
            pong_ns: how long to wait for any frame after a ping.
        """
        self._channels = {
            name: _Channel(silence, now_ns)
            for name, silence in channels.items()
            if silence is not None
        }
        self._ping_ns, self._pong_ns = ping_ns, pong_ns
        self._wait_ns = pong_ns
        self._pinged_ns = now_ns
        self._unanswered_ns: int | None = None

    def heard(self, channel: str, now_ns: int) -> None:
        """Note a frame; any frame shows that the socket lives, its own that the channel does."""
        self._unanswered_ns, self._wait_ns = None, self._pong_ns
        known = self._channels.get(channel)
        if known is not None:
            known.heard_ns, known.again_ns = now_ns, None

    def doubt(self, wait_ns: int) -> None:
        """Ping at the next look, and wait no longer than that for any frame."""
        self._pinged_ns -= self._ping_ns
        self._wait_ns = wait_ns

    def ages(self, now_ns: int) -> dict[str, int]:
        """Return how long each watched channel has been silent, in ns."""
        return {name: now_ns - channel.heard_ns for name, channel in self._channels.items()}

    def tick(self, now_ns: int) -> list[Decision]:
        """Return what is to be done now; a reconnect stands alone."""
        if self._unanswered_ns is not None and now_ns - self._unanswered_ns >= self._wait_ns:
            return [Reconnect(why="no frame after a ping")]
        decisions: list[Decision] = []
        for name, channel in self._channels.items():
            if channel.again_ns is not None and now_ns - channel.again_ns >= channel.silence_ns:
                return [Reconnect(why=f"{name} stays silent")]
            if channel.again_ns is None and now_ns - channel.heard_ns >= channel.silence_ns:
                channel.again_ns = now_ns
                decisions.append(Resubscribe(channel=name))
        if now_ns - self._pinged_ns >= self._ping_ns:
            self._pinged_ns = now_ns
            if self._unanswered_ns is None:
                self._unanswered_ns = now_ns
            decisions.append(Ping())
        return decisions


@dataclass(slots=True)
class Backoff:
    """When the next connection may be tried: doubling waits with jitter, under the venue's cap."""

    seed: int
    first_ns: int = SECOND_NS // 4
    longest_ns: int = 30 * SECOND_NS
    connects_max: int = CONNECTS_MAX
    _failures: int = 0
    _tries: deque[int] = field(default_factory=deque)
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)

    def wait(self, now_ns: int) -> int:
        """Return ns to wait before the next try, and count that try."""
        wait = 0
        if self._failures > 0:
            step = min(self.longest_ns, self.first_ns << min(self._failures - 1, 20))
            wait = round(step * self._rng.uniform(0.5, 1.0))
        self._failures += 1
        start = now_ns + wait
        while self._tries and self._tries[0] <= start - 60 * SECOND_NS:
            self._tries.popleft()
        if len(self._tries) >= self.connects_max:
            start = self._tries.popleft() + 60 * SECOND_NS
        self._tries.append(start)
        return start - now_ns

    def worked(self) -> None:
        """Take that a connection was good for a while: the next wait is short again."""
        self._failures = 0
