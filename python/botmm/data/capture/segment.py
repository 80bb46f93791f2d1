"""Segment — one file of a capture while it is written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from botmm.data.capture.blocks import NO_HASH, Disk, Header, Record, Sort, block_hash

Stamps = tuple[int, int]


class Segment:
    """An open file, its chain and its counts."""

    def __init__(
        self, disk: Disk, path: Path, fd: int, boot: int, opened: Stamps, previous: bytes
    ) -> None:
        """Take a file that was just created; `previous` is the last hash of the segment before."""
        self.fd = fd
        self.path = path
        self.opened = opened
        self.size = self.synced = 0
        self.count = self.blocks = 0
        self.first_seq = self.last_seq = self.synced_seq = 0
        self.first_ns = self.last_ns = 0
        self.wrote: Stamps = (0, 0)
        self.durable: Stamps = (0, 0)
        self.hash = previous or NO_HASH
        self._disk = disk
        self._boot = boot
        self._sha = hashlib.sha256()
        self._ends: dict[int, int] = {}

    def records(self, records: Sequence[Record], body: bytes, stamps: Stamps) -> None:
        """Write one block of records."""
        first, last = records[0].seq, records[-1].seq
        self.block(Sort.RECORDS, body, stamps, seqs=(first, last, len(records)))
        self.first_seq = self.first_seq or first
        self.last_seq = last
        self.last_ns = max(self.last_ns, *(record.recv_ns for record in records))
        self.first_ns = self.first_ns or records[0].recv_ns
        self.count += len(records)
        self._ends[self.size] = last

    def barrier(self, upto: int, stamps: Stamps) -> None:
        """Note that the bytes before an offset are on the device."""
        self.synced_seq = max(
            [self.synced_seq, *(last for end, last in self._ends.items() if end <= upto)]
        )
        self._ends = {end: last for end, last in self._ends.items() if end > upto}
        self.block(Sort.BARRIER, json.dumps({"synced": upto}).encode(), stamps)
        self.durable = stamps
        self.synced = self.size  # a barrier alone asks for no other

    def footer(self) -> dict[str, object]:
        """Return what a footer says of all that is written so far."""
        return {
            "sha256": self._sha.hexdigest(),
            "bytes": self.size,
            "blocks": self.blocks,
            "records": self.count,
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
        }

    def finish(self, stamps: Stamps, *, publish: bool) -> None:
        """Write the footer, make all of it durable and give the file its final name if it is wanted."""
        self.block(Sort.FOOTER, json.dumps(self.footer()).encode(), stamps)
        os.ftruncate(self.fd, self.size)  # what was set aside and not used
        self._disk.sync(self.fd)
        if publish:
            self._disk.publish(self.path, self.path.with_suffix(".seg"))
        os.close(self.fd)

    def block(
        self, sort: Sort, body: bytes, stamps: Stamps, *, seqs: tuple[int, int, int] = (0, 0, 0)
    ) -> None:
        """Write one block with one write.

        Raises:
            OSError: the system refused, or took a part only.
        """
        header = Header(
            sort=sort, length=len(body), count=seqs[2], first_seq=seqs[0], last_seq=seqs[1],
            boot=self._boot, wall_ns=stamps[0], mono_ns=stamps[1], previous=self.hash,
        )  # fmt: skip
        data = header.packed(body)
        if self._disk.write(self.fd, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += len(data)
        self.blocks += 1
        self.wrote = stamps
        self.hash = block_hash(data)
        self._sha.update(data)
