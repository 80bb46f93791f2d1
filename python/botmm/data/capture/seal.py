"""Seal — a segment that is written to no more, packed into large blocks under its final name.

Blocks of a tenth of a second pack badly. What a killed writer left is sealed, too: its exact prefix.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from botmm.data.capture.blocks import (
    BlockError,
    Disk,
    Header,
    Record,
    Sort,
    pack_records,
    unpack_records,
)
from botmm.data.capture.segment import Segment, Stamps
from botmm.data.capture.walk import Damage, Walk

LEVEL = 9
PAYLOAD_BYTES = 256 * 1024
"""What one sealed block holds: four times as much packs 5 % better and takes 11 MB more to seal."""


def seal(path: Path, disk: Disk) -> Damage | None:
    """Turn an open segment into a closed one; return what was wrong with it.

    One that is torn is sealed up to there. One that is corrupt is set apart as `.bad`, whole.

    Raises:
        OSError: the disk did not take it; the open segment is as it was.
    """
    walk = Walk(path, None)
    boot = int(path.stem.split("-")[0])
    fresh = path.with_name(f"{path.stem}.tmp-{os.getpid()}")
    fd = disk.create(fresh)
    made: _Sealed | None = None
    try:
        with path.open("rb") as file:
            for header, body in walk.blocks(file):
                if made is None:
                    made = _Sealed(
                        Segment(
                            disk, fresh, fd, boot, (header.wall_ns, header.mono_ns), header.previous
                        )
                    )
                try:
                    made.take(header, body)
                except BlockError as error:
                    walk.damage = walk.found("corrupt", error.message)
                    break
        if walk.damage is not None and walk.damage.sort == "corrupt":
            path.rename(path.with_suffix(".bad"))
        elif made is not None and made.stamps is not None:
            made.finish(walk.tail, "" if walk.damage is None else walk.damage.words)
            disk.sync(fd)
            disk.publish(fresh, path.with_suffix(".seg"))
            path.unlink()
        else:
            path.unlink()  # not one whole block
    finally:
        os.close(fd)
        fresh.unlink(missing_ok=True)
    disk.sync_folder(path.parent)
    return walk.damage


@dataclass(slots=True)
class _Sealed:
    """The segment that is made: the same records and gaps, without barriers."""

    segment: Segment
    stamps: Stamps | None = None
    _held: list[Record] = field(default_factory=list)
    _size: int = 0

    def take(self, header: Header, body: bytes) -> None:
        """Take a block."""
        self.stamps = header.wall_ns, header.mono_ns
        if header.sort is Sort.RECORDS:
            self._records(unpack_records(body))
        elif header.sort in (Sort.GAP, Sort.ABOUT):
            self._write()
            self.segment.block(header.sort, body, self.stamps)

    def finish(self, tail: bytes, torn: str) -> None:
        """Write the footer, which remembers how the segment ended."""
        self._write()
        assert self.stamps is not None, "invariant: a block was taken"
        footer = self.segment.footer() | {"tail": tail.hex(), "torn": torn}
        self.segment.block(Sort.FOOTER, json.dumps(footer).encode(), self.stamps)

    def _records(self, records: Iterable[Record]) -> None:
        for record in records:
            self._held.append(record)
            self._size += len(record.payload)
            if self._size >= PAYLOAD_BYTES:
                self._write()

    def _write(self) -> None:
        if self._held and self.stamps is not None:
            body = pack_records(self._held, level=LEVEL)
            self.segment.records(self._held, body, self.stamps)
        self._held, self._size = [], 0
