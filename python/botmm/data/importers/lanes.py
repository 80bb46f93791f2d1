"""Lanes — the files of one symbol, each kind in order of time, merged into one delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botmm.data.importers.base import Batch, Columns, Scales, Source, Tally
from botmm.errors import DataError

# Hour files may hold a little of their neighbours; more is another recording of the same time.
OVERLAP_NS_MAX = 60_000_000_000

# Cause of a gap row: the recorder was not there.
RECORDER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Rows in order, and the file they come from where only one lane runs."""

    rows: Columns
    source: Source | None


class Lane:
    """Files of one kind, read one after the other."""

    def __init__(self, sources: Sequence[Source], symbol: str) -> None:
        """Order the files by their first row."""
        self.symbol = symbol
        self.sources = sorted(sources, key=lambda s: (s.first_recv(symbol), s.path.name))
        self.reached = min(s.first_recv(symbol) for s in sources)
        self.source = self.sources[0]

    def batches(self, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield the batches of all files, keeping track of how far they reach.

        Raises:
            DataError: two files hold the same time.
        """
        for source in self.sources:
            first = source.first_recv(self.symbol)
            if first < self.reached - OVERLAP_NS_MAX:
                raise DataError(
                    f"{source.path}: begins {(self.reached - first) * 1e-9:.0f} s before "
                    f"{self.source.path} ends: two recordings of one time",
                    cure="import one of them",
                )
            self.source = source
            for batch in source.batches(self.symbol, scales, tally):
                self.reached = max(self.reached, batch.last_recv)
                yield batch


def lanes(sources: Sequence[Source], symbol: str) -> list[Lane]:
    """Sort files into lanes."""
    kinds: dict[str, list[Source]] = {}
    for source in sources:
        kinds.setdefault(source.lane, []).append(source)
    return [Lane(group, symbol) for _, group in sorted(kinds.items())]


def rules(sources: Sequence[Source]) -> str:
    """Return the venue whose habits the streams have; a book of changes decides."""
    chosen = next((source for source in sources if source.incremental), sources[0])
    return chosen.rules


def deliver(
    sources: Sequence[Source],
    symbol: str,
    scales: Scales,
    assembler: object,
    tally: Tally,
    on_batch: Callable[[Source, Batch], None],
) -> Iterator[Delivery]:
    """Yield the rows of all files in order of delivery.

    Args:
        sources: the files of one symbol and venue.
        symbol: which symbol.
        scales: scales of prices and sizes.
        assembler: the core's merger of tables, gaps already added.
        tally: takes what the readers count.
        on_batch: told of every batch.

    Raises:
        DataError: a file is not what it claims to be.
    """
    from typing import Any, cast

    from botmm.core import CoreException

    core = cast(Any, assembler)
    running = [(lane, lane.batches(scales, tally)) for lane in lanes(sources, symbol)]
    alone = len(running) == 1
    while running:
        lane, batches = min(running, key=lambda pair: pair[0].reached)
        batch = next(batches, None)
        if batch is None:
            running.remove((lane, batches))
        try:
            if batch is not None:
                batch.feed(core)
                on_batch(lane.source, batch)
            open_lanes = [] if alone else [other.reached for other, _ in running]
            until = min(open_lanes, default=None)
            rows = core.drain(until)
        except CoreException as error:
            raise DataError(f"{lane.source.path}: {error}") from None
        if len(rows["ts_recv"]):
            yield Delivery(rows=rows, source=lane.source if alone else None)
