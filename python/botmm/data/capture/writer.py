"""Writer — appends without waiting for the disk; two threads flush, sync and turn files over."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from botmm.clock import Clock
from botmm.data.capture.blocks import Disk, Gap, Record, Sort, pack_records
from botmm.data.capture.reader import last_stamps, numbers, segments
from botmm.data.capture.sealer import Sealer, Spare
from botmm.data.capture.segment import Segment, Stamps
from botmm.data.leftovers import sweep
from botmm.errors import FileSystemError, UsageError

FLUSH_S = 0.1
SYNC_S = 1.0
SEGMENT_BYTES_MAX = 256 * 1024**2
BLOCK_BYTES_MAX = 4 * 1024**2
PENDING_BYTES_MAX = 64 * 1024**2
PAYLOAD_BYTES_MAX = 16 * 1024**2
GAPS_MAX = 10_000
"""Gaps that may wait for a disk; one that takes none for so long has a gap of its own."""
DELETED = "deleted by hand"
_HOUR_NS = 3600 * 10**9


class Writer:
    """A folder of segments; whoever appends never waits for the disk.

    What a kill can take is the last `FLUSH_S` and the record being appended. A failed write or sync is
    never tried again on the same file: it stays as `.open`, and the next one begins with a gap.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        disk: Disk | None = None,
        segment_bytes: int = SEGMENT_BYTES_MAX,
        pending_bytes: int = PENDING_BYTES_MAX,
        about: Mapping[str, object] | None = None,
        sealed: bool = False,
    ) -> None:
        """Open the first segment and start the threads.

        Args:
            folder: where the segments are; made where it is not there.
            clock: stamps records and blocks.
            disk: what the system is asked through.
            segment_bytes: how long a segment may get; it also ends with its hour.
            pending_bytes: how much may wait for the disk before records are lost.
            about: what each segment says first of all: where its records are from.
            sealed: whether full segments, and those that killed writers left, are packed anew.

        Raises:
            FileSystemError: the folder cannot be written to.
        """
        self._clock = clock
        self._folder = folder
        self._disk = disk or Disk()
        self._segment_bytes = segment_bytes
        self._pending_bytes = pending_bytes
        self._about = json.dumps(about).encode() if about is not None else b""
        left = segments(folder)
        # After a clock that was set back, too, names go on rising and none is made twice.
        newest = numbers(left[-1])[0] if left else 0
        self.boot = max(int(clock.now()), newest + 1)
        self._lock = threading.Lock()  # what is pending
        self._io = threading.RLock()  # the segment
        self._pending: list[Record] = []
        self._held = 0
        self._next = 1
        self._lost: Gap | None = None
        self._segment: Segment | None = None
        self._number = 0
        self._gap_owed: Gap | None = None
        self._told: deque[Gap] = deque()
        self._hash = b""
        self.failure = ""
        self.closed = False
        self.lost = 0
        """Records that memory had no room for."""
        self._written_before = 0
        self._stop = threading.Event()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(folder)
        self._spare = Spare(self._disk, folder / f"{self.boot:020d}.next")
        if left:
            since = last_stamps(folder)
            self._gap_owed = replace(
                self._gap("start", 0, 1), since_ns=since[0], since_mono_ns=since[1]
            )
        with self._io:
            if not self._ready():
                raise FileSystemError(
                    f"{folder}: {self.failure}", cure="check its permissions and the free space"
                )
        self._threads = [
            threading.Thread(target=self._every, args=(FLUSH_S, self.flush), name="capture-flush"),
            threading.Thread(target=self._every, args=(SYNC_S, self.sync), name="capture-sync"),
        ]
        self._sealer = Sealer(self._disk) if sealed else None
        for path in left:
            if self._sealer is not None and path.suffix == ".open":
                self._sealer.put(path)
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def append(self, kind: int, recv_ns: int, payload: bytes, *, conn: int = 0) -> None:
        """Keep one record, in order; when too much is pending it is lost and a gap says so."""
        if self.closed:
            raise UsageError("the journal is closed")
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise UsageError(f"a record of {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX}")
        with self._lock:
            seq = self._next
            self._next += 1
            if self._lost is not None or self._held + len(payload) > self._pending_bytes:
                now = self._gap("overrun", seq - 1, seq + 1)
                begun = replace(now, since_ns=now.wall_ns, since_mono_ns=now.mono_ns)
                self._lost = _joined(self._lost, begun) or begun
                self.lost += 1
                return
            mono = round(self._clock.monotonic() * 1e9)
            self._pending.append(Record(seq, recv_ns, mono, kind, conn, bytes(payload)))
            self._held += len(payload) + 32

    def gap(self, cause: str, since: Stamps, *, what: str = "") -> None:
        """Note that something was not heard from a time, wall and monotonic, until now."""
        with self._lock:
            last = self._next - 1
            told = replace(
                self._gap(cause, last, last + 1),
                since_ns=since[0],
                since_mono_ns=since[1],
                what=what,
            )
            if len(self._told) < GAPS_MAX:
                self._told.append(told)

    def flush(self) -> bool:
        """Write what is pending; False while the disk does not take it."""
        with self._io:
            if self._pending:
                self._turn_over()
            if not self._ready() or not self._write_told():
                return False
            with self._lock:
                taken, self._pending, self._held = self._pending, [], 0
                lost, self._lost = self._lost, None
            for block in _blocks(taken):
                if not self._write_records(block):
                    with self._lock:
                        self._pending[:0] = [r for r in taken if r.seq >= block[0].seq]
                        self._held = sum(len(r.payload) + 32 for r in self._pending)
                        self._lost = _joined(lost, self._lost)
                    return False
            if lost is not None:
                self._gap_owed = lost
                if not self._ready():
                    return False
            return True

    def sync(self) -> bool:
        """Make what was written durable and note it in a barrier block."""
        with self._io:
            self._spare.prepare()
            segment = self._segment
            if segment is None:
                return False
            if os.fstat(segment.fd).st_nlink == 0:
                gone = OSError(errno.ENOENT, "deleted")
                self._abandon(DELETED, gone, max(segment.first_seq - 1, 0), segment)
                return False
            fd, upto = os.dup(segment.fd), segment.size
        if upto == segment.synced:
            os.close(fd)
            return True
        try:
            self._disk.sync(fd)
            if segment.synced == 0:  # the name, too, has to be there after a loss of power
                self._disk.sync_folder(self._folder)
        except OSError as error:
            with self._io:
                self._abandon("sync", error, segment.synced_seq, segment)
            return False
        finally:
            os.close(fd)
        with self._io:
            if segment is self._segment:
                return self._do("write", lambda s: s.barrier(upto, self._stamps()))
        return True

    def close(self) -> None:
        """Write the rest and finish the segment; what the disk did not take is lost."""
        if self.closed:
            return
        self.closed = True
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._sealer is not None:
            self._sealer.close()
        self.flush()
        with self._io:
            if self._segment is not None:
                self._finish(publish=True)
            self._spare.close()

    @property
    def written(self) -> int:
        """Return the bytes that were written to segments."""
        segment = self._segment
        return self._written_before + (0 if segment is None else segment.size)

    @property
    def packed(self) -> tuple[int, int]:
        """Return the bytes of the segments that this run sealed, before and after."""
        return (0, 0) if self._sealer is None else self._sealer.packed

    @property
    def held(self) -> int:
        """Return the bytes in memory that wait for the disk."""
        return self._held

    @property
    def last_seq(self) -> int:
        """Return the number of the last record that was appended."""
        return self._next - 1

    def _every(self, seconds: float, work: Callable[[], bool]) -> None:
        while not self._stop.wait(seconds):
            work()

    def _stamps(self) -> Stamps:
        return int(self._clock.now()), round(self._clock.monotonic() * 1e9)

    def _gap(self, cause: str, last: int, next_: int) -> Gap:
        return Gap(cause, *self._stamps(), last, next_)

    def _ready(self) -> bool:
        """Whether there is a segment, and the gap that is owed stands in it."""
        if self._segment is None and not self._open():
            return False
        if self._gap_owed is not None:
            if not self._write_gap(self._gap_owed):
                return False
            self._gap_owed = None
        self.failure = ""
        return True

    def _open(self) -> bool:
        path = self._folder / f"{self.boot:020d}-{self._number:08d}.open"
        try:
            fd = self._spare.take(path)
        except OSError as error:
            self.failure = f"open: {error.strerror or error}"
            return False
        self._number += 1
        self._segment = Segment(self._disk, path, fd, self.boot, self._stamps(), self._hash)
        about = self._about
        return not about or self._do("write", lambda s: s.block(Sort.ABOUT, about, self._stamps()))

    def _write_told(self) -> bool:
        """Write the gaps that were told, before the records that came after."""
        while self._told:
            if not self._write_gap(self._told[0]):
                return False
            self._told.popleft()
        return True

    def _write_gap(self, gap: Gap) -> bool:
        body = json.dumps(asdict(gap)).encode()
        return self._do("write", lambda s: s.block(Sort.GAP, body, self._stamps()))

    def _write_records(self, records: list[Record]) -> bool:
        body = pack_records(records)
        return self._do("write", lambda s: s.records(records, body, self._stamps()))

    def _do(self, what: str, work: Callable[[Segment], None]) -> bool:
        segment = self._segment
        if segment is None:
            return False
        try:
            work(segment)
        except OSError as error:
            self._abandon(what, error, segment.last_seq, segment)
            return False
        return True

    def _abandon(self, what: str, error: OSError, last: int, segment: Segment) -> None:
        """Leave a segment as it is; the next begins with a gap."""
        name = errno.errorcode.get(error.errno or 0, str(error))
        self.failure = f"{what}: {name}"
        if segment is not self._segment:
            return
        self._segment = None
        self._written_before += segment.size
        self._hash = b""
        os.close(segment.fd)
        if segment.size == 0:  # nothing whole is in it, and a full disk must not fill with names
            with contextlib.suppress(OSError):
                segment.path.unlink()
                self._number -= 1
        elif self._sealer is not None and what != DELETED:
            self._sealer.put(segment.path)
        owed = self._gap_owed
        last = owed.last_seq if owed is not None and owed.cause != "start" else last
        kept = {"sync": segment.durable, DELETED: segment.opened}
        since = kept.get(what, segment.wrote)
        if owed is not None and owed.since_ns:  # it goes on
            since = owed.since_ns, owed.since_mono_ns
        self._gap_owed = replace(
            self._gap(self.failure, last, segment.last_seq + 1),
            since_ns=since[0],
            since_mono_ns=since[1],
        )

    def _turn_over(self) -> None:
        segment = self._segment
        if segment is None or not segment.count:
            return
        hour = self._stamps()[0] // _HOUR_NS != segment.opened[0] // _HOUR_NS
        if hour or segment.size >= self._segment_bytes:
            self._finish(publish=self._sealer is None)

    def _finish(self, *, publish: bool) -> None:
        segment = self._segment
        if segment is None:
            return
        if not self._do("close", lambda s: s.finish(self._stamps(), publish=publish)):
            return
        if not publish and self._sealer is not None:
            self._sealer.put(segment.path)
        self._hash = segment.hash
        self._written_before += segment.size
        self._segment = None


def _joined(first: Gap | None, second: Gap | None) -> Gap | None:
    """Return one gap over two."""
    if first is None or second is None:
        return first or second
    return replace(
        second,
        last_seq=first.last_seq,
        since_ns=first.since_ns,
        since_mono_ns=first.since_mono_ns,
    )


def _blocks(records: list[Record]) -> list[list[Record]]:
    """Cut records into blocks of at most `BLOCK_BYTES_MAX`, one record at least."""
    made: list[list[Record]] = []
    size = 0
    for record in records:
        size += len(record.payload)
        if not made or size > BLOCK_BYTES_MAX:
            made.append([])
            size = len(record.payload)
        made[-1].append(record)
    return made
