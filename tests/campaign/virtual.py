"""Virtual — one asyncio loop whose time is simulated: it jumps to the next timer when nothing is ready.

Exchange and daemon live in it with their real sockets on loopback, so that a day passes as fast as
the processor allows. Timers fire in their order and at their times; nobody is ever late, and no time
passes while a thread works for the loop. Two processes may share one such time: it goes on when both
have nothing left to do.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar

from botmm.units import UnixNanos

R = TypeVar("R")
T = TypeVar("T")
Share = Callable[[socket.socket | None], None]
"""Shares the time with the process at the other end, or with nobody any more."""

STUCK_S = 30.0
"""Real seconds without a timer and without a byte after which nothing will ever happen."""


_TIME = struct.Struct("<d")
_ASK = _TIME.pack(math.nan)
"""The leader's question for when the follower's next timer is."""


class _Jumping(selectors.BaseSelector):
    """A selector that never sleeps: it looks, and otherwise lets time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_work = 0
        """Threads that work for the loop."""
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
        if self.at_work:
            return self._real.select()
        return self._idle(math.inf if timeout is None else self.now + timeout)

    def _idle(self, due: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Let time pass up to the next timer."""
        if due < math.inf:
            self.now = due
            return []
        ready = self._real.select(STUCK_S)
        if not ready:
            raise RuntimeError(f"invariant: something happens; nothing did for {STUCK_S} s")
        return ready

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


class _Leading(_Jumping):
    """Asks the other process how far time may go on, where there is one."""

    follower: socket.socket | None = None

    def _idle(self, due: float) -> list[tuple[selectors.SelectorKey, int]]:
        if self.follower is None:
            return super()._idle(due)
        self.follower.sendall(_ASK)
        theirs = _heard(self.follower)
        ready = self._real.select(0)  # it may have written to us before it answered
        if ready:
            return ready
        super()._idle(min(due, theirs))
        self.follower.sendall(_TIME.pack(self.now))
        return []


class _Following(_Jumping):
    """Tells the other process when its next timer is, and goes where that one says."""

    def __init__(self, leader: socket.socket, now: float) -> None:
        super().__init__()
        self.now, self._leader, self._asked = now, leader, False
        self._either = selectors.DefaultSelector()
        self._either.register(self._real, selectors.EVENT_READ)
        self._either.register(leader, selectors.EVENT_READ)

    def _idle(self, due: float) -> list[tuple[selectors.SelectorKey, int]]:
        while True:
            if self._asked:
                self._leader.sendall(_TIME.pack(due))
                self._asked = False
            spoke = any(key.fileobj is self._leader for key, _ in self._either.select())
            told = _heard(self._leader) if spoke else math.nan
            if spoke and not math.isnan(told):
                self.now = told
                return []
            self._asked = spoke
            ready = self._real.select(0)
            if ready:
                return ready


def _heard(other: socket.socket) -> float:
    """Return the time that the other process says.

    Raises:
        EOFError: it has ended.
    """
    word = other.recv(_TIME.size, socket.MSG_WAITALL)
    if len(word) < _TIME.size:
        raise EOFError("the other process of the simulated time has ended")
    return float(_TIME.unpack(word)[0])


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in simulated time."""

    def __init__(self, jumping: _Jumping | None = None) -> None:
        self._jumping = _Jumping() if jumping is None else jumping
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., R], *args: Any
    ) -> asyncio.Future[R]:
        working = super().run_in_executor(executor, func, *args)
        self._jumping.at_work += 1
        working.add_done_callback(self._rested)
        return working

    def _rested(self, _: asyncio.Future[Any]) -> None:
        self._jumping.at_work -= 1


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


def lead(main: Callable[[Share], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine as `run` does; it is given what shares its time with another process."""
    leading = _Leading()

    def share(follower: socket.socket | None) -> None:
        leading.follower = follower

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(leading)) as runner:
        return runner.run(main(share))


def follow(leader: socket.socket, now: float, main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the time of the process at the other end of a socket, which is at `now`."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(_Following(leader, now))) as runner:
        return runner.run(main)
