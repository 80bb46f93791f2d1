"""Volume — what a tape traded in each minute, against the candles of its venue.

Candles are made by somebody else from the same trades: a minute that differs lost or doubled some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from botmm.data.catalogue import Tape
from botmm.data.quality import MINUTE_NS, TRADE, plain_rows
from botmm.units import SECOND_NS

LATE_NS = 2 * SECOND_NS
"""How late a trade may come: so much around a gap, and before the end, may lack some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A minute whose volume is not the candle's; volumes in lots."""

    start: int
    tape: int
    candle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How the minutes of one tape agree."""

    tape: Tape
    minutes: int
    """Whole minutes without a gap, for which there are candles."""
    left_out: int
    traded: int
    """Lots of the minutes that were compared."""
    differ: tuple[Difference, ...]

    @property
    def share(self) -> float:
        """Return the share of the minutes that agree; 0 where none was compared."""
        return (self.minutes - len(self.differ)) / self.minutes if self.minutes else 0.0


def compare(tape: Tape, candles: Mapping[int, int]) -> Compared:
    """Compare the traded volume of whole minutes.

    Args:
        tape: what was recorded.
        candles: lots by the start of the minute in Unix nanoseconds. A minute that is not there, between
            the first and the last, had no trade.

    Raises:
        DataError: the file is damaged.
    """
    rows = plain_rows(tape.path)
    trades = rows["kind"] == TRADE
    first = tape.first_ts // MINUTE_NS
    span = range(first, tape.last_ts // MINUTE_NS + 1)
    traded = np.zeros(len(span), np.int64)
    at = rows["ts_exch"][trades] // MINUTE_NS - first
    inside = (at >= 0) & (at < len(span))
    np.add.at(traded, at[inside], rows["qty"][trades][inside])
    held = range(min(candles, default=0) // MINUTE_NS, max(candles, default=-1) // MINUTE_NS + 1)
    compared, differ, total = 0, [], 0
    for minute, lots in zip(span, traded.tolist(), strict=True):
        start = minute * MINUTE_NS
        if minute not in held or not _is_whole(tape, start):
            continue
        compared, total = compared + 1, total + lots
        if (told := candles.get(start, 0)) != lots:
            differ.append(Difference(start=start, tape=lots, candle=told))
    return Compared(
        tape=tape, minutes=compared, left_out=len(span) - compared, traded=total,
        differ=tuple(differ),
    )  # fmt: skip


def _is_whole(tape: Tape, start: int) -> bool:
    """Whether a minute was recorded from its start to its end."""
    end = start + MINUTE_NS
    if start < tape.first_ts or end + LATE_NS > tape.last_ts:
        return False
    return not any(a - LATE_NS < end and start < b + LATE_NS for a, b in tape.gaps)
