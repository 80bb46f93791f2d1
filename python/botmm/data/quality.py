"""Quality — a score a minute for every tape: 100 is a minute without anything to complain of.

What costs points, at most, by the share of the minute's rows or time that it touches: silence
100, a crossed book 60, a locked book 30, time running back 40, trades outside the book 20, clock
skew (negative delays) 20. What happens in recorded silence is not judged: there is no book.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botmm.data.catalogue import Tape
from botmm.units import SECOND_NS, time_text

I64 = NDArray[np.int64]

# Numbers of rows.rs.
TRADE, GAP = 5, 9
LAST, KEYFRAME = 1, 4

MINUTE_NS = 60 * SECOND_NS
PENALTY = {
    "gap": 100.0,
    "crossed": 60.0,
    "locked": 30.0,
    "time_back": 40.0,
    "outside": 20.0,
    "skew": 20.0,
}
# Venue time steps back by up to this where streams of one venue are merged; more is an error.
BACK_NS = 2 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One minute of a tape: its score and the shares that lowered it."""

    start: int
    score: float
    rows: int
    shares: dict[str, float]

    @property
    def is_silent(self) -> bool:
        """Whether all of it lies in recorded silence."""
        return self.shares["gap"] > 1.0 - 1e-9

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        shares = {name: round(share, 6) for name, share in self.shares.items() if share > 0}
        return {
            "minute": time_text(self.start),
            "score": round(self.score, 1),
            "rows": self.rows,
            "shares": shares,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The quality of one tape."""

    tape: Tape
    minutes: tuple[Minute, ...]

    @property
    def score(self) -> float:
        """Return the mean score of all minutes from the first row to the last."""
        return _mean(minute.score for minute in self.minutes)

    @property
    def score_recorded(self) -> float:
        """Return the mean score of the minutes that are not all silence."""
        return _mean(minute.score for minute in self.minutes if not minute.is_silent)

    @property
    def silent(self) -> int:
        """Return the minutes that lie in recorded silence altogether."""
        return sum(minute.is_silent for minute in self.minutes)

    def worst(self, count: int) -> list[Minute]:
        """Return the worst minutes below 100, worst first, but for those that are all silence."""
        low = [m for m in self.minutes if m.score < 100.0 and not m.is_silent]
        return sorted(low, key=lambda minute: (minute.score, minute.start))[:count]

    def shares(self) -> dict[str, float]:
        """Return the mean share of each complaint."""
        if not self.minutes:
            return dict.fromkeys(PENALTY, 0.0)
        return {
            name: float(np.mean([minute.shares[name] for minute in self.minutes]))
            for name in PENALTY
        }


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return float(np.mean(every)) if every else 0.0


def check(tape: Tape) -> Report:
    """Score a tape minute by minute.

    Raises:
        DataError: the file is damaged.
    """
    columns = plain_rows(tape.path)
    first, last = tape.first_ts, tape.last_ts
    origin = first // MINUTE_NS * MINUTE_NS
    count = int((last - origin) // MINUTE_NS) + 1
    minute = ((columns["ts_recv"] - origin) // MINUTE_NS).astype(np.int64)
    totals: dict[str, NDArray[np.float64]] = {
        "gap": _silent_shares(tape, origin, count),
        **_book_shares(columns, minute, (origin, count), tape.gaps),
        **_time_shares(columns, minute, count),
    }
    rows = np.bincount(minute, minlength=count)
    lost = sum(PENALTY[name] * np.clip(share, 0.0, 1.0) for name, share in totals.items())
    score = np.clip(100.0 - lost, 0.0, 100.0)
    minutes = tuple(
        Minute(
            start=origin + i * MINUTE_NS,
            score=float(score[i]),
            rows=int(rows[i]),
            shares={name: float(totals[name][i]) for name in PENALTY},
        )
        for i in range(count)
    )
    return Report(tape=tape, minutes=minutes)


def plain_rows(path: Path) -> dict[str, NDArray[Any]]:
    """Read a tape without its keyframes.

    Raises:
        DataError: the file is damaged.
    """
    from botmm.core import CoreException, read_tape
    from botmm.errors import DataError

    try:
        columns: dict[str, NDArray[Any]] = read_tape(str(path))
    except CoreException as error:
        raise DataError(str(error), cure="import it again with --force") from None
    keep = (columns["flags"] & KEYFRAME) == 0
    return columns if keep.all() else {name: values[keep] for name, values in columns.items()}


def _silent_shares(tape: Tape, origin: int, count: int) -> NDArray[np.float64]:
    """Return the share of each minute that lies in recorded silence."""
    edges = origin + MINUTE_NS * np.arange(count + 1, dtype=np.int64)
    silent = np.zeros(count)
    for start, end in tape.gaps:
        inside = np.clip(edges, start, end)
        silent += np.diff(inside) / MINUTE_NS
    return silent


def _time_shares(
    columns: dict[str, NDArray[Any]], minute: I64, count: int
) -> dict[str, NDArray[np.float64]]:
    """Return the shares of messages whose venue time runs back, or lies after our receipt."""
    plain = (columns["kind"] != GAP) & (columns["flags"] & LAST != 0) & (columns["ts_exch"] > 0)
    exch, recv, at = columns["ts_exch"][plain], columns["ts_recv"][plain], minute[plain]
    total = np.maximum(np.bincount(at, minlength=count), 1)
    newest = np.maximum.accumulate(exch) if len(exch) else exch
    back = np.bincount(at, weights=newest - exch > BACK_NS, minlength=count)
    skew = np.bincount(at, weights=exch > recv, minlength=count)
    return {"time_back": back / total, "skew": skew / total}


def _book_shares(
    columns: dict[str, NDArray[Any]],
    minute: I64,
    span: tuple[int, int],
    gaps: tuple[tuple[int, int], ...],
) -> dict[str, NDArray[np.float64]]:
    """Return the shares of time with a crossed or locked book, and of trades outside it.

    A trade is outside where its aggressor could not have met this book: a buyer below the best
    bid, a seller above the best ask. In recorded silence there is no book to judge by.
    """
    from botmm.core import touches

    origin, count = span
    bid, ask = touches(columns["kind"], columns["side"], columns["px"])
    for start, end in gaps:
        low, high = np.searchsorted(columns["ts_recv"], (start, end))
        bid[low:high] = ask[low:high] = 0
    ends = columns["flags"] & LAST != 0
    ts, two_sided = columns["ts_recv"][ends], (bid[ends] > 0) & (ask[ends] > 0)
    spread = ask[ends] - bid[ends]
    prints = columns["kind"] == TRADE
    px, side, at = columns["px"][prints], columns["side"][prints], minute[prints]
    below = (side > 0) & (px < bid[prints])
    above = (side < 0) & (ask[prints] > 0) & (px > ask[prints])
    total = np.maximum(np.bincount(at, minlength=count), 1)
    return {
        "crossed": _time_shared(ts, two_sided & (spread < 0), origin, count),
        "locked": _time_shared(ts, two_sided & (spread == 0), origin, count),
        "outside": np.bincount(at, weights=below | above, minlength=count) / total,
    }


def _time_shared(ts: I64, state: NDArray[np.bool_], origin: int, count: int) -> NDArray[np.float64]:
    """Return the share of each minute during which a state held, from one message to the next."""
    if len(ts) == 0:
        return np.zeros(count)
    spent = np.concatenate([[0.0], np.cumsum(np.diff(ts) * state[:-1])])
    edges = MINUTE_NS * np.arange(count + 1, dtype=np.int64)
    shares: NDArray[np.float64] = np.diff(np.interp(edges, ts - origin, spent)) / MINUTE_NS
    return shares
