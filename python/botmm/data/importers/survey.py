"""Survey — a first pass over the files of one symbol: scales, days, silences, clocks.

Everything is decoded by the same code that will write the tape, at a scale fine enough for any
price, so that what the survey says is true of the tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from botmm.data.importers.base import (
    BBO,
    BOOK,
    FAST,
    SURVEY,
    TRADES,
    Batch,
    Columns,
    Heard,
    Scales,
    Source,
)
from botmm.data.importers.lanes import Merge, OnBatch, habits
from botmm.data.importers.tracks import (
    Span,
    Track,
    holes,
    joined,
    offsets_of,
    refuse_overlaps,
)
from botmm.errors import DataError
from botmm.units import DAY_NS, SECOND_NS, day_of

# Numbers of rows.rs.
LEVEL, TRADE, GAP = 1, 5, 9
LAST = 1

# Without any row of a book stream for so long, the recorder was not there. Streams of changes
# may be silent longer, and trades longer still.
SILENCE_NS = {"snapshots": 10 * SECOND_NS, "changes": 60 * SECOND_NS, "trades": 600 * SECOND_NS}


@dataclass(slots=True, kw_only=True)
class Survey:
    """What the first pass found; times are those of the corrected clock.

    `days_of` gives the days of each file, by its path, with the streams heard on each; `gaps` are
    silences within a day; on the days of `fresh` the recording begins anew.
    """

    scales: Scales
    price_step: int
    days_of: dict[str, dict[date, set[int]]]
    gaps: tuple[Span, ...]
    fresh: frozenset[date]
    offsets: dict[str, int]

    @property
    def days(self) -> tuple[date, ...]:
        """Return the days that have rows."""
        return tuple(sorted(set().union(*self.days_of.values())))

    def offset(self, source: Source) -> int:
        """Return what to add to the receive times of a file."""
        return self.offsets.get(str(source.path), 0)

    def streams(self, day: date) -> set[int]:
        """Return the streams heard on a day."""
        return set().union(*(days.get(day, set()) for days in self.days_of.values()))

    def feeding(self, sources: Sequence[Source], days: set[date]) -> list[Source]:
        """Return the files that have rows on some of these days."""
        return [s for s in sources if not days.isdisjoint(self.days_of.get(str(s.path), ()))]


@dataclass(slots=True)
class _Pass:
    """What accumulates while rows go by."""

    symbol: str
    tracks: dict[str, Track] = field(default_factory=dict)
    px_gcd: int = 0
    qty_gcd: int = 0
    px_decimals: int = 0
    size_decimals: int = 0

    def rows(self, rows: Columns) -> None:
        """Take a delivery."""
        levels = (rows["kind"] == LEVEL) | (rows["kind"] == TRADE)
        self.px_gcd = int(np.gcd.reduce(rows["px"][levels], initial=self.px_gcd))
        self.qty_gcd = int(np.gcd.reduce(rows["qty"][levels], initial=self.qty_gcd))

    def batch(self, source: Source, batch: Batch, heard: Heard) -> None:
        """Take a batch; of lines also the decimals of levels that never become a row."""
        from botmm.core import CoreException, scan_lines

        self.tracks.setdefault(str(source.path), Track(source)).hear(heard)
        if batch.method == "add_lines":
            decoder, _, lines, first = batch.args
            try:
                px, size, _ = scan_lines(decoder, lines, first).get(self.symbol, (0, 0, 0))
            except CoreException as error:
                raise DataError(f"{source.path}: {error}") from None
            self.px_decimals = max(self.px_decimals, px)
            self.size_decimals = max(self.size_decimals, size)


def survey(
    sources: Sequence[Source], symbol: str, on_batch: OnBatch, *, scales: Scales | None = None
) -> Survey:
    """Read everything once.

    Args:
        sources: the files of one symbol and venue.
        symbol: which symbol.
        on_batch: told of every batch, for progress.
        scales: scales told by the user, taken as they are.

    Raises:
        DataError: a file is not what it claims to be, two hold the same time, or there are no
            rows.
    """
    from botmm.core import Assembler

    held, looked = _Pass(symbol), scales or SURVEY
    assembler = Assembler(looked.px, looked.size, habits(sources))

    def seen(source: Source, batch: Batch, heard: Heard) -> None:
        held.batch(source, batch, heard)
        on_batch(source, batch, heard)

    merge = Merge(symbol=symbol, scales=looked, assembler=assembler)
    for delivery in merge.deliver(sources, seen):
        held.rows(delivery.rows)
    if not any(track.stretches for track in held.tracks.values()):
        raise DataError(
            f"no rows of {symbol} in {', '.join(source.path.name for source in sources[:3])}",
            cure="check --symbol and --format",
        )
    return _concluded(held, scales)


def _concluded(held: _Pass, told: Scales | None) -> Survey:
    looked = told or SURVEY
    scales = told or Scales(
        px=max(_decimals(held.px_gcd), held.px_decimals),
        size=max(_decimals(held.qty_gcd), held.size_decimals),
    )
    offsets = offsets_of(list(held.tracks.values()))
    tracks = [track.moved(offsets[name]) for name, track in held.tracks.items()]
    refuse_overlaps(tracks, {TRADES: SILENCE_NS["trades"]}, SILENCE_NS["changes"])
    gaps, fresh = _silences(tracks)
    gaps = _with_told(gaps, tracks, held.symbol, offsets)
    return Survey(
        scales=scales,
        price_step=held.px_gcd // 10 ** (looked.px - scales.px) or 1,
        days_of={str(track.source.path): track.days() for track in tracks},
        gaps=gaps,
        fresh=fresh,
        offsets=offsets,
    )


def _silences(tracks: Sequence[Track]) -> tuple[tuple[Span, ...], frozenset[date]]:
    """Return the silences within a day, and the days on which a recording begins anew.

    A short silence over midnight does not end a book of changes: its numbers, or their absence,
    say whether it goes on.
    """
    incremental = any(track.source.incremental for track in tracks)
    streams = {stream for track in tracks for stream in track.stretches}
    limit = SILENCE_NS["snapshots" if BOOK in streams and not incremental else "changes"]
    book = joined(_spans(tracks, streams & {BOOK, FAST, BBO}), limit)
    heard = joined(_spans(tracks, streams), limit)
    end_of_all = heard[-1][1], heard[-1][1]
    silent = holes([*book, end_of_all], limit) if book else []
    silent += [
        (start, end)
        for start, end in holes(heard, SILENCE_NS["trades"])
        if not any(low <= start and end <= high for low, high in silent)
    ]
    carried_ns = SILENCE_NS["trades"] if incremental else 0
    gaps: list[Span] = []
    fresh: set[date] = set()
    for start, end in sorted(silent):
        midnight = (start // DAY_NS + 1) * DAY_NS
        if end >= midnight and end - start > carried_ns:
            days = range(midnight // DAY_NS, end // DAY_NS + 1)
            fresh |= {day_of(day * DAY_NS) for day in days}
            end = max(min(high, midnight - 1) for low, high in heard if low < midnight)
        gaps += _told(start, end, heard, limit)
    return tuple(gaps), frozenset(fresh)


def _with_told(
    gaps: tuple[Span, ...], tracks: Sequence[Track], symbol: str, offsets: dict[str, int]
) -> tuple[Span, ...]:
    """Return the gaps with those that recorders told and that are no silences of themselves."""
    spans = [span for track in tracks for spans in track.stretches.values() for span in spans]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    told = [
        (start + move, end + move)
        for track in tracks
        for move in [offsets[str(track.source.path)]]
        for start, end in track.source.gaps(symbol)
        if first <= start + move and end + move <= last
    ]
    # One that lasts over midnight is told on the day on which it ends.
    told = [(max(start, end // DAY_NS * DAY_NS), end) for start, end in told]
    more = [
        one
        for one in joined(told, SECOND_NS)
        if not any(a <= one[1] and one[0] <= b for a, b in gaps)
    ]
    return tuple(sorted([*gaps, *more]))


def _told(start: int, end: int, heard: Sequence[Span], limit: int) -> list[Span]:
    """Return a silence of the book as gaps, none where it is short.

    Where other streams are heard in it for long, it is told as soon as it is sure, and again at
    its end.
    """
    if end - start <= limit:
        return []
    sure = next((max(low, start + limit) for low, high in heard if high > start + limit), end)
    return [(start, sure), (sure, end)] if end - sure > limit else [(start, end)]


def _spans(tracks: Sequence[Track], streams: set[int]) -> list[Span]:
    return [span for t in tracks for stream in streams for span in t.stretches.get(stream, ())]


def tier_of(streams: set[int], *, incremental: bool) -> str:
    """Return the data tier of DESIGN section 7."""
    if BOOK in streams or FAST in streams:
        if incremental:
            return "B"
        return "C" if BBO in streams else "D"
    return "E"


def _decimals(gcd: int) -> int:
    """Return the decimals that a common divisor at the survey's scale needs."""
    decimals = SURVEY.px
    while decimals > 0 and gcd % 10 == 0 and gcd > 0:
        gcd //= 10
        decimals -= 1
    return decimals
