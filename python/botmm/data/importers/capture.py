"""Capture — segments of our own recorder as recordings: verbatim frames, decoded by the core."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from botmm.data.capture.blocks import MAGIC, BlockError, Gap, Record, Sort, unpack_records
from botmm.data.capture.kinds import Kind
from botmm.data.capture.walk import Damage, Walk
from botmm.data.importers.base import Batch, Scales, Tally
from botmm.errors import DataError
from botmm.units import SECOND_NS

BATCH_BYTES = 2 << 20
FORMAT = "capture"
STEP_NS = 50_000_000
"""Clocks that part by more were set, not read a moment apart."""

_TIMED = re.compile(rb'\{"channel":"(l2Book|bbo)","data":.{0,80}?"time":\s*(\d+)')
_BESIDE = frozenset({"deep", "polled", "depth"})
"""Streams beside the quick ones: without them a tape has less depth, no gap."""
_FAST = re.compile(rb'"fast"\s*:\s*true')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """How the frames of a venue are read; `mark` is how they name a symbol."""

    decoder: str
    incremental: bool
    window: int
    mark: bytes
    starts: tuple[bytes, ...]


_DIALECTS = {
    "hyperliquid": _Dialect(
        decoder="hl_ws", incremental=False, window=20, mark=b'"coin":"%s"',
        starts=tuple(
            b'{"channel":"%s"' % kind for kind in (b"l2Book", b"bbo", b"trades", b"activeAssetCtx")
        ),
    ),
    "binance": _Dialect(
        decoder="binance", incremental=True, window=0, mark=b'"s":"%s"', starts=(b'{"stream":',)
    ),
    "bybit": _Dialect(
        decoder="cryptofeed_bybit", incremental=True, window=200, mark=b'"s":"%s"',
        starts=(b'{"topic":"orderbook.', b'{"topic":"publicTrade.'),
    ),
}  # fmt: skip


def is_capture(head: bytes) -> bool:
    """Whether a file begins as a segment does."""
    return head.startswith(MAGIC)


@dataclass
class CaptureSource:
    """One segment of a recording."""

    path: Path
    venue_name: str | None = None
    damage: Damage | None = field(default=None, init=False)
    _read: int = field(default=0, init=False)

    @property
    def format(self) -> str:
        """Return the format's name."""
        return FORMAT

    @cached_property
    def _about(self) -> dict[str, Any]:
        """Return what the segment says of itself.

        Raises:
            DataError: it is no recording of a venue that we read.
        """
        for sort, body in self._blocks():
            if sort is Sort.ABOUT:
                told: dict[str, Any] = json.loads(body)
                if told.get("what") == "recording" and told.get("venue") in _DIALECTS:
                    return told
                break
        raise DataError(
            f"{self.path}: a segment of something else than a recording",
            cure="leave the file out; the journal of a daemon is played by `botmm replay --journal`",
        )

    @property
    def _dialect(self) -> _Dialect:
        return _DIALECTS[self._about["venue"]]

    @property
    def venue(self) -> str:
        """Return the venue's folder."""
        return self.venue_name or str(self._about["venue"])

    @property
    def rules(self) -> str:
        """Return whose habits the streams have."""
        return str(self._about["venue"])

    @property
    def incremental(self) -> bool:
        """Whether the book comes as changes."""
        return self._dialect.incremental

    @property
    def starts_book(self) -> bool:
        """Whether it holds what changes start from: a recorder asks for it at each connection."""
        return True

    @property
    def has_clock(self) -> bool:
        """Whether receive times are the recorder's: they always are."""
        return True

    @property
    def notes(self) -> dict[str, str]:
        """Return where a damaged segment ends."""
        if self.damage is None:
            return {}
        return {
            "damage": f"{self.path.name} ends at byte {self.damage.offset}: {self.damage.words}"
        }

    def window(self, symbol: str) -> int:
        """Return the levels a side that the book shows."""
        return self._dialect.window

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that the recorder was asked for."""
        return tuple(self._about["symbols"])

    def first_recv(self, symbol: str) -> int:
        """Return the first receive time of the file; 0 where it holds no record."""
        for sort, body in self._blocks():
            if sort is Sort.RECORDS:
                return next(unpack_records(body)).recv_ns
        return 0

    def position(self) -> int:
        """Return the bytes read so far."""
        return self._read

    def gaps(self, symbol: str) -> Sequence[tuple[int, int]]:
        """Return when the recorder told that it missed something that a tape holds."""
        told = (Gap(**json.loads(body)) for sort, body in self._blocks() if sort is Sort.GAP)
        return [
            (gap.since_ns, gap.wall_ns)
            for gap in told
            if gap.what not in _BESIDE and 0 < gap.since_ns < gap.wall_ns
        ]

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield blocks of lines; see `Source`."""
        chosen = _Chosen(symbol.encode(), self._dialect)
        lines: list[bytes] = []
        steady = _Steady()
        size, line, last = 0, 1, 0
        for sort, body in self._blocks():
            if sort is not Sort.RECORDS:
                continue
            for record in unpack_records(body):
                recv_ns = steady.recv_ns(record)
                frame = chosen.frame(record)
                if frame is None:
                    continue
                last = max(last, recv_ns)
                lines.append(_line(self._dialect.decoder, recv_ns, frame))
                size += len(frame)
            if size >= BATCH_BYTES:
                yield self._batch(symbol, lines, line, last)
                line, size, lines = line + len(lines), 0, []
        if lines:
            yield self._batch(symbol, lines, line, last)
        tally.add("heard_twice", chosen.twice)
        tally.add("clock_stepped", steady.moved)

    def _batch(self, symbol: str, lines: list[bytes], line: int, last: int) -> Batch:
        args = (self._dialect.decoder, symbol, b"".join(lines), line)
        return Batch(method="add_lines", args=args, last_recv=last, rows=len(lines))

    def _blocks(self) -> Iterator[tuple[Sort, bytes]]:
        """Yield the whole blocks, up to the first damage."""
        walk = Walk(self.path, None)
        try:
            with self.path.open("rb") as file:
                for header, body in walk.blocks(file):
                    self._read = walk.at
                    yield header.sort, body
        except BlockError as error:
            raise DataError(f"{self.path}: {error.message}", cure=error.cure) from None
        self.damage = walk.damage


