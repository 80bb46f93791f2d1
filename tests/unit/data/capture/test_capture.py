"""Capture tests — what was kept comes back exactly; what was damaged is found and named."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botmm.clock import ManualClock, SystemClock
from botmm.data.capture import Disk, Reader, Record, Writer

HOUR = 3600


def written(folder: Path, payloads: list[bytes], *, segment_bytes: int = 1 << 30) -> list[Record]:
    clock = ManualClock(1_000_000_000_000_000_000)
    writer = Writer(folder, clock, segment_bytes=segment_bytes)
    for index, payload in enumerate(payloads):
        clock.advance(0.001)
        writer.append(1 + index % 4, clock.ns, payload, conn=index % 3)
        if index % 5 == 4:
            assert writer.flush()
    writer.close()
    return list(Reader(folder))


def whole(folder: Path) -> list[Record]:
    reader = Reader(folder)
    records = list(reader)
    assert reader.damage == []
    return records


@settings(max_examples=25, deadline=None)
@given(payloads=st.lists(st.binary(max_size=400), min_size=1, max_size=30), small=st.booleans())
def test_what_was_kept_comes_back(tmp_path_factory, payloads, small):
    folder = tmp_path_factory.mktemp("capture")
    records = written(folder, payloads, segment_bytes=300 if small else 1 << 30)
    assert [r.payload for r in records] == payloads
    assert [r.seq for r in records] == list(range(1, len(payloads) + 1))
    assert [(r.kind, r.conn) for r in records] == [(1 + i % 4, i % 3) for i in range(len(payloads))]
    assert whole(folder) == records
    assert list(folder.glob("*.open")) == []


@pytest.fixture
def segment(tmp_path: Path) -> tuple[Path, list[Record]]:
    records = written(tmp_path / "one", [bytes([i]) * (i * 3) for i in range(23)])
    (path,) = (tmp_path / "one").glob("*.seg")
    return path, records


def test_a_file_cut_anywhere_gives_its_exact_prefix_and_says_so(segment, tmp_path):
    path, records = segment
    data = path.read_bytes()
    lengths = set()
    for cut in range(len(data)):
        target = tmp_path / "cut" / path.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data[:cut])
        reader = Reader(target.parent)
        found = list(reader)
        assert found == records[: len(found)]
        assert [d.sort for d in reader.damage] == ["torn"]
        lengths.add(len(found))
    assert lengths == {0, 5, 10, 15, 20, 23}


def test_a_flipped_bit_in_any_byte_is_found(segment, tmp_path):
    path, records = segment
    data = path.read_bytes()
    target = tmp_path / "flip" / path.name
    target.parent.mkdir()
    for index in range(len(data)):
        flipped = bytearray(data)
        flipped[index] ^= 1 << index % 8
        target.write_bytes(flipped)
        reader = Reader(target.parent)
        found = list(reader)
        assert found == records[: len(found)]
        assert [d.sort for d in reader.damage] == ["corrupt"]


def test_zeros_at_the_end_are_a_lost_write(segment):
    path, records = segment
    opened = path.rename(path.with_suffix(".open"))
    with opened.open("ab") as file:
        file.write(bytes(5000))
    reader = Reader(path.parent)
    assert list(reader) == records
    assert [d.sort for d in reader.damage] == ["corrupt"]  # nothing may follow a footer


def test_a_segment_that_is_not_there_is_missed(tmp_path):
    written(tmp_path, [bytes(300)] * 20, segment_bytes=100)
    names = sorted(tmp_path.glob("*.seg"))
    assert len(names) > 2
    names[1].unlink()
    reader = Reader(tmp_path)
    list(reader)
    assert [d.sort for d in reader.damage] == ["missing"]


def test_a_new_hour_is_a_new_file(tmp_path):
    clock = ManualClock(HOUR * 10**9 * 1000)
    writer = Writer(tmp_path, clock)
    for _ in range(3):
        writer.append(1, clock.ns, b"x")
        assert writer.flush()
        clock.advance(HOUR)
    writer.close()
    assert len(list(tmp_path.glob("*.seg"))) == 3
    assert len(whole(tmp_path)) == 3


def test_a_second_run_begins_with_a_gap(tmp_path):
    for _ in range(2):
        writer = Writer(tmp_path, SystemClock())
        writer.append(1, 5, b"x")
        writer.close()
    reader = Reader(tmp_path)
    assert len(list(reader)) == 2
    assert [g.cause for g in reader.gaps] == ["start"]


@pytest.mark.parametrize("back_s", [0, 3_600])
def test_a_clock_that_was_set_back_makes_no_name_twice_and_keeps_the_order(tmp_path, back_s):
    start = 1_790_000_000 * 10**9
    for words, at in (((b"a", b"b"), start), ((b"c", b"d"), start - back_s * 10**9)):
        clock = ManualClock(at)
        writer = Writer(tmp_path, clock)
        for word in words:
            clock.advance(0.5)
            writer.append(1, clock.ns, word)
            assert writer.flush()
        writer.close()
    reader = Reader(tmp_path)
    assert [r.payload for r in reader] == [b"a", b"b", b"c", b"d"]
    assert reader.damage == []
    assert [g.cause for g in reader.gaps] == ["start"]
    assert len(list(tmp_path.glob("*.seg"))) == 2


class FailingDisk(Disk):
    """A disk that refuses one kind of work while it is told to."""

    def __init__(self) -> None:
        self.fails: str = ""
        self.part = False
        self.synced: list[int] = []

    def write(self, fd: int, data: bytes) -> int:
        if self.fails == "write":
            if self.part:
                return os.write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "full")
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self.synced.append(os.fstat(fd).st_ino)
        if self.fails == "sync":
            raise OSError(errno.EIO, "broken")
        super().sync(fd)


@pytest.mark.parametrize("part", [False, True])
def test_a_full_disk_loses_nothing_that_fits_in_memory(tmp_path, part):
    disk, clock = FailingDisk(), ManualClock(10**18)
    writer = Writer(tmp_path, clock, disk=disk)
    writer.append(1, 1, b"before")
    assert writer.flush()
    disk.fails, disk.part = "write", part
    writer.append(1, 2, b"while")
    for _ in range(5):
        assert not writer.flush()
    assert "ENOSPC" in writer.failure
    disk.fails = ""
    writer.append(1, 3, b"after")
    assert writer.flush()
    assert writer.failure == ""
    writer.close()
    reader = Reader(tmp_path)
    assert [r.payload for r in reader] == [b"before", b"while", b"after"]
    assert [g.cause for g in reader.gaps] == ["write: ENOSPC"]
    assert len(list(tmp_path.iterdir())) == 2


def test_what_does_not_fit_in_memory_is_a_gap(tmp_path):
    disk = FailingDisk()
    writer = Writer(tmp_path, ManualClock(10**18), disk=disk, pending_bytes=300)
    disk.fails = "write"
    for index in range(10):
        writer.append(1, index, bytes(100))
    disk.fails = ""
    writer.close()
    reader = Reader(tmp_path)
    kept = [r.seq for r in reader]
    (gap,) = (g for g in reader.gaps if g.cause == "overrun")
    assert kept == list(range(1, gap.last_seq + 1))
    assert gap.next_seq == 11


def test_a_failed_sync_is_never_tried_again_on_that_file(tmp_path):
    disk = FailingDisk()
    writer = Writer(tmp_path, ManualClock(10**18), disk=disk)
    writer.append(1, 1, b"durable")
    assert writer.flush()
    assert writer.sync()
    writer.append(1, 2, b"doubtful")
    assert writer.flush()
    disk.fails = "sync"
    assert not writer.sync()
    broken = disk.synced[-1]
    disk.fails = ""
    writer.append(1, 3, b"after")
    assert writer.flush()
    assert writer.sync()
    writer.close()
    assert disk.synced.count(broken) == 2  # the good one and the failed one
    reader = Reader(tmp_path)
    list(reader)
    assert [(g.cause, g.last_seq, g.next_seq) for g in reader.gaps] == [("sync: EIO", 1, 3)]


CHILD = """
import sys
from pathlib import Path
from botmm.clock import SystemClock
from botmm.data.capture import Writer
clock = SystemClock()
writer = Writer(Path(sys.argv[1]), clock, segment_bytes=20_000)
n = 0
while True:
    n += 1
    writer.append(1, clock.now(), b"%d " % n * (n % 50))
    if n % 50 == 0:
        writer.flush()
        print(n, flush=True)
"""


def test_a_killed_writer_loses_only_what_was_not_flushed(tmp_path):
    for trial in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        said = 0
        for _ in range(1 + trial):
            assert select.select([child.stdout], [], [], 20)[0], "the writer says nothing"
            said = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        reader = Reader(tmp_path)
        records = list(reader)
        boot = max(int(p.stem.split("-")[0]) for p in tmp_path.iterdir())
        assert all(d.sort == "torn" and d.segment.endswith(".open") for d in reader.damage)
        assert len(reader.gaps) == trial
        runs = [0, *(i for i, r in enumerate(records) if r.seq == 1)]
        last = records[runs[-1] :]
        assert [r.seq for r in last] == list(range(1, len(last) + 1))
        assert len(last) >= said
        assert boot > 0
