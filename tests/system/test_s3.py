"""S3 tests — the bucket over botocore against a server on loopback, sound and spoiled."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from botmm.clock import ManualClock
from botmm.errors import ConfigError
from botmm.ops.bucket import BucketError, digest_of
from botmm.ops.s3 import S3Bucket, Target, target_of
from botmm.ops.shelf import Shelf
from botmm.ops.sync import Sync
from tests.fakes.processes import python

moto = pytest.importorskip("moto", reason="moto is not installed: `make nightly` installs it")
boto3 = pytest.importorskip("boto3")

from tests.fakes.s3_server import BUCKET, Spoiled, s3_server  # noqa: E402 — needs moto

KEY = "2026-11-28/1-00000001.seg"
BODY = bytes(range(256)) * 4096
COMMAND = "from botmm.cli import main; main()"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spoiled]:
    """Return a running server with an empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with s3_server() as server:
        client = boto3.client("s3", endpoint_url=server.url)
        with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=BUCKET)
        for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=one["Key"])
        yield server


def segment(folder: Path) -> Path:
    path = folder / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    return path


def bucket(store: Spoiled, name: str = BUCKET) -> S3Bucket:
    made = S3Bucket(Target(bucket=name, prefix="host", endpoint=store.url))
    made._client.meta.config.retries["total_max_attempts"] = 1
    return made


def job(folder: Path, store: Spoiled, clock: ManualClock) -> Sync:
    return Sync(Shelf(folder), bucket(store), clock, prefix="host", grace_s=60.0)


def test_a_segment_is_uploaded_read_back_and_goes_later(tmp_path: Path, store: Spoiled) -> None:
    path, clock = segment(tmp_path), ManualClock()
    assert job(tmp_path, store, clock).run().uploaded == [f"host/{KEY}"]
    clock.advance(60)
    assert job(tmp_path, store, clock).run().deleted == [f"host/{KEY}"]
    assert not path.exists()
    assert bucket(store).digest(f"host/{KEY}") == digest_of([BODY])
    told = base64.b64encode(bytes.fromhex(digest_of([BODY]).sha256)).decode()
    assert store.checksums[-1] == told, "the store is told the sum of the whole object"


@pytest.mark.parametrize(
    "fault", ["refused", "expired", "cut", "flipped", "read refused", "read cut"]
)
def test_a_spoiled_upload_deletes_nothing_and_heals(
    tmp_path: Path, store: Spoiled, fault: str
) -> None:
    path, clock = segment(tmp_path), ManualClock()
    store.fault = fault
    for _ in range(2):
        done = job(tmp_path, store, clock).run()
        assert done.failed
        clock.advance(1e6)
    assert path.exists()
    assert fault in store.met
    store.fault = ""
    assert not job(tmp_path, store, clock).run().failed
    clock.advance(1e6)
    assert job(tmp_path, store, clock).run().deleted
    assert bucket(store).digest(f"host/{KEY}") == digest_of([BODY])


@pytest.mark.parametrize("fault", ["read refused", "read cut"])
def test_a_segment_stays_while_its_object_cannot_be_read(
    tmp_path: Path, store: Spoiled, fault: str
) -> None:
    path, clock = segment(tmp_path), ManualClock()
    job(tmp_path, store, clock).run()
    clock.advance(1e6)
    store.fault = fault
    assert job(tmp_path, store, clock).run().failed
    assert path.exists()


def test_what_is_missing_differs_from_a_missing_bucket(store: Spoiled) -> None:
    assert bucket(store).digest("host/none.seg") is None
    with pytest.raises(BucketError, match="does not exist"):
        bucket(store, "another").digest("host/none.seg")


def test_the_owner_goes_with_every_request() -> None:
    made = S3Bucket(Target(bucket="b", prefix="p", endpoint="http://127.0.0.1:9", owner="1" * 12))
    assert made._place == {"Bucket": "b", "ExpectedBucketOwner": "1" * 12}


def test_the_command_uploads_and_says_what_it_did(tmp_path: Path, store: Spoiled) -> None:
    path = segment(tmp_path)

    def run(url: str, *more: str) -> tuple[int, str, str]:
        arguments = ("ops", "sync", "--capture", str(tmp_path), "--to", url, *more)
        whole = (*arguments, "--endpoint", store.url, "--json")
        process = python(COMMAND, *whole, env={"PYTHONPATH": os.pathsep.join(sys.path)})
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    code, out, err = run("s3://absent/host")
    assert code == 4, err
    assert path.exists()
    code, out, err = run(f"s3://{BUCKET}/host")
    assert (code, _counts(out)) == (0, (1, 0)), err
    code, out, err = run(f"s3://{BUCKET}/host", "--grace-hours", "0")
    assert (code, _counts(out)) == (0, (0, 1)), err
    assert not path.exists()


def _counts(out: str) -> tuple[int, int]:
    found: dict[str, Any] = json.loads(out)
    return len(found["uploaded"]), len(found["deleted"])


@pytest.mark.parametrize("url", ["s3://bucket", "s3:///host", "https://bucket/host", "bucket", ""])
def test_a_place_without_bucket_or_prefix_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="not a place"):
        target_of(url)
