"""Lanes — the files of one symbol, whatever their order, merged by time into one delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from botmm.data.importers.base import TRADES, Batch, Columns, Heard, Scales, Source, Tally
from botmm.errors import DataError

# Cause of a gap row: the recorder was not there.
RECORDER = 1

OnBatch = Callable[[Source, Batch, Heard], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Rows in order, perhaps none, and what the core had counted when they were delivered."""

    rows: Columns
    counts: dict[str, int]


def habits(sources: Sequence[Source]) -> str:
    """Return the venue whose habits the streams have; a book of changes decides.

    Changes without a snapshot to start from are no book: only the touch counts then.
    """
    chosen = next((source for source in sources if source.incremental), None)
    if chosen is None:
        return sources[0].rules
    return chosen.rules if has_book(sources) else "other"


def has_book(sources: Sequence[Source]) -> bool:
    """Whether changes, if the book comes as such, find what they start from."""
    changes = [source for source in sources if source.incremental]
    return not changes or any(source.starts_book for source in changes)


@dataclass(slots=True, kw_only=True)
class Merge:
    """Files of one symbol and venue on their way through the core's assembler.

    Args:
        symbol: which symbol.
        scales: scales of prices and sizes.
        assembler: the core's merger of tables; gaps and beginnings are added already.
        offset: what to add to the receive times of a file.
        edges: receive times that no delivery crosses, rising.
        tally: takes what the readers count.
        heard: messages so far, by file.
    """

    symbol: str
    scales: Scales
    assembler: Any
    offset: Callable[[Source], int] = lambda _: 0
    edges: tuple[int, ...] = ()
    tally: Tally = field(default_factory=Tally)
    heard: dict[str, int] = field(default_factory=dict)

    def deliver(self, sources: Sequence[Source], on_batch: OnBatch) -> Iterator[Delivery]:
        """Yield the rows of all files in order of delivery.

        The file that has come least far is read on, so that no row is delivered before one that
        came earlier in another file; files are opened when their time has come.

        Raises:
            DataError: a file is not what it claims to be.
        """
        heap = [
            (source.first_recv(self.symbol) + self.offset(source), number)
            for number, source in enumerate(sources)
        ]
        heapify(heap)
        running: dict[int, Iterator[Batch]] = {}
        while heap:
            reached, number = heappop(heap)
            source = sources[number]
            if number not in running:
                running[number] = source.batches(self.symbol, self.scales, self.tally)
            batch = next(running[number], None)
            if batch is None:
                running[number] = iter(())
            else:
                self._feed(source, batch, on_batch)
                heappush(heap, (max(reached, batch.last_recv + self.offset(source)), number))
            yield from self._drained(source, heap[0][0] if heap else None)

    def _feed(self, source: Source, batch: Batch, on_batch: OnBatch) -> None:
        from botmm.core import CoreException

        try:
            heard = batch.feed(self.assembler, self.offset(source))
        except CoreException as error:
            raise DataError(f"{source.path}: {error}") from None
        self._note_odd(source, heard)
        on_batch(source, batch, heard)

    def _note_odd(self, source: Source, heard: Heard) -> None:
        """Keep where the first venue time that is none stands; the core counts and replaces it."""
        from botmm.core import VENUE_TIME_NS_MAX

        before = self.heard.get(str(source.path), 0)
        self.heard[str(source.path)] = before + len(heard.exch)
        unsaid = (heard.exch == 0) & (heard.stream != TRADES)
        odd = np.flatnonzero((abs(heard.recv - heard.exch) > VENUE_TIME_NS_MAX) & ~unsaid)
        if len(odd):
            self.tally.notes.setdefault(
                "venue_time",
                f"{source.path.name}: message {before + int(odd[0]) + 1}, venue time "
                f"{int(heard.exch[odd[0]])} is more than {VENUE_TIME_NS_MAX // 1_000_000_000} s from its receive time, which "
                "stands for it, as for all that bad_venue_times counts",
            )

    def _drained(self, source: Source, until: int | None) -> Iterator[Delivery]:
        """Yield what was received before a time, cut at the edges; `source` was read last."""
        from botmm.core import CoreException

        while True:
            edge = self.edges[0] if self.edges else None
            cut = edge is not None and (until is None or edge <= until)
            try:
                rows = self.assembler.drain(edge if cut else until)
            except CoreException as error:
                raise DataError(f"{source.path}: {error}") from None
            if len(rows["ts_recv"]) or cut or until is None:
                yield Delivery(rows=rows, counts=self.assembler.counts())
            if not cut:
                return
            self.edges = self.edges[1:]
