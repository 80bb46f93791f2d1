"""Sync — segments into an object store; a local one goes only after it was read back twice.

Once after the upload, which earns the receipt, and once more after the grace time, right before the
deletion. In between, and whenever anything is in doubt, the local file stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from botmm.clock import Clock
from botmm.ops.bucket import Bucket, BucketError, Digest
from botmm.ops.shelf import Receipt, Shelf

FAILURES_MAX = 3
"""So many in a row end a run: the store is not there, and the next run comes soon."""


@dataclass(slots=True)
class Done:
    """What a run did, by key."""

    uploaded: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class Sync:
    """One folder into one bucket."""

    def __init__(
        self, shelf: Shelf, bucket: Bucket, clock: Clock, *, prefix: str, grace_s: float
    ) -> None:
        """Take both ends.

        Args:
            shelf: the recorder's folder.
            bucket: where the segments go.
            clock: dates the receipts.
            prefix: stands before each key; one host, one prefix.
            grace_s: how long a segment stays after it was read back.
        """
        self._shelf, self._bucket, self._clock = shelf, bucket, clock
        self._prefix, self._grace_ns = prefix.strip("/"), round(grace_s * 1e9)

    def run(self) -> Done:
        """Upload what is new, delete what is old and proven, and say what failed."""
        done, in_a_row = Done(), 0
        self._shelf.sweep()
        for segment in self._shelf.segments():
            try:
                self._one(segment, done)
                in_a_row = 0
            except (BucketError, OSError) as error:
                done.failed[self._key(segment)] = str(error)
                in_a_row += 1
            if in_a_row == FAILURES_MAX:
                break
        return done

    def _one(self, segment: Path, done: Done) -> None:
        key, receipt = self._key(segment), self._shelf.receipt(segment)
        if receipt is None or (receipt.place, receipt.key) != (self._bucket.name, key):
            self._upload(segment, key, done)
        elif int(self._clock.now()) - receipt.verified_ns < self._grace_ns:
            done.waiting += 1
        else:
            self._delete(segment, key, receipt, done)

    def _upload(self, segment: Path, key: str, done: Done) -> None:
        """Put a segment where it is not there yet, and write its receipt once it is proven."""
        ours = self._shelf.digest(segment)
        there = self._bucket.digest(key)
        if there != ours:
            self._bucket.put(key, segment, ours)
            # Names hold the recorder's boot and number: what lay there was a broken upload of ours.
            (done.uploaded if there is None else done.replaced).append(key)
            there = self._bucket.digest(key)
        _require_equal(key, ours, there)
        now = int(self._clock.now())
        receipt = Receipt(
            place=self._bucket.name, key=key, sha256=ours.sha256, size=ours.size, verified_ns=now
        )
        self._shelf.keep(segment, receipt)
        done.waiting += 1

    def _delete(self, segment: Path, key: str, receipt: Receipt, done: Done) -> None:
        """Delete a segment where file, receipt and object still agree."""
        if self._shelf.digest(segment) != receipt.digest:
            raise BucketError(
                f"{segment} is not what was uploaded; the bucket has what it was",
                cure="look at the disk; fetch the object, or move the file away",
            )
        try:
            _require_equal(key, receipt.digest, self._bucket.digest(key))
        except BucketError:
            self._shelf.drop(segment)  # the next run uploads it anew
            raise
        self._shelf.remove(segment)
        done.deleted.append(key)

    def _key(self, segment: Path) -> str:
        key = self._shelf.key(segment)
        return f"{self._prefix}/{key}" if self._prefix else key


def _require_equal(key: str, ours: Digest, there: Digest | None) -> None:
    if there is None:
        raise BucketError(f"{key} is not in the bucket", cure="look at bucket and permissions")
    if there != ours:
        raise BucketError(
            f"{key} was read back with other bytes ({there.size} for {ours.size})",
            cure="the local file stays, the next run tries again; look at the store if it stays so",
        )
