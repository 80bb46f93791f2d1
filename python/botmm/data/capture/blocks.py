"""Blocks — the bytes of a capture file: a header with two checksums, then a packed body.

The sums are CRC-32 of zlib: they find every burst of up to 32 bits. Each block also names the hash of
the one before it, and the zstd frame of the records has a checksum of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import zstandard

from botmm.errors import DataError

MAGIC = b"BMCP"
VERSION = 2
NO_HASH = bytes(16)
LEVEL = 3
BODY_MAX = 64 * 1024**2
"""No block is longer, packed or not; a reader refuses what says otherwise."""

# magic, version, sort, spare, length of the body, records, first and last sequence, boot epoch,
# wall ns, monotonic ns, hash of the block before; then the header's sum and that of header and body.
_HEADER = struct.Struct("<4sHBBIIQQQqq16s")
_SUMS = struct.Struct("<II")
_KEEP_SIZE = 1  # of fallocate(2): the file does not grow
_COUNT = struct.Struct("<I")
_COLUMNS = 4  # sequence, wall ns, wall less monotonic ns, length
HEADER_BYTES = _HEADER.size + _SUMS.size


class Sort(IntEnum):
    """What a block holds."""

    RECORDS = 1
    BARRIER = 2
    GAP = 3
    FOOTER = 4
    ABOUT = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was taken in or sent, with both clocks."""

    seq: int
    recv_ns: int
    mono_ns: int
    kind: int
    conn: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that is not on disk for certain; it ends at its clocks.

    It begins where `since_ns` says, on the wall and on the monotonic clock; 0 where only the numbers
    of the records tell. `what` names the streams that it is about; all where it is empty.
    """

    cause: str
    wall_ns: int
    mono_ns: int
    last_seq: int
    next_seq: int
    since_ns: int = 0
    since_mono_ns: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before a body."""

    sort: Sort
    length: int
    count: int
    first_seq: int
    last_seq: int
    boot: int
    wall_ns: int
    mono_ns: int
    previous: bytes

    def packed(self, body: bytes) -> bytes:
        """Return the whole block."""
        head = _HEADER.pack(
            MAGIC, VERSION, self.sort, 0, self.length, self.count, self.first_seq, self.last_seq,
            self.boot, self.wall_ns, self.mono_ns, self.previous,
        )  # fmt: skip
        sum_ = zlib.crc32(head)
        return head + _SUMS.pack(sum_, zlib.crc32(body, sum_)) + body


class BlockError(DataError):
    """A block that cannot be what was written."""


def block_hash(block: bytes) -> bytes:
    """Return what the next block names."""
    return hashlib.blake2b(block, digest_size=16).digest()


def read_header(head: bytes) -> tuple[Header, int]:
    """Return a header and the sum that its block must have.

    Raises:
        BlockError: damaged, or of another version.
    """
    fields, (head_sum, whole_sum) = head[: _HEADER.size], _SUMS.unpack(head[_HEADER.size :])
    if zlib.crc32(fields) != head_sum:
        raise BlockError("the sum of a header is wrong")
    magic, version, sort, spare, length, count, first, last, boot, wall, mono, previous = (
        _HEADER.unpack(fields)
    )
    if magic != MAGIC or version != VERSION:
        raise BlockError(
            f"capture files of version {version}, this program reads {VERSION}",
            cure="read them with the program that wrote them",
        )
    if spare or sort not in Sort.__members__.values() or length > BODY_MAX:
        raise BlockError("a header says what no writer writes")
    header = Header(
        sort=Sort(sort), length=length, count=count, first_seq=first, last_seq=last, boot=boot,
        wall_ns=wall, mono_ns=mono, previous=previous,
    )  # fmt: skip
    return header, whole_sum


def check_body(head: bytes, body: bytes, whole_sum: int) -> None:
    """Compare the sum of a block.

    Raises:
        BlockError: its body is damaged.
    """
    if zlib.crc32(body, zlib.crc32(head[: _HEADER.size])) != whole_sum:
        raise BlockError("the sum of a block is wrong")


def pack_records(records: Sequence[Record], *, level: int = LEVEL) -> bytes:
    """Return records as the body of a block.

    Numbers and clocks stand apart from the payloads, as differences from one record to the next,
    their bytes sorted by weight: that packs to a third.
    """
    n = len(records)
    told = [(r.seq, r.recv_ns, r.recv_ns - r.mono_ns, len(r.payload)) for r in records]
    steps = np.diff(np.array(told, np.int64).reshape(n, _COLUMNS).T, axis=1, prepend=0)
    folded = np.ascontiguousarray((steps << 1) ^ (steps >> 63))
    parts = [
        _COUNT.pack(n),
        folded.view(np.uint8).reshape(-1, 8).T.tobytes(),
        bytes(r.kind for r in records),
        bytes(r.conn for r in records),
        *(r.payload for r in records),
    ]
    packer = zstandard.ZstdCompressor(level=level, write_checksum=True)
    return bytes(packer.compress(b"".join(parts)))


def unpack_records(body: bytes) -> Iterator[Record]:
    """Yield the records of a body.

    Raises:
        BlockError: it does not unpack to whole records.
    """
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= BODY_MAX:
            raise BlockError(f"a block unpacks to {size} bytes")
        data = zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        raise BlockError(f"a block does not unpack: {error}") from error
    n = int(_COUNT.unpack_from(data)[0]) if len(data) >= _COUNT.size else 0
    kinds = _COUNT.size + 8 * _COLUMNS * n
    at = kinds + 2 * n
    if at > len(data):
        raise BlockError("a record is cut")
    sorted_ = np.frombuffer(data, np.uint8, 8 * _COLUMNS * n, _COUNT.size).reshape(8, -1)
    folded = np.ascontiguousarray(sorted_.T).view(np.uint64).reshape(_COLUMNS, n)
    steps = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    seq, recv, offset, length = (column.tolist() for column in np.cumsum(steps, axis=1))
    if any(one < 0 for one in length) or at + sum(length) != len(data):
        raise BlockError("a record is cut")
    for i in range(n):
        end = at + length[i]
        mono = recv[i] - offset[i]
        yield Record(seq[i], recv[i], mono, data[kinds + i], data[kinds + n + i], data[at:end])
        at = end


class Disk:
    """What a writer asks of the system; tests give one that fails."""

    def create(self, path: Path) -> int:
        """Open a file that is not there yet."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags, 0o600)

    def reserve(self, fd: int, size: int) -> None:
        """Set space aside for an empty file, so that a full disk takes it all the same.

        Where the system cannot, nothing is set aside.
        """
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).fallocate(
                fd, _KEEP_SIZE, ctypes.c_longlong(0), ctypes.c_longlong(size)
            )

    def write(self, fd: int, data: bytes) -> int:
        """Write once; fewer bytes than asked for count as a full disk."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Return when the bytes are on the device."""
        os.fdatasync(fd)

    def publish(self, opened: Path, closed: Path) -> None:
        """Give a finished file its final name, durably; a name that is taken is refused."""
        if closed.exists():
            raise FileExistsError(f"{closed} exists")
        opened.rename(closed)
        self.sync_folder(closed.parent)

    def sync_folder(self, folder: Path) -> None:
        """Make names durable."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
