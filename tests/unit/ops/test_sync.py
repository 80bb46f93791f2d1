"""Sync tests — nothing is deleted that the bucket does not hold, whatever fails in between."""

from pathlib import Path

import numpy as np
import pytest

from botmm.clock import ManualClock
from botmm.ops.bucket import digest_of_file
from botmm.ops.shelf import Receipt, Shelf
from botmm.ops.sync import FAILURES_MAX, Done, Sync
from tests.fakes.faulty_bucket import (
    PUT_FAULTS,
    READ_FAULTS,
    CrashError,
    FaultyBucket,
    WatchedShelf,
)
from tests.fakes.tiers import NIGHTLY

DAY = 86_400.0
UPLOADS = 100_000 if NIGHTLY else 250
FILES_AT_ONCE = 20


def segment(folder: Path, name: str = "2026-11-28/1-00000001.seg", body: bytes = b"abc") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def sound() -> FaultyBucket:
    return FaultyBucket(np.random.default_rng(0), share=0.0)


def sync(folder: Path, bucket: FaultyBucket, clock: ManualClock, **other: str) -> Sync:
    return Sync(Shelf(folder), bucket, clock, prefix=other.get("prefix", "host"), grace_s=DAY)


def test_a_segment_goes_after_the_grace_time_and_not_before(tmp_path: Path) -> None:
    path, bucket, clock = segment(tmp_path), sound(), ManualClock()
    assert sync(tmp_path, bucket, clock).run().uploaded == ["host/2026-11-28/1-00000001.seg"]
    clock.advance(DAY - 1)
    assert sync(tmp_path, bucket, clock).run() == Done(waiting=1)
    assert path.exists()
    clock.advance(1)
    assert sync(tmp_path, bucket, clock).run().deleted == ["host/2026-11-28/1-00000001.seg"]
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
    assert bucket.objects == {"host/2026-11-28/1-00000001.seg": b"abc"}


def test_what_is_being_written_and_links_are_left_alone(tmp_path: Path) -> None:
    segment(tmp_path, "1-2.open")
    (tmp_path / "1-3.seg").symlink_to(tmp_path / "1-2.open")
    bucket = sound()
    assert sync(tmp_path, bucket, ManualClock()).run() == Done()
    assert bucket.objects == {}


def test_an_object_that_vanished_keeps_the_segment_and_is_uploaded_again(tmp_path: Path) -> None:
    path, bucket, clock = segment(tmp_path), sound(), ManualClock()
    sync(tmp_path, bucket, clock).run()
    bucket.objects.clear()
    clock.advance(2 * DAY)
    assert "not in the bucket" in str(sync(tmp_path, bucket, clock).run().failed)
    assert path.exists()
    assert len(sync(tmp_path, bucket, clock).run().uploaded) == 1


def test_a_segment_that_changed_on_the_disk_stays_and_spoils_no_object(tmp_path: Path) -> None:
    path, bucket, clock = segment(tmp_path), sound(), ManualClock()
    sync(tmp_path, bucket, clock).run()
    path.write_bytes(b"abd")
    clock.advance(2 * DAY)
    for _ in range(2):
        assert "is not what was uploaded" in str(sync(tmp_path, bucket, clock).run().failed)
    assert path.exists()
    assert list(bucket.objects.values()) == [b"abc"]


def test_the_receipt_of_another_bucket_prefix_or_a_damaged_one_proves_nothing(
    tmp_path: Path,
) -> None:
    path, clock = segment(tmp_path), ManualClock()
    sync(tmp_path, sound(), clock).run()
    clock.advance(2 * DAY)
    other = sound()
    other.name = "s3://other"
    assert len(sync(tmp_path, other, clock).run().uploaded) == 1
    clock.advance(2 * DAY)
    assert len(sync(tmp_path, other, clock, prefix="elsewhere").run().uploaded) == 1
    clock.advance(2 * DAY)
    for text in ("", "{}", "[]", '{"place": 1}'):
        path.with_name(path.name + ".sent").write_text(text)
        assert not sync(tmp_path, other, clock, prefix="elsewhere").run().deleted
    assert path.exists()


def test_a_store_that_is_away_ends_the_run_soon(tmp_path: Path) -> None:
    for number in range(10):
        segment(tmp_path, f"1-{number}.seg")
    bucket = FaultyBucket(np.random.default_rng(0), share=1.0)
    bucket._fault = lambda kinds: "no_answer"  # type: ignore[method-assign]
    assert len(sync(tmp_path, bucket, ManualClock()).run().failed) == FAILURES_MAX


def test_receipts_without_a_segment_are_swept(tmp_path: Path) -> None:
    path = segment(tmp_path)
    sync(tmp_path, sound(), ManualClock()).run()
    path.unlink()
    sync(tmp_path, sound(), ManualClock()).run()
    assert not list(tmp_path.rglob("*.sent"))


class Trusting(Sync):
    """A planted fault: it takes the store's word that an upload went well."""

    def _upload(self, segment: Path, key: str, done: Done) -> None:
        ours = digest_of_file(segment)
        self._bucket.put(key, segment, ours)
        self._shelf.keep(
            segment,
            Receipt(
                place=self._bucket.name, key=key, sha256=ours.sha256, size=ours.size, verified_ns=0
            ),
        )

    def _delete(self, segment: Path, key: str, receipt: Receipt, done: Done) -> None:
        self._shelf.remove(segment)
        done.deleted.append(key)


class Hasty(Sync):
    """A planted fault: it reads back after the upload, and deletes a day later without looking."""

    _delete = Trusting._delete


def campaign(folder: Path, kind: type[Sync], seed: int, uploads: int) -> tuple[int, FaultyBucket]:
    """Upload and delete under faults until all is gone; return unproven deletions and the bucket."""
    rng, clock, bodies, wrong = np.random.default_rng(seed), ManualClock(), {}, 0
    bucket = FaultyBucket(rng, share=0.15)

    def oracle(path: Path) -> None:
        nonlocal wrong
        key = f"host/{path.relative_to(folder).as_posix()}"
        wrong += bucket.objects.get(key) != bodies[path]

    healed, made = False, 0
    shelf = WatchedShelf(folder, oracle, lambda: not healed and rng.random() < 0.01)
    for _ in range(uploads * 20):
        while made < uploads and len(shelf.segments()) < FILES_AT_ONCE:
            path = segment(folder, f"1-{made:08d}.seg", rng.bytes(24))
            bodies[path], made = path.read_bytes(), made + 1
        if rng.random() < 0.02 and not healed:
            bucket.lose()
        try:
            kind(shelf, bucket, clock, prefix="host", grace_s=DAY).run()
        except CrashError:
            continue
        clock.advance(DAY / 2)
        if made == uploads:
            healed, bucket.share = True, 0.0
            if not shelf.segments():
                break
    assert not shelf.segments(), "once healed, every segment is uploaded and goes"
    return wrong, bucket


def test_nothing_unproven_is_deleted_under_faults(tmp_path: Path) -> None:
    wrong, bucket = campaign(tmp_path, Sync, seed=1, uploads=UPLOADS)
    assert wrong == 0
    assert set(bucket.met) == {*PUT_FAULTS, *READ_FAULTS}
    assert min(bucket.met.values()) >= 3


@pytest.mark.parametrize("kind", [Trusting, Hasty])
def test_the_campaign_catches_deletions_without_proof(tmp_path: Path, kind: type[Sync]) -> None:
    wrong, _ = campaign(tmp_path, kind, seed=1, uploads=100)
    assert wrong > 0
