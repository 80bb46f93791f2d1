"""Shelf — a folder of closed segments, and beside each uploaded one its receipt.

A receipt is no more than a claim with a date: whoever deletes reads the object back once more.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from botmm.ops.bucket import Digest, digest_of_file

SEGMENT, RECEIPT = ".seg", ".sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where a segment was read back from, what it was, and when."""

    place: str
    key: str
    sha256: str
    size: int
    verified_ns: int

    @property
    def digest(self) -> Digest:
        """The digest that segment and object had."""
        return Digest(self.sha256, self.size)


class Shelf:
    """The segments below a folder; `.open` files are the recorder's and not seen here."""

    def __init__(self, folder: Path) -> None:
        """Take the recorder's folder."""
        self.folder = folder

    def segments(self) -> list[Path]:
        """Return the closed segments, oldest name first; links are not followed."""
        found = self.folder.rglob(f"*{SEGMENT}")
        return sorted(p for p in found if p.is_file() and not p.is_symlink())

    def key(self, segment: Path) -> str:
        """Return a segment's path below the folder, as a key has it."""
        return segment.relative_to(self.folder).as_posix()

    def digest(self, segment: Path) -> Digest:
        """Return the digest of a segment as it lies on the disk now."""
        return digest_of_file(segment)

    def receipt(self, segment: Path) -> Receipt | None:
        """Return a segment's receipt; one that cannot be read is none."""
        try:
            found = json.loads(_beside(segment).read_text(encoding="utf-8"))
            return Receipt(**{**found, "verified_ns": int(found["verified_ns"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, segment: Path, receipt: Receipt) -> None:
        """Write a receipt, whole or not at all."""
        place = _beside(segment)
        fresh = place.with_name(f"{place.name}.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(receipt), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
        _sync_folder(place.parent)

    def drop(self, segment: Path) -> None:
        """Remove a receipt, where there is one."""
        _beside(segment).unlink(missing_ok=True)

    def remove(self, segment: Path) -> None:
        """Delete a segment for good, and its receipt after it."""
        segment.unlink()
        _sync_folder(segment.parent)
        self.drop(segment)

    def sweep(self) -> None:
        """Remove receipts whose segment is gone: a crash, or `--keep-days`, left them."""
        for receipt in self.folder.rglob(f"*{SEGMENT}{RECEIPT}*"):
            segment = receipt.with_name(receipt.name.partition(SEGMENT)[0] + SEGMENT)
            if not segment.exists():
                receipt.unlink(missing_ok=True)


def _beside(segment: Path) -> Path:
    return segment.with_name(segment.name + RECEIPT)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
