"""Reader — the records of a folder in order, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from botmm.data.capture.blocks import (
    HEADER_BYTES,
    NO_HASH,
    BlockError,
    Gap,
    Record,
    Sort,
    read_header,
    unpack_records,
)
from botmm.data.capture.walk import Damage, Walk


class Reader:
    """Every record that is whole, up to the first damage of each segment."""

    def __init__(self, folder: Path, *, since_ns: int = 0) -> None:
        """Read the segments of a folder, closed and open ones, last written since a time."""
        self._since_ns = since_ns
        self.gaps: list[Gap] = []
        self.damage: list[Damage] = []
        self._folder = folder
        self._expected: tuple[int, int, bytes] | None = None  # boot, number, hash of the last block

    def __iter__(self) -> Iterator[Record]:
        """Yield the records; `gaps` and `damage` are complete when it ends."""
        self.gaps.clear()
        self.damage.clear()
        self._expected = None
        for path in segments(self._folder):
            if path.stat().st_mtime_ns >= self._since_ns:
                yield from self._segment(path)

    def _segment(self, path: Path) -> Iterator[Record]:
        boot, number = numbers(path)
        walk = Walk(path, self._first_hash(path, boot, number))
        count, last = 0, 0
        with _opened(path) as file:
            for header, body in walk.blocks(file):
                if header.sort is Sort.GAP:
                    self.gaps.append(Gap(**json.loads(body)))
                elif header.sort is Sort.RECORDS:
                    try:
                        records = list(unpack_records(body))
                    except BlockError as error:
                        walk.damage = walk.found("corrupt", error.message)
                        break
                    count, last = count + len(records), header.last_seq
                    yield from records
        if walk.damage is not None:
            self.damage.append(replace(walk.damage, records=count, last_seq=last))
        # After an abandoned or damaged segment the chain begins anew.
        self._expected = (boot, number + 1, walk.tail)

    def _first_hash(self, path: Path, boot: int, number: int) -> bytes | None:
        """Return what the first block must name; None where nothing says."""
        expected = self._expected
        if expected is None:
            return NO_HASH if number == 0 else None
        if expected[0] != boot:
            expected = (boot, 0, NO_HASH)
        if number != expected[1]:
            words = f"segment {expected[1]} of this boot is not there"
            self.damage.append(Damage(path.name, 0, "missing", words))
            return None
        return expected[2] or None


def segments(folder: Path) -> list[Path]:
    """Return the segments of a folder, oldest first; of one that was just sealed, the sealed one."""
    found = {path.stem: path for end in ("open", "seg") for path in folder.glob(f"*.{end}")}
    return [found[stem] for stem in sorted(found)]


def _opened(path: Path) -> BinaryIO:
    """Open a segment; one that was sealed since it was listed has another ending now."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return path.with_suffix(".seg").open("rb")


def numbers(path: Path) -> tuple[int, int]:
    """Return boot and number that a segment's name tells."""
    boot, number = (int(part) for part in path.stem.split("-"))
    return boot, number


def last_stamps(folder: Path) -> tuple[int, int]:
    """Return the clocks of the last block in a folder, wall and monotonic; zeros where none is.

    Only headers are read: it is quick.
    """
    for path in reversed(segments(folder)):
        stamps = 0, 0
        with path.open("rb") as file:
            while len(head := file.read(HEADER_BYTES)) == HEADER_BYTES:
                try:
                    header, _ = read_header(head)
                except BlockError:
                    break
                stamps = header.wall_ns, header.mono_ns
                file.seek(header.length, 1)
        if stamps != (0, 0):
            return stamps
    return 0, 0
