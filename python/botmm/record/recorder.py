"""Recorder — takes frames as they come, puts them down verbatim, and knows what it missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botmm.clock import Clock
from botmm.data.capture.kinds import Kind
from botmm.data.capture.segment import Stamps
from botmm.data.capture.writer import Writer
from botmm.observe.logging import logger
from botmm.record.cover import START, Cover
from botmm.record.space import Rank, Space
from botmm.record.tally import Tally

DAY_S = 86_400

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Label:
    """What a frame is about; one without a symbol is the venue's talk about the line itself."""

    symbol: str
    channel: str
    rank: Rank


class Take(Protocol):
    """What takes frames and answers, as soon as they are here."""

    def __call__(self, frame: bytes, kind: Kind = Kind.FRAME) -> None:
        """Put one down."""
        ...


class Line(Protocol):
    """One connection that is kept up; lines of one group carry the same streams."""

    @property
    def name(self) -> str:
        """Return what it is called on screens."""
        ...

    @property
    def group(self) -> str:
        """Return what it carries."""
        ...

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame is about; None for what is not worth keeping."""
        ...

    def renew(self) -> None:
        """Begin anew where books come as changes: for a while they were not recorded."""
        ...

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        """Keep the line up for ever; hand on each frame, and why a connection was lost."""
        ...


class Recorder:
    """One venue's lines into one folder; nothing here waits for the disk."""

    def __init__(
        self, lines: Sequence[Line], writer: Writer, clock: Clock, folder: Path, kept_free: int
    ) -> None:
        """Take the lines and the writer of a folder, and the bytes of the disk to leave free."""
        self.lines = lines
        self.tally = Tally()
        self.gaps = 0
        self.last_gap = ""
        self.links_lost = [0] * len(lines)
        self._writer, self._clock = writer, clock
        self._began = clock.monotonic()
        self.cover = Cover({i: one.group for i, one in enumerate(lines)}, self._stamps(), self._gap)
        self.space = Space(folder, kept_free, self._gap)
        self.space.look(self._stamps())

    def take(self, line: int, frame: bytes, kind: Kind = Kind.FRAME) -> None:
        """Put a frame down; it is stamped first."""
        at = self._stamps()
        label = self.lines[line].label(frame)
        if label is None:
            return
        if label.symbol:
            self.cover.heard(line, at)
            self.tally.take(label.symbol, label.channel, len(frame), at[1] * 1e-9)
        if self.space.takes(label.rank):
            self._writer.append(kind, at[0], frame, conn=line)

    def lost(self, line: int, why: str) -> None:
        """Take that a line lost its connection."""
        self.links_lost[line] += 1
        self.cover.lost(line, why)

    def tick(self) -> None:
        """Look at the disk and remember the counts; once a second."""
        stopped = self.space.stopped()
        self.space.look(self._stamps())
        if self.space.stopped() != stopped:
            _log.warning("space", free=self.space.free, not_recorded=self.space.stopped())
        if len(self.space.stopped()) < len(stopped):
            for line in self.lines:
                line.renew()
        self.tally.mark(self._clock.monotonic())

    def end(self, cause: str) -> None:
        """Tell what is missing at the end and close the files."""
        self.cover.end(cause)
        self.space.end()
        self._writer.close()

    def status(self) -> dict[str, Any]:
        """Return what screens, monitors and metrics show."""
        now, writer = self._clock.monotonic(), self._writer
        ran = now - self._began
        before, after = writer.packed
        # What stands before the first record says nothing of a day.
        a_day = writer.written / max(ran, 1.0) * DAY_S if writer.last_seq else 0.0
        return {
            "now_ns": int(self._clock.now()),
            "ran_s": round(ran, 3),
            "records": writer.last_seq,
            "written_bytes": writer.written,
            "bytes_a_day": round(a_day * after / before if before else a_day),
            "packed": before > 0,
            "pending_bytes": writer.held,
            "lost_records": writer.lost,
            "failure": writer.failure,
            "gaps": self.gaps,
            "last_gap": self.last_gap,
            "free_bytes": self.space.free,
            "not_recorded": self.space.stopped(),
            "not_heard": self.cover.down(),
            "lines": [
                {"name": line.name, "group": line.group, "lost": self.links_lost[number]}
                for number, line in enumerate(self.lines)
            ],
            "streams": self.tally.table(now),
        }

    def _gap(self, cause: str, since: Stamps, what: str) -> None:
        self._writer.gap(cause, since, what=what)
        if cause == START:
            return  # before the first frame nothing was missed that this run could have heard
        self.gaps += 1
        self.last_gap = f"{what}: {cause}"
        _log.warning("gap", what=what, cause=cause, since_ns=since[0])

    def _stamps(self) -> Stamps:
        return int(self._clock.now()), round(self._clock.monotonic() * 1e9)


def about(venue: str, url: str, symbols: Sequence[str], version: str) -> Mapping[str, object]:
    """Return what each segment says of itself."""
    return {
        "what": "recording",
        "venue": venue,
        "url": url,
        "symbols": list(symbols),
        "program": f"botmm {version}",
    }
