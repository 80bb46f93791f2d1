"""Writer — records to segments: one write a block, synced each second in a thread of its own.

`append` only puts a record into memory: the caller never waits for a disk. What a kill can cost is
what was taken in since the last flush; what a loss of power can cost is what came after the last
barrier. A write or sync that failed is never tried again: the segment is left as it is, and the
next begins with a gap record.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from botmm.clock import Clock
from botmm.data.capture.blocks import FIRST, BlockKind, Record, pack, write
from botmm.data.capture.reader import CLOSED, OPEN
from botmm.units import SECOND_NS, day_of

FLUSH_S = 0.1
SYNC_NS = SECOND_NS
HOUR_NS = 3_600 * SECOND_NS
SEGMENT_BYTES = 256 << 20
WAITING_MAX = 64 << 20
"""Bytes that may wait for the disk; beyond it records are dropped and a gap says so."""
BLOCK_BYTES = 4 << 20


class CaptureWriter:
    """Writes one stream of records below a folder, until it is closed."""

    def __init__(self, folder: Path, clock: Clock, *, boot: int) -> None:
        """Begin a first segment; `boot` tells runs apart and rises from run to run."""
        self._folder, self._clock, self._boot = folder, clock, boot
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._number = self._segment = 0
        self._file = -1
        self._path = folder
        self.written = 0
        self.failures = 0
        self.complaint = ""
        self._stop = threading.Event()
        self._begin()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def append(self, kind: int, recv_ns: int, payload: bytes, conn: int = 0) -> None:
        """Take in a record; returns at once."""
        if self._waiting_bytes > WAITING_MAX:
            self._dropped += 1
            return
        self._waiting.append(Record(recv_ns=recv_ns, kind=kind, conn=conn, payload=payload))
        self._waiting_bytes += len(payload)

    def close(self) -> None:
        """Write what waits, sync, and give the segment its last name."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _run(self) -> None:
        synced = self._clock.monotonic()
        while True:
            last = self._stop.wait(FLUSH_S)
            try:
                self._flush()
                if self._clock.monotonic() - synced >= SYNC_NS / SECOND_NS:
                    self._barrier()
                    synced = self._clock.monotonic()
                if last:
                    self._end()
                    return
                if self._clock.now() >= self._until or self._bytes >= SEGMENT_BYTES:
                    self._end()
                    self._begin()
            except OSError as error:
                self._failed(error)
                if last:
                    return

    def _failed(self, error: OSError) -> None:
        """Leave the segment as it is and go on in the next, which says what is missing."""
        self.failures += 1
        self.complaint = f"{self._path}: {error.strerror or error}"
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1
        try:
            self._begin(cause=self.complaint)
        except OSError as again:
            self.complaint = f"{self._folder}: {again.strerror or again}"

    def _begin(self, cause: str = "") -> None:
        now = int(self._clock.now())
        folder = self._folder / day_of(now).isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{self._boot:020d}-{self._segment:06d}{OPEN}"
        self._segment += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o640)
        self._before, self._bytes, self._count = FIRST, 0, 0
        self._sum = hashlib.sha256()
        self._until = (now // HOUR_NS + 1) * HOUR_NS
        words = cause or ("the writer began" if self._segment == 1 else "")
        if words:
            self._gap(words)

    def _gap(self, cause: str) -> None:
        said = {"cause": cause, "next": self._number, "wall_ns": int(self._clock.now())}
        self._put(BlockKind.GAP, (self._number, self._number), json.dumps(said).encode())

    def _flush(self) -> None:
        """Write what waits, in blocks."""
        if self._file < 0:
            self._begin(cause=self.complaint)
        while self._waiting:
            batch: list[Record] = []
            size = 0
            while self._waiting and size < BLOCK_BYTES:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].payload)
            self._waiting_bytes -= size
            first = self._number
            # Numbered before the write: what a failed write loses is missing from the numbers.
            self._number += len(batch)
            self._put(BlockKind.RECORDS, (first, self._number - 1), pack(batch))
            self._count += len(batch)
            self.written += len(batch)
        if self._dropped:
            count, self._dropped = self._dropped, 0
            self._number += count
            self._gap(f"{count} records were dropped: the disk did not keep up")

    def _put(self, kind: BlockKind, numbers: tuple[int, int], body: bytes) -> None:
        mono = round(self._clock.monotonic() * SECOND_NS)
        clocks = (self._boot, int(self._clock.now()), mono)
        data, self._before = write(kind, numbers, clocks, self._before, body)
        done = os.write(self._file, data)
        if done != len(data):
            raise OSError(errno.ENOSPC, f"{done} of {len(data)} bytes written")
        self._sum.update(data)
        self._bytes += len(data)

    def _barrier(self) -> None:
        """Sync, then say so."""
        os.fdatasync(self._file)
        self._put(BlockKind.BARRIER, (self._number, self._number), str(self._bytes).encode())

    def _end(self) -> None:
        """Close the segment: footer, sync, last name, and the folder that holds it."""
        said = {"records": self._count, "bytes": self._bytes, "sha256": self._sum.hexdigest()}
        self._put(BlockKind.FOOTER, (self._number, self._number), json.dumps(said).encode())
        os.fsync(self._file)
        os.close(self._file)
        self._file = -1
        self._path.rename(self._path.with_suffix(CLOSED))
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
