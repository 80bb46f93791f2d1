"""Reader — segments back to records: an exact prefix of what was written, and what was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botmm.data.capture.blocks import FIRST, MAGIC, Block, BlockError, BlockKind, Record, unpack
from botmm.data.capture.blocks import read as read_block
from botmm.errors import DataError

CLOSED, OPEN = ".seg", ".open"


@dataclass(slots=True)
class Scan:
    """What a segment turned out to be."""

    path: Path
    blocks: list[Block] = field(default_factory=list)
    good_bytes: int = 0
    bytes: int = 0
    verdict: str = "whole"
    """whole, open (no footer), torn (a cut tail) or corrupt (damage before a barrier)."""
    complaint: str = ""

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Return what the gap blocks say."""
        return [json.loads(block.body) for block in self.blocks if block.kind is BlockKind.GAP]


def scan(path: Path) -> Scan:
    """Check every block of a segment; never raises for damage.

    Raises:
        OSError: the file cannot be read.
    """
    data = memoryview(path.read_bytes())
    found = Scan(path=path, bytes=len(data))
    before = FIRST
    while found.good_bytes < len(data):
        try:
            block = read_block(data, found.good_bytes, before)
        except (BlockError, ValueError) as error:
            found.complaint = f"at byte {found.good_bytes}: {error}"
            later = _barrier_after(data, found.good_bytes)
            found.verdict = "corrupt" if later or path.suffix == CLOSED else "torn"
            return found
        found.blocks.append(block)
        found.good_bytes += block.size
        before = block.digest
    ended = bool(found.blocks) and found.blocks[-1].kind is BlockKind.FOOTER
    if not ended:
        found.verdict = "corrupt" if path.suffix == CLOSED else "open"
        found.complaint = "it has no footer"
    return found


def _barrier_after(data: memoryview, at: int) -> bool:
    """Whether a barrier or footer stands somewhere after a damaged place."""
    rest = bytes(data[at + 1 :])
    place = rest.find(MAGIC)
    while place >= 0:
        kind = int.from_bytes(rest[place + 6 : place + 8], "little")
        if kind in (BlockKind.BARRIER, BlockKind.FOOTER):
            return True
        place = rest.find(MAGIC, place + 1)
    return False


def segments(folder: Path) -> list[Path]:
    """Return the segments below a folder in the order in which they were written."""
    found = [path for path in folder.rglob("*") if path.suffix in (CLOSED, OPEN)]
    return sorted(found, key=lambda path: path.stem)


def records(folder: Path) -> Iterator[Record]:
    """Yield the records of all segments below a folder, in order.

    Raises:
        DataError: there is no segment, or one is damaged within.
    """
    paths = segments(folder)
    if not paths:
        raise DataError(
            f"{folder}: no segments of a capture", cure="name the folder that was written to"
        )
    for path in paths:
        found = scan(path)
        if found.verdict == "corrupt":
            raise DataError(
                f"{path}: {found.complaint}",
                cure="set it aside: what stands before that place is whole",
            )
        for block in found.blocks:
            if block.kind is BlockKind.RECORDS:
                yield from unpack(block)
