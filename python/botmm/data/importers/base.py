"""Base — what a reader of recordings hands over, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from botmm.errors import DataError

I64 = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

# Scales at which everything is looked at before the tape's own scales are known.
SURVEY_DECIMALS = 8

# Later than this (2255) is no time of a recording.
TIME_NS_MAX = 9_000_000_000_000_000_000

# Numbers of the core's `streams`.
BOOK, FAST, BBO, TRADES = 1, 2, 3, 4
_STREAMS = {"add_snapshots": BOOK, "add_deltas": BOOK, "add_bbo": BBO, "add_trades": TRADES}


class UnknownFormatError(DataError):
    """A file that is sound as far as it goes, but nothing that a reader knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Decimals of price units and of lots."""

    px: int
    size: int


SURVEY = Scales(px=SURVEY_DECIMALS, size=SURVEY_DECIMALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When messages happened (0 where the venue does not say), came, and on which stream."""

    exch: I64
    recv: I64
    stream: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A call of the core's assembler, and how far it reaches.

    Raises from the core are given the file's name by the caller.
    """

    method: str
    args: tuple[Any, ...]
    last_recv: int
    rows: int

    def feed(self, assembler: Any, offset: int) -> Heard:
        """Hand the batch to the assembler, its receive times moved by a constant."""
        if self.method == "add_lines":
            exch, recv, stream = assembler.add_lines(*self.args, offset)
            return Heard(exch=exch, recv=recv, stream=stream)
        exch, recv, *rest = self.args
        recv = recv + np.int64(offset)
        getattr(assembler, self.method)(exch, recv, *rest)
        stream = np.full(len(recv), _STREAMS[self.method], np.uint8)
        return Heard(exch=exch, recv=recv, stream=stream)


@dataclass(slots=True)
class Tally:
    """What a reader met and did not pass on as it was; by name, each a number of rows."""

    counts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, count: int) -> None:
        """Add to a count; zero leaves no trace."""
        if count:
            self.counts[name] = self.counts.get(name, 0) + int(count)


class Source(Protocol):
    """One file of one format."""

    @property
    def path(self) -> Path:
        """Return where it is."""
        ...

    @property
    def format(self) -> str:
        """Return the name of the format, as `--format` takes it."""
        ...

    @property
    def venue(self) -> str:
        """Return the venue's folder name in the store."""
        ...

    @property
    def incremental(self) -> bool:
        """Return whether its book comes as changes, so that files need the ones before."""
        ...

    @property
    def starts_book(self) -> bool:
        """Return whether changes find in it what they start from."""
        ...

    @property
    def has_clock(self) -> bool:
        """Return whether its receive times are the recorder's."""
        ...

    @property
    def rules(self) -> str:
        """Return the venue whose habits the streams have, as the core names it, or `other`."""
        ...

    @property
    def notes(self) -> dict[str, str]:
        """Return what the tape's metadata should say of this format."""
        ...

    def window(self, symbol: str) -> int:
        """Return the levels a side that the book shows at most, 0 for the whole book."""
        ...

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols it holds."""
        ...

    def first_recv(self, symbol: str) -> int:
        """Return the receive time of its first row, in Unix nanoseconds."""
        ...

    def gaps(self, symbol: str) -> Sequence[tuple[int, int]]:
        """Return when its recorder knew that it missed something, receive times in ns."""
        ...

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield its rows in order of delivery.

        Raises:
            DataError: the file is not what it claims to be, with row and value.
        """
        ...

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        ...
