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
        self._rows: deque[tuple[int, bytes, bool]] = deque()
        self._frames_max, self._private_max = frames_max, private_max
        self._news = asyncio.Event()
        self._progress = asyncio.Condition()
        self._number = self._used = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, payload: bytes, *, private: bool) -> bool:
        """Take in a frame; whether there was room.

        When it is full, every frame of a market in it is stale and goes: each new one of a book is
        whole. Private ones stay; too many of them mean that nobody reads.
        """
        if len(self._rows) >= self._frames_max and not private:
            kept = [row for row in self._rows if row[2]]
            self.dropped += len(self._rows) - len(kept)
            self._rows = deque(kept)
        if len(self._rows) >= self._private_max:
            return False
        self._number += 1
        self._rows.append((self._number, payload, private))
        self._news.set()
        return True

    async def get(self) -> bytes:
        """Return the next frame; those before it count as used now."""
        async with self._progress:
            self._used = self._rows[0][0] - 1 if self._rows else self._number
            self._progress.notify_all()
        while not self._rows:
            self._news.clear()
            await self._news.wait()
        return self._rows.popleft()[1]

    async def used(self, *, within_s: float) -> bool:
        """Wait until everything that was put in until now was used; whether that came in time."""
        mark = self._number
        try:
            async with asyncio.timeout(within_s), self._progress:
                await self._progress.wait_for(lambda: self._used >= mark)
        except TimeoutError:
            return False
        return True
