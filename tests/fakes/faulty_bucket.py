"""Faulty bucket — an object store in memory that loses, cuts, changes and misplaces on purpose."""

from collections.abc import Callable
from pathlib import Path

from numpy.random import Generator

from botmm.ops.bucket import BucketError, Digest, digest_of
from botmm.ops.shelf import Receipt, Shelf

PUT_FAULTS = "refused lost_reply cut flipped misplaced crash_before crash_after".split()
READ_FAULTS = "no_answer not_found expired crash".split()


class CrashError(Exception):
    """The process died here."""


class FaultyBucket:
    """Keeps what it was given, or something else; `objects` is the truth."""

    name = "s3://faulty"

    def __init__(self, rng: Generator, *, share: float) -> None:
        """Take the seed of the faults, and what share of calls fails."""
        self.rng, self.share = rng, share
        self.objects: dict[str, bytes] = {}
        self.met: dict[str, int] = {}

    def _fault(self, kinds: list[str]) -> str:
        if self.rng.random() >= self.share:
            return ""
        kind = kinds[int(self.rng.integers(len(kinds)))]
        self.met[kind] = self.met.get(kind, 0) + 1
        return kind

    def put(self, key: str, file: Path, digest: Digest) -> None:
        body, fault = file.read_bytes(), self._fault(PUT_FAULTS)
        if fault == "crash_before":
            raise CrashError
        if fault == "refused":
            raise BucketError("503")
        at = int(self.rng.integers(len(body)))
        stored = {
            "cut": body[:at],
            "flipped": body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :],
        }.get(fault, body)
        self.objects["elsewhere/" + key if fault == "misplaced" else key] = stored
        if fault == "lost_reply":
            raise BucketError("timeout")
        if fault == "crash_after":
            raise CrashError

    def digest(self, key: str) -> Digest | None:
        fault = self._fault(READ_FAULTS)
        if fault == "crash":
            raise CrashError
        if fault in {"no_answer", "expired"}:
            raise BucketError(fault)
        if fault == "not_found" or key not in self.objects:
            return None
        return digest_of([self.objects[key]])

    def lose(self) -> None:
        """Lose or change an object that was fine: a lifecycle rule, another hand."""
        if self.objects:
            key = sorted(self.objects)[int(self.rng.integers(len(self.objects)))]
            if self.rng.random() < 0.5:
                del self.objects[key]
            else:
                self.objects[key] = self.objects[key][:-1]


class WatchedShelf(Shelf):
    """Asks an oracle before each deletion, and dies between its steps on demand."""

    def __init__(
        self, folder: Path, oracle: Callable[[Path], None], crash: Callable[[], bool]
    ) -> None:
        super().__init__(folder)
        self._oracle, self._crash = oracle, crash

    def _step(self) -> None:
        if self._crash():
            raise CrashError

    def keep(self, segment: Path, receipt: Receipt) -> None:
        self._step()
        super().keep(segment, receipt)
        self._step()

    def drop(self, segment: Path) -> None:
        self._step()  # between the segment's deletion and its receipt's, too
        super().drop(segment)

    def remove(self, segment: Path) -> None:
        self._step()
        self._oracle(segment)
        super().remove(segment)
