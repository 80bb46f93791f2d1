"""Walk — the blocks of one segment, each compared with its sums and with those before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from botmm.data.capture.blocks import (
    HEADER_BYTES,
    BlockError,
    Header,
    Sort,
    block_hash,
    check_body,
    read_header,
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
    records: int = 0
    """How many records of the segment stand before it, whole."""
    last_seq: int = 0
    """The number of the last of them."""


class Walk:
    """The blocks of one file."""

    def __init__(self, path: Path, first_hash: bytes | None) -> None:
        """Begin at its first byte; `first_hash` is what the first block must name, if that is known."""
        self.damage: Damage | None = None
        self.ended = False
        self.footer: dict[str, Any] = {}
        self.previous = first_hash
        self.at = 0
        self._path = path
        self._boot = int(path.stem.split("-")[0])

    @property
    def tail(self) -> bytes:
        """Return what the next segment must name; empty where the chain begins anew.

        A sealed segment keeps the hash that its blocks had when they were written.
        """
        if not self.ended:
            return b""
        told = self.footer.get("tail")
        return (self.previous or b"") if told is None else bytes.fromhex(told)

    def found(self, sort: Literal["torn", "corrupt"], words: str) -> Damage:
        """Return a damage at the current block."""
        return Damage(self._path.name, self.at, sort, words)

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
                file.seek(self.at)
                lost = not _any_byte(file)
                self.damage = self.found("torn" if lost else "corrupt", error.message)
                return
            yield header, body
            if self.damage is not None:
                return
            sha.update(head + body)
            self.previous = block_hash(head + body)
            self.at += len(head) + len(body)
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
            if footer["sha256"] != sha256 or footer["bytes"] != self.at:
                raise BlockError("the footer tells of another file")
            self.ended = True
            self.footer = footer


def _any_byte(file: BinaryIO) -> bool:
    """Whether anything but zeros follows."""
    while part := file.read(1 << 20):
        if part.strip(b"\0"):
            return True
    return False
