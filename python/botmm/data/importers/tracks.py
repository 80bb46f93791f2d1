"""Tracks — when each file heard each stream: silences, clock offsets, files that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np

from botmm.data.importers.base import I64, Heard, Source
from botmm.errors import DataError
from botmm.units import DAY_NS, SECOND_NS, day_of, time_text

# From and to, in Unix nanoseconds.
Span = tuple[int, int]

# The shortest silence that is told apart from the pace of a stream.
STRETCH_NS = 10 * SECOND_NS

# Hour files may hold a little of their neighbours; more, or most of a file, is another recording
# of the same time.
OVERLAP_NS_MAX = 60 * SECOND_NS

# A median delay below minus this is no jitter: the two clocks differ by a constant.
OFFSET_NS_MIN = 50_000_000
# What is then taken for the fastest delivery; the few rows below are outliers.
OFFSET_QUANTILE = 0.005
# Files that follow each other so closely, on clocks so alike, are one recorder's.
SAME_CLOCK_NS = 60 * SECOND_NS
# Messages measured a file: many files are surveyed together.
_DELAYS_MAX = 20_000


@dataclass(slots=True)
class Track:
    """Stretches without silence of one file, by stream, and the delays of its messages."""

    source: Source
    stretches: dict[int, list[Span]] = field(default_factory=dict)
    delays: list[I64] = field(default_factory=list)

    def hear(self, heard: Heard) -> None:
        """Take messages."""
        for stream in np.unique(heard.stream).tolist():
            times = np.sort(heard.recv[heard.stream == stream])
            cuts = np.flatnonzero(np.diff(times) > STRETCH_NS)
            starts = times[np.concatenate(([0], cuts + 1))].tolist()
            ends = times[np.append(cuts, len(times) - 1)].tolist()
            known = self.stretches.setdefault(stream, [])
            if known and starts[0] - known[-1][1] <= STRETCH_NS:
                low, high = known.pop()
                starts[0], ends[0] = min(starts[0], low), max(ends[0], high)
            known += zip(starts, ends, strict=True)
        if sum(map(len, self.delays)) < _DELAYS_MAX and self.source.has_clock:
            said = (heard.exch > 0) & (heard.exch != heard.recv)
            self.delays.append((heard.recv - heard.exch)[said][:_DELAYS_MAX])

    def moved(self, offset: int) -> Track:
        """Return it on a corrected clock."""
        if offset == 0:
            return self
        shifted = {
            stream: [(start + offset, end + offset) for start, end in spans]
            for stream, spans in self.stretches.items()
        }
        return Track(self.source, shifted)

    def days(self) -> dict[date, set[int]]:
        """Return the days with messages, each with the streams that were heard."""
        found: dict[date, set[int]] = {}
        for stream, spans in self.stretches.items():
            for start, end in spans:
                for number in range(start // DAY_NS, end // DAY_NS + 1):
                    found.setdefault(day_of(number * DAY_NS), set()).add(stream)
        return found

    @property
    def span(self) -> Span:
        """Return the first and the last time."""
        spans = [span for spans in self.stretches.values() for span in spans]
        return min(start for start, _ in spans), max(end for _, end in spans)


def joined(spans: Iterable[Span], silence_ns: int) -> list[Span]:
    """Return stretches in order, those joined that are not apart by more than a silence."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= silence_ns:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def holes(spans: Sequence[Span], silence_ns: int) -> list[Span]:
    """Return what lies between stretches in order, where it is longer than a silence."""
    between = ((before[1], after[0]) for before, after in pairwise(spans))
    return [(start, end) for start, end in between if end - start > silence_ns]


def offsets_of(tracks: Sequence[Track]) -> dict[str, int]:
    """Return what to add to the receive times of each file, by its path.

    Files of one recorder, one beside or after the other, share a clock: they are measured
    together, so that a correction never changes their order.
    """
    clocked = sorted((t for t in tracks if t.stretches), key=lambda track: track.span)
    groups: list[list[Track]] = []
    reached = own = 0
    for track in clocked:
        start, end = track.span
        measured = _offset(track.delays)
        known = own if measured is None else measured
        if groups and start - reached <= SAME_CLOCK_NS and abs(known - own) < OFFSET_NS_MIN:
            groups[-1].append(track)
            reached = max(reached, end)
        else:
            groups.append([track])
            reached, own = end, known
    offsets = {str(track.source.path): 0 for track in tracks}
    for group in groups:
        together = _offset([part for track in group for part in track.delays]) or 0
        offsets |= {str(t.source.path): together for t in group if t.source.has_clock}
    return offsets


def _offset(delays: Sequence[I64]) -> int | None:
    """Return the constant to add, 0 for plausible delays, None without any."""
    every = np.concatenate(delays) if delays else np.empty(0, np.int64)
    if len(every) == 0:
        return None
    if float(np.median(every)) >= -OFFSET_NS_MIN:
        return 0
    return -int(np.quantile(every, OFFSET_QUANTILE))


def refuse_overlaps(
    tracks: Sequence[Track], silences_ns: Mapping[int, int], silence_ns: int
) -> None:
    """Check that no two files hold the same stream at the same time.

    Args:
        tracks: all files of one symbol.
        silences_ns: by stream, how long it may be silent; `silence_ns` for the others.

    Raises:
        DataError: two files do; where and for how long.
    """
    spans_of: dict[int, list[tuple[int, int, Track]]] = {}
    for track in tracks:
        for stream, spans in track.stretches.items():
            whole = joined(spans, silences_ns.get(stream, silence_ns))
            found = spans_of.setdefault(stream, [])
            found += [(start, end, track) for start, end in whole]
    for found in spans_of.values():
        _refuse_overlaps(sorted(found, key=lambda span: span[:2]))


def _refuse_overlaps(spans: Sequence[tuple[int, int, Track]]) -> None:
    shared: dict[tuple[int, int], tuple[int, int]] = {}
    length: dict[int, int] = {}
    for start, end, track in spans:
        length[id(track)] = length.get(id(track), 0) + end - start
    reached, last = spans[0][1], spans[0][2]
    for start, end, track in spans[1:]:
        common = min(end, reached) - start
        if track is not last and common > 0:
            pair = (id(last), id(track))
            since, before = shared.get(pair, (start, 0))
            shared[pair] = since, before + common
            most = min(OVERLAP_NS_MAX, min(length[pair[0]], length[pair[1]]) // 2)
            if before + common > most:
                raise DataError(
                    f"{track.source.path} and {last.source.path} are two recordings of one time: "
                    f"both hold {(before + common) / SECOND_NS:.1f} s from {time_text(since)} on",
                    cure="import one of them, or keep them apart by --venue",
                )
        if end > reached:
            reached, last = end, track
