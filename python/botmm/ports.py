"""Ports — the protocols that tell replay, paper and live apart; the engine knows nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

# Columns by name, one contiguous numpy array a field; dtypes as in `_core.pyi`.
Columns = dict[str, Any]


class Feed(Protocol):
    """Where events come from: a tape, a venue's sockets, a journal."""

    def __aiter__(self) -> AsyncIterator[Columns]:
        """Yield batches of events in order of delivery."""
        ...


class Gateway(Protocol):
    """Where approved commands go; answers come back through the feed, never from `send`."""

    async def send(self, commands: Columns) -> None:
        """Hand one list of commands to the venue."""
        ...


class Journal(Protocol):
    """What makes a run repeatable: every event, written before it is used."""

    def append(self, batch: Columns) -> None:
        """Keep one batch, in order of delivery."""
        ...
