"""Reader — the records of a folder in order, and what is wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from botmm.data.capture.blocks import (
    HEADER_BYTES,
    NO_HASH,
    BlockError,
    Gap,
    Header,
    Record,
    Sort,
    block_hash,
    check_body,
    read_header,
    unpack_records,
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Where a segment stops being what was written.

    `torn` is what a kill or a lost write leaves at the end; `corrupt` is anything else.
    """

    segment: str
    offset: int
    sort: Literal["torn", "corrupt", "missing"]
    words: str


class Reader:
    """Every record that is whole, up to the first damage of each segment."""

    def __init__(self, folder: Path) -> None:
        """Read the segments of a folder, closed and open ones."""
        self.gaps: list[Gap] = []
        self.damage: list[Damage] = []
        self._folder = folder
        self._expected: tuple[int, int, bytes] | None = None  # boot, number, hash of the last block

    def __iter__(self) -> Iterator[Record]:
        """Yield the records; `gaps` and `damage` are complete when it ends."""
        self.gaps.clear()
        self.damage.clear()
        self._expected = None
        names = [*self._folder.glob("*.seg"), *self._folder.glob("*.open")]
        for path in sorted(names, key=lambda p: p.stem):
            yield from self._segment(path)

    def _segment(self, path: Path) -> Iterator[Record]:
        boot, number = (int(part) for part in path.stem.split("-"))
        walk = _Walk(path, boot, self._first_hash(path, boot, number))
        with path.open("rb") as file:
            for header, body in walk.blocks(file):
                if header.sort is Sort.GAP:
                    self.gaps.append(Gap(**json.loads(body)))
                elif header.sort is Sort.RECORDS:
                    try:
                        records = list(unpack_records(body))
                    except BlockError as error:
                        walk.damage = walk.found("corrupt", error.message)
                        break
                    yield from records
        if walk.damage is not None:
            self.damage.append(walk.damage)
        # After an abandoned or damaged segment the chain begins anew.
        self._expected = (boot, number + 1, (walk.previous or b"") if walk.ended else b"")

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


class _Walk:
    """The blocks of one file."""

    def __init__(self, path: Path, boot: int, first_hash: bytes | None) -> None:
        """Begin at its first byte."""
        self.damage: Damage | None = None
        self.ended = False
        self.previous = first_hash
        self._path = path
        self._boot = boot
        self._at = 0

    def found(self, sort: Literal["torn", "corrupt"], words: str) -> Damage:
        """Return a damage at the current block."""
        return Damage(self._path.name, self._at, sort, words)

    def blocks(self, file: BinaryIO) -> Iterator[tuple[Header, bytes]]:
        """Yield whole blocks; what ends them is in `damage`."""
        sha = hashlib.sha256()
        while head := file.read(HEADER_BYTES):
            if self.ended:
                self.damage = self.found("corrupt", "bytes after the footer")
                return
            if len(head) < HEADER_BYTES:
                self.damage = self.found("torn", "a header is cut")
                return
            try:
                header, whole_sum = read_header(head)
                body = file.read(header.length)
                if len(body) < header.length:
                    self.damage = self.found("torn", "a block is cut")
                    return
                check_body(head, body, whole_sum)
                self._check(header, body, sha.hexdigest())
            except BlockError as error:
                file.seek(self._at)
                lost = not _any_byte(file)
                self.damage = self.found("torn" if lost else "corrupt", error.message)
                return
            yield header, body
            if self.damage is not None:
                return
            sha.update(head + body)
            self.previous = block_hash(head + body)
            self._at += len(head) + len(body)
        if self._path.suffix == ".seg" and not self.ended:
            self.damage = self.found("torn", "the footer is missing")

    def _check(self, header: Header, body: bytes, sha256: str) -> None:
        """Compare a block with those before it.

        Raises:
            BlockError: it does not belong here.
        """
        if header.boot != self._boot:
            raise BlockError("a block of another run")
        if self.previous is not None and header.previous != self.previous:
            raise BlockError("a block is missing before this one")
        if header.sort is Sort.FOOTER:
            footer = json.loads(body)
            if footer["sha256"] != sha256 or footer["bytes"] != self._at:
                raise BlockError("the footer tells of another file")
            self.ended = True


def _any_byte(file: BinaryIO) -> bool:
    """Whether anything but zeros follows."""
    while part := file.read(1 << 20):
        if part.strip(b"\0"):
            return True
    return False
