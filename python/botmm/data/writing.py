"""Writing — the tapes of one symbol, day by day, each whole or not at all.

A day's tape is written from all its sources, through a temporary file and a rename.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from botmm.data.catalogue import read_tape, tape_path
from botmm.data.importers.base import BOOK, I64, Columns, Scales, Source, Tally
from botmm.data.importers.frames import is_inverse
from botmm.data.importers.lanes import RECORDER, Delivery, Merge, OnBatch, habits, has_book
from botmm.data.importers.survey import GAP, LAST, LEVEL, TRADE, Survey, tier_of
from botmm.data.leftovers import sweep
from botmm.units import day_of, day_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One tape that was written."""

    path: Path
    venue: str
    symbol: str
    day: date
    rows: int
    size_bytes: int
    tier: str
    gaps: tuple[tuple[int, int], ...]
    clock_offset_ns: int
    quality: dict[str, int]
    notes: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "path": str(self.path),
            "venue": self.venue,
            "symbol": self.symbol,
            "day": self.day.isoformat(),
            "rows": self.rows,
            "bytes": self.size_bytes,
            "tier": self.tier,
            "gaps": [list(gap) for gap in self.gaps],
            "clock_offset_ms": self.clock_offset_ns / 1e6,
            "quality": self.quality,
            "notes": self.notes,
        }


@dataclass(slots=True, kw_only=True)
class Group:
    """The files of one symbol of one venue."""

    venue: str
    symbol: str
    sources: list[Source]

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(source.path.stat().st_size for source in self.sources)


