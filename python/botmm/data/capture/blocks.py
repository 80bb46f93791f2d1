"""Blocks — the bytes of a segment: records packed, compressed, chained and summed.

A segment is a row of blocks. Each names its kind, the numbers of its records, both clocks and the
digest of the block before it; its own digest covers header and body. A barrier says that all
before it has reached the disk: damage before a barrier is corruption, after the last a torn tail.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import zstandard

MAGIC = b"BMMC"
VERSION = 1
SUM = 16
_HEAD = struct.Struct("<4sHHIQQQqq16s")
"""Magic, version, kind, body length, first and last number, boot, wall and monotonic ns, digest
of the block before."""
HEADER = _HEAD.size + SUM
_RECORD = struct.Struct("<qBBI")
BODY_MAX = 64 << 20
FIRST = bytes(SUM)
"""What stands for the digest of the block before the first."""


class BlockKind(IntEnum):
    """What a block is."""

    RECORDS = 1
    BARRIER = 2
    GAP = 3
    FOOTER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record: what it is, over which connection and when it was taken in, its bytes."""

    recv_ns: int
    kind: int
    conn: int
    payload: bytes
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block as it stands in a segment."""

    kind: BlockKind
    first: int
    last: int
    boot: int
    wall_ns: int
    mono_ns: int
    body: bytes
    digest: bytes
    size: int


class BlockError(ValueError):
    """Bytes that are no block, or not the next one."""


def pack(records: Sequence[Record]) -> bytes:
    """Return the body of a block of records."""
    parts: list[bytes] = []
    for one in records:
        parts.append(_RECORD.pack(one.recv_ns, one.kind, one.conn, len(one.payload)))
        parts.append(one.payload)
    packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
    return packer.compress(b"".join(parts))


def unpack(block: Block) -> Iterator[Record]:
    """Yield the records of a block.

    Raises:
        BlockError: its body is not what its header says.
    """
    try:
        data = zstandard.ZstdDecompressor().decompress(block.body, max_output_size=1 << 30)
    except zstandard.ZstdError as error:
        raise BlockError(f"body: {error}") from None
    at, seq = 0, block.first
    while at < len(data):
        recv_ns, kind, conn, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        payload = data[at : at + size]
        yield Record(recv_ns=recv_ns, kind=kind, conn=conn, payload=payload, seq=seq)
        at, seq = at + size, seq + 1
    if seq != block.last + 1:
        raise BlockError(f"{seq - block.first} records where the header says {block.last}")


def write(
    kind: BlockKind,
    numbers: tuple[int, int],
    clocks: tuple[int, int, int],
    before: bytes,
    body: bytes,
) -> tuple[bytes, bytes]:
    """Return the bytes of a block and its digest.

    Args:
        numbers: of the first and last record.
        clocks: boot, wall and monotonic ns.
        before: digest of the block before.
    """
    head = _HEAD.pack(MAGIC, VERSION, kind, len(body), *numbers, *clocks, before)
    digest = hashlib.blake2b(head + body, digest_size=SUM).digest()
    return head + digest + body, digest


def read(data: memoryview, at: int, before: bytes) -> Block:
    """Return the block that begins at an offset.

    Raises:
        BlockError: there is no whole block, its digest differs, or it does not follow.
    """
    if len(data) - at < HEADER:
        raise BlockError(f"{len(data) - at} bytes are no header")
    magic, version, kind, size, first, last, boot, wall, mono, chained = _HEAD.unpack_from(data, at)
    if magic != MAGIC or version != VERSION or size > BODY_MAX:
        raise BlockError("no header of this version")
    if len(data) - at - HEADER < size:
        raise BlockError(f"the body of {size} bytes is cut")
    head = data[at : at + _HEAD.size]
    digest = bytes(data[at + _HEAD.size : at + HEADER])
    body = bytes(data[at + HEADER : at + HEADER + size])
    if hashlib.blake2b(bytes(head) + body, digest_size=SUM).digest() != digest:
        raise BlockError("its digest differs")
    if chained != before:
        raise BlockError("it does not follow the block before it")
    return Block(
        kind=BlockKind(kind),
        first=first,
        last=last,
        boot=boot,
        wall_ns=wall,
        mono_ns=mono,
        body=body,
        digest=digest,
        size=HEADER + size,
    )
