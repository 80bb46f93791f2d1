"""Walk — the blocks of one segment, each compared with its sums and with those before it."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from botmm.data.capture.blocks import (
    HEADER_BYTES,
    MAGIC,
    BlockError,
    Header,
    Sort,
    block_hash,
    check_body,
    read_header,
)

_SECTOR = 512
_PART = 1 << 20


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
                self.damage = self.found(
                    "torn" if self._is_lost(file) else "corrupt", error.message
                )
                return
            yield header, body
            if self.damage is not None:
                return
            sha.update(head + body)
            self.previous = block_hash(head + body)
            self.at += len(head) + len(body)
        if self._path.suffix == ".seg" and not self.ended:
            self.damage = self.found("torn", "the footer is missing")

    def _is_lost(self, file: BinaryIO) -> bool:
        """Whether the bad block is a write that never reached the device.

        Such writes leave zeros, at the end or, as devices order them, before later ones that arrived. Of
        a closed segment, and before what a later barrier names, nothing was on its way any more.
        """
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if not _any_byte(data, self.at):
                return True
            if self._path.suffix == ".seg" or not _any_sector_of_zeros(data, self.at):
                return False
            return not any(synced > self.at for synced in _barriers(data, self.at, self._boot))

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


def _any_byte(data: mmap.mmap, at: int) -> bool:
    """Whether anything but zeros follows."""
    return any(data[start : start + _PART].strip(b"\0") for start in range(at, len(data), _PART))


def _any_sector_of_zeros(data: mmap.mmap, at: int) -> bool:
    """Whether a sector that a bad block covers is empty from where the block begins."""
    try:
        length = read_header(data[at : at + HEADER_BYTES])[0].length
    except BlockError:
        length = 0  # it may be the header that is not there
    end = at + HEADER_BYTES + length
    edges = [at, *range((at // _SECTOR + 1) * _SECTOR, end, _SECTOR)]
    return any(not data[low : (low // _SECTOR + 1) * _SECTOR].strip(b"\0") for low in edges)


def _barriers(data: mmap.mmap, at: int, boot: int) -> Iterator[int]:
    """Yield what the whole barriers of a run name that stand somewhere behind a place."""
    while (at := data.find(MAGIC, at + 1)) >= 0:
        head = data[at : at + HEADER_BYTES]
        if len(head) < HEADER_BYTES:
            return
        try:
            header, whole_sum = read_header(head)
            body = data[at + HEADER_BYTES : at + HEADER_BYTES + header.length]
            if header.sort is Sort.BARRIER and header.boot == boot:
                check_body(head, body, whole_sum)
                yield json.loads(body)["synced"]
        except BlockError:
            continue
