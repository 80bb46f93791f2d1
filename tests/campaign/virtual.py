"""Virtual — one asyncio loop whose time is simulated: it jumps to the next timer when nothing is ready.

Exchange and daemon live in it with their real sockets on loopback, so that a day passes as fast as
the processor allows. Timers fire in their order and at their times; nobody is ever late.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from botmm.units import UnixNanos

T = TypeVar("T")

STUCK_S = 30.0
"""Real seconds without a timer and without a byte after which nothing will ever happen."""


class _Jumping(selectors.BaseSelector):
    """A selector that never sleeps: it looks, and otherwise lets time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; where nothing is, the time is that of the next timer."""
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        # What was written to a loopback socket is there at once, unless the kernel was interrupted.
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            ready = self._real.select(STUCK_S)
            if not ready:
                raise RuntimeError(f"invariant: something happens; nothing did for {STUCK_S} s")
            return ready
        self.now += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in simulated time."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class VirtualClock:
    """The loop's time as a `Clock`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start_ns: int) -> None:
        """Let the loop's zero be a Unix time."""
        self._loop, self._start_ns = loop, start_ns

    def now(self) -> UnixNanos:
        """Return Unix nanoseconds, UTC."""
        return UnixNanos(self._start_ns + round(self._loop.time() * 1e9))

    def monotonic(self) -> float:
        """Return seconds since the loop began."""
        return self._loop.time()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in simulated time to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