@dataclass(slots=True, kw_only=True)
class Plan:
    """Everything that the writing pass needs to know; `wanted` days get their tape.

    `unread` names files of the same import that could not be read and may belong here.
    """

    store: Path
    group: Group
    found: Survey
    scales: Scales
    step: int
    digests: dict[Path, str]
    wanted: set[date]
    unread: tuple[str, ...] = ()

    def write(self, on_batch: OnBatch) -> Iterator[Written]:
        """Write the tapes, one open at a time; yield each when it has its name."""
        merge = self._merge()
        sweep(self.store / "tape" / self.group.venue / self.group.symbol)
        tape: _Open | None = None
        try:
            for delivery in merge.deliver(self.group.sources, on_batch):
                recv = delivery.rows["ts_recv"]
                if len(recv) and (tape is None or tape.day != day_of(int(recv[0]))):
                    if tape is not None:
                        yield from self._closed(tape)
                    tape = self._open(day_of(int(recv[0])), tape)
                if tape is not None:
                    tape.append(delivery, merge.tally)
            if tape is not None:
                yield from self._closed(tape)
        except BaseException:
            if tape is not None:
                tape.writer.abort()
            raise

    def _merge(self) -> Merge:
        """Return the merger of all files, told of gaps and beginnings."""
        from botmm.core import Assembler

        days = self.found.days
        assembler = Assembler(self.scales.px, self.scales.size, habits(self._sitting(days[0])))
        for day in self.found.fresh.intersection(days):
            assembler.begin(day_start(day), habits(self._sitting(day)))
        if self.found.gaps:
            starts, ends = np.array(self.found.gaps, np.int64).T.copy()
            assembler.add_gaps(starts, ends, np.full(len(starts), RECORDER, np.uint64))
        return Merge(
            symbol=self.group.symbol,
            scales=self.scales,
            assembler=assembler,
            offset=self.found.offset,
            edges=tuple(day_start(day) for day in days[1:]),
        )

    def _sitting(self, day: date) -> list[Source]:
        """Return the files of the days around this one that continue each other."""
        days, fresh = self.found.days, self.found.fresh
        first = max((d for d in days if d <= day and d in fresh), default=days[0])
        end = min((d for d in days if d > day and d in fresh), default=date.max)
        return self.found.feeding(self.group.sources, {d for d in days if first <= d < end})

    def _open(self, day: date, before: _Open | None) -> _Open:
        """Begin the tape of a day, with the book of the day before where it continues that.

        A day that is not to be written is followed all the same, in a file that never gets its
        name, so that the next day knows its book.
        """
        from botmm.core import TapeWriter

        path = tape_path(self.store, self.group.venue, self.group.symbol, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        continues = before is not None and not any(
            before.day < fresh <= day for fresh in self.found.fresh
        )
        after = before.writer if before is not None and continues else None
        writer = TapeWriter(str(path), self._meta(day), after)
        five = self.scales.px if self.group.venue == "hyperliquid" else None
        counted = {} if before is None else before.counts
        return _Open(day, path, writer, five, counted)

    def _closed(self, tape: _Open) -> list[Written]:
        """Give a tape its name; nothing where its day was not to be written."""
        if tape.day not in self.wanted:
            tape.writer.abort()
            return []
        tier, quality = self._tier(tape.day), tape.quality()
        tape.writer.set_meta("quality", json.dumps(quality, sort_keys=True))
        met = tape.notes if "bad_venue_times" in quality else {}
        for key, text in met.items():
            tape.writer.set_meta(f"note_{key}", text)
        result = tape.writer.close()
        return [
            Written(
                path=tape.path,
                venue=self.group.venue,
                symbol=self.group.symbol,
                day=tape.day,
                rows=int(result["rows"]),
                size_bytes=int(result["bytes"]),
                tier=tier,
                gaps=read_tape(tape.path).gaps,
                clock_offset_ns=self._offset(tape.day),
                quality=quality,
                notes=self._notes(tape.day) | met,
            )
        ]

    def _meta(self, day: date) -> dict[str, str]:
        """Return what the tape says of itself."""
        group = self.group
        five = group.venue == "hyperliquid"
        meta = {
            "venue": group.venue,
            "symbol": group.symbol,
            "px_decimals": str(self.scales.px),
            "size_decimals": str(self.scales.size),
            "price_rule": "five_figures" if five else f"fixed:{self.step}",
            "tier": self._tier(day),
            "window": str(self._window(day)),
            "inverse": "true" if is_inverse(group.symbol) else "false",
            "clock_offset_ns": str(self._offset(day)),
            "source_format": ",".join(sorted({source.format for source in self._feeding(day)})),
            "sources": json.dumps([self._source(source) for source in self._feeding(day)]),
        }
        return meta | {f"note_{key}": text for key, text in sorted(self._notes(day).items())}

    def _feeding(self, day: date) -> list[Source]:
        return self.found.feeding(self.group.sources, {day})

    def _notes(self, day: date) -> dict[str, str]:
        notes = {key: text for s in self._feeding(day) for key, text in s.notes.items()}
        if not has_book(self._sitting(day)):
            notes["book"] = "no snapshot to start the book from: touch and trades only"
        if self.unread:
            notes["unread"] = f"not imported with it: {', '.join(self.unread)}"
        return notes

    def _tier(self, day: date) -> str:
        sources, streams = self._sitting(day), self.found.streams(day)
        if not has_book(sources):
            streams.discard(BOOK)
        return tier_of(streams, incremental=any(source.incremental for source in sources))

    def _window(self, day: date) -> int:
        """Return the levels a side that the sources show at most, 0 for the whole book."""
        if self._tier(day) == "E":
            return 1
        return max(source.window(self.group.symbol) for source in self._sitting(day))

    def _offset(self, day: date) -> int:
        """Return the correction of the day's clock; of several, the greatest."""
        offsets = [self.found.offset(source) for source in self._feeding(day)]
        return max(offsets, key=abs, default=0)

    def _source(self, source: Source) -> dict[str, object]:
        days = self.found.days_of[str(source.path)]
        return {
            "file": source.path.name,
            "sha256": self.digests[source.path],
            "bytes": source.path.stat().st_size,
            "clock_offset_ns": self.found.offset(source),
            "days": sorted(d.isoformat() for d in days),
        }


@dataclass(slots=True)
class _Open:
    """A tape being written.

    `five` gives the decimals of prices that have at most five figures; `counted` is what was
    counted before this tape.
    """

    day: date
    path: Path
    writer: Any
    five: int | None
    counted: dict[str, int]
    counts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    negative_latency: int = 0
    off_grid: int = 0

    def append(self, delivery: Delivery, tally: Tally) -> None:
        """Append rows, counting messages before their time and prices that the venue refuses."""
        rows: Columns = delivery.rows
        ends = (rows["flags"] & LAST != 0) & (rows["kind"] != GAP)
        self.negative_latency += int((rows["ts_exch"] > rows["ts_recv"])[ends].sum())
        if self.five is not None:
            priced = (rows["kind"] == LEVEL) | (rows["kind"] == TRADE)
            self.off_grid += _off_grid(rows["px"][priced], self.five)
        self.counts = {**delivery.counts, **tally.counts}
        self.notes = tally.notes
        self.writer.append(rows)

    def quality(self) -> dict[str, int]:
        """Return what was counted of this day, by name; nothing is left out."""
        now = {name: count - self.counted.get(name, 0) for name, count in self.counts.items()}
        now |= {"negative_latency": self.negative_latency, "off_grid": self.off_grid}
        return {name: count for name, count in now.items() if count}


def _off_grid(px: I64, decimals: int) -> int:
    """Count prices of more than five figures that are no whole numbers."""
    broken = px[px % 10**decimals != 0]
    for _ in range(decimals):
        broken = np.where(broken % 10 == 0, broken // 10, broken)
    return int((broken >= 100_000).sum())
