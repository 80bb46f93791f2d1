"""Bucket — an object store as the upload sees it: put a file, read a whole object back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from botmm.errors import VenueError

CHUNK_BYTES = 1 << 20


class BucketError(VenueError):
    """The object store failed, or holds other bytes than ours."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What two copies have in common when they are equal: SHA-256 in hex, and length."""

    sha256: str
    size: int


class Bucket(Protocol):
    """One bucket of an object store; every method raises `BucketError` for what fails."""

    name: str
    """What a receipt names the place by, such as `s3://bucket`."""

    def put(self, key: str, file: Path, digest: Digest) -> None:
        """Store a file as one object; the store is told its digest and may refuse other bytes."""
        ...

    def digest(self, key: str) -> Digest | None:
        """Read an object back, every byte of it; None where there is none."""
        ...


def digest_of(chunks: Iterable[bytes]) -> Digest:
    """Return the digest of bytes that come in pieces."""
    sha256, size = hashlib.sha256(), 0
    for chunk in chunks:
        sha256.update(chunk)
        size += len(chunk)
    return Digest(sha256.hexdigest(), size)


def digest_of_file(path: Path) -> Digest:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return digest_of(iter(lambda: file.read(CHUNK_BYTES), b""))
