"""Inbox — frames between the sockets and the one loop, bounded: stale prices go, own news never."""

from __future__ import annotations

import asyncio
from collections import deque

FRAMES_MAX = 4_096
PRIVATE_MAX = 65_536


class Inbox:
    """A queue in order of arrival whose writers never wait."""

    def __init__(self, *, frames_max: int = FRAMES_MAX, private_max: int = PRIVATE_MAX) -> None:
        """Bound it."""
        self._rows: deque[tuple[bytes, bool]] = deque()
        self._frames_max, self._private_max = frames_max, private_max
        self._news = asyncio.Event()
        self._taken = asyncio.Condition()
        self._in = self._out = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, payload: bytes, *, private: bool) -> bool:
        """Take in a frame; whether there was room.

        When it is full, every frame of a market in it is stale and goes: each new one of a book is
        whole. Private ones stay; too many of them mean that nobody reads.
        """
        if len(self._rows) >= self._frames_max and not private:
            kept = [row for row in self._rows if row[1]]
            self.dropped += len(self._rows) - len(kept)
            self._out += len(self._rows) - len(kept)
            self._rows = deque(kept)
        if len(self._rows) >= self._private_max:
            return False
        self._rows.append((payload, private))
        self._in += 1
        self._news.set()
        return True

    async def get(self) -> bytes:
        """Return the next frame; the one before counts as used now."""
        async with self._taken:
            self._taken.notify_all()
        while not self._rows:
            self._news.clear()
            await self._news.wait()
        self._out += 1
        return self._rows.popleft()[0]

    async def used(self, *, within_s: float) -> bool:
        """Wait until everything that is in it now was used; whether that came in time."""
        mark = self._in

        def done() -> bool:
            return self._out > mark or (self._out >= mark and not self._rows)

        try:
            async with asyncio.timeout(within_s), self._taken:
                await self._taken.wait_for(done)
        except TimeoutError:
            return False
        return True