@dataclass(slots=True)
class _Steady:
    """Receive times of a segment by its first wall time and the clock that never runs back.

    A wall clock that was set while recording would tear the order; by how much all times of a segment
    are off is measured by the import.
    """

    moved: int = 0
    _offset: int | None = None

    def recv_ns(self, record: Record) -> int:
        """Return when a record came."""
        offset = record.recv_ns - record.mono_ns
        if self._offset is None:
            self._offset = offset
        if abs(offset - self._offset) <= STEP_NS:
            return record.recv_ns
        self.moved += 1
        return record.mono_ns + self._offset


def _line(decoder: str, recv_ns: int, frame: bytes) -> bytes:
    """Return a frame as a line that the core reads, with its receive time."""
    if not decoder.startswith("cryptofeed"):
        return b"%d %s\n" % (recv_ns, frame)
    text = json.dumps(frame.decode("utf-8", "replace")).encode()
    seconds, rest = divmod(recv_ns, SECOND_NS)
    return b'{"t":"recv","ts":%d.%09d,"data":%s}\n' % (seconds, rest, text)


@dataclass(slots=True)
class _Chosen:
    """The frames of a symbol, each once: of two connections, whichever brought it first."""

    symbol: bytes
    dialect: _Dialect
    twice: int = 0
    _times: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _contexts: dict[int, bytes] = field(default_factory=dict)
    _mark: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._mark = self.dialect.mark % self.symbol

    def frame(self, record: Record) -> bytes | None:
        """Return the frame that a record holds; None where it is not wanted."""
        payload = record.payload
        if record.kind == Kind.ANSWER:
            return self._answer(payload)
        if self._mark not in payload or not payload.startswith(self.dialect.starts):
            return None
        if self._again(record.conn, payload):
            self.twice += 1
            return None
        return payload

    def _answer(self, payload: bytes) -> bytes | None:
        """Return an answer as the frame that it stands for."""
        asked, _, body = payload.partition(b"\n")
        if asked.startswith(b"GET "):
            return body if b"symbol=%s&" % self.symbol in asked else None
        return b'{"channel":"l2Book","data":%s}' % body if self._mark in asked else None

    def _again(self, conn: int, payload: bytes) -> bool:
        """Whether another connection brought as much before."""
        timed = _TIMED.match(payload)
        if timed is not None:
            channel, time = timed[1], int(timed[2])
            if channel == b"l2Book" and _FAST.search(payload) is not None:
                channel = b"fast"
            last, by = self._times.get(channel, (-1, conn))
            if by != conn and time <= last:
                return True
            self._times[channel] = time, conn
            return False
        if payload.startswith(b'{"channel":"activeAssetCtx"'):
            again = any(by != conn and said == payload for by, said in self._contexts.items())
            self._contexts[conn] = payload
            return again
        return False
