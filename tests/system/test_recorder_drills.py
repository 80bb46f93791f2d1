"""Recorder drills — kills, cut files, flipped bits, full and failing disks, bursts and simulated days.

Each has a floor of activity, and a planted failure that it has to catch. `BOTMM_TEST_TIER=nightly` makes
them large.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from botmm.clock import ManualClock, SystemClock
from botmm.data.capture import Disk, Gap, Reader, Record, Writer
from botmm.data.capture.blocks import HEADER_BYTES, read_header
from botmm.data.capture.check import Report, check
from botmm.data.capture.seal import seal
from botmm.record.recorder import Recorder
from tests.conftest import ROOT
from tests.fakes.killed_recorder import Line
from tests.fakes.recordings import bbo, book, trade
from tests.fakes.tiers import NIGHTLY

KILLS = 1_000 if NIGHTLY else 12
BATCH = 50
FLIPS = 100_000 if NIGHTLY else 400
BURST_S = 60.0 if NIGHTLY else 2.0
DAYS = (3.0, 30.0) if NIGHTLY else (0.02, 0.5)
FLUSH_MS = 100.0

S = 10**9
START = 1_790_000_000 * S


# Kills.


def judge(folder: Path, told: list[dict[str, int | dict[str, int]]]) -> list[float]:
    """Return how old the oldest lost frame of each kill was in ms; the rest has to be whole."""
    reader = Reader(folder)
    kept: dict[int, list[int]] = {}
    for record in reader:
        run, number, _ = record.payload.split(b" ")
        kept.setdefault(int(run), []).append(int(number))
    assert all(d.sort == "torn" and d.segment.endswith(".open") for d in reader.damage)
    assert list(folder.glob("*.bad")) == []
    starts = [gap for gap in reader.gaps if gap.cause == "start" and not gap.what]
    assert len(starts) == len(told) - 1, "a run without a gap record at its start"
    assert all(0 < gap.since_ns < gap.wall_ns for gap in starts)
    ages = []
    for run, one in enumerate(told):
        numbers, taken = kept.get(run, []), one["taken"]
        assert isinstance(taken, int)
        assert isinstance(one["ages"], dict)
        assert numbers == list(range(1, len(numbers) + 1)), "a hole in what was kept"
        lost = [one["ages"][str(n)] for n in range(len(numbers) + 1, taken + 1)]
        ages.append(max(lost, default=0) / 1e6)
    return ages


def test_killed_recorders_lose_a_flush_at_most(tmp_path):
    ages: list[float] = []
    frames = 0
    for batch in range(0, KILLS, BATCH):
        folder, count = tmp_path / str(batch), min(BATCH, KILLS - batch)
        done = subprocess.run(
            [sys.executable, "-m", "tests.fakes.killed_recorder", folder, str(count), str(batch)],
            stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}"},
        )  # fmt: skip
        told = [json.loads(line) for line in done.stdout.splitlines()]
        ages += judge(folder, told)
        frames += sum(one["taken"] for one in told)
    assert len(ages) == KILLS
    assert frames > 20 * KILLS, "too little was recorded to lose anything"
    p50, p99 = np.percentile(ages, [50, 99])
    print(
        f"{KILLS} kills, {frames} frames: oldest lost p50 {p50:.0f} p99 {p99:.0f} most {max(ages):.0f} ms"
    )
    # On a machine that does nothing else the most is a flush and a frame; a busy one wakes us late.
    assert p50 < 1.5 * FLUSH_MS


def test_the_judge_of_kills_sees_a_hole_and_a_missing_gap(tmp_path):
    writer = Writer(tmp_path, SystemClock())
    for number in (1, 2, 4):
        writer.append(1, 1, b"0 %d x" % number)
    writer.close()
    with pytest.raises(AssertionError, match="a hole"):
        judge(tmp_path, [{"taken": 4, "ages": {}}])
    with pytest.raises(AssertionError, match="without a gap"):
        judge(tmp_path, [{"taken": 4, "ages": {}}] * 2)


# Cut files and flipped bits.


def three_segments(folder: Path) -> list[tuple[Path, list[Record]]]:
    """Return an open segment, a closed one and a sealed one, each with what it holds."""
    made = []
    for kind in ("open", "seg", "sealed"):
        place = folder / kind
        clock = ManualClock(START)
        writer = Writer(place, clock, about={"what": "recording"})
        for index in range(60):
            clock.advance(0.02)
            writer.append(1, clock.ns, (bbo, book)[index % 2](clock.ns), conn=index % 3)
            if index % 5 == 4:
                assert writer.flush()
            if index % 20 == 19:
                assert writer.sync()
        writer.gap("reset", (START, START), what="quick")
        writer.close()
        (path,) = place.glob("*.seg")
        if kind != "seg":
            path = path.rename(path.with_suffix(".open"))
        if kind == "sealed":
            assert seal(path, Disk()) is None
            path = path.with_suffix(".seg")
        records = list(Reader(place))
        assert len(records) == 60
        made.append((path, records))
    return made


def test_cut_at_every_byte_each_segment_gives_its_exact_prefix(tmp_path):
    cuts = 0
    for path, records in three_segments(tmp_path):
        data = path.read_bytes()
        target = tmp_path / "cut" / path.name
        target.parent.mkdir(exist_ok=True)
        for cut in range(0, len(data), 1 if NIGHTLY else 41):
            target.write_bytes(data[:cut])
            reader = Reader(target.parent)
            found = list(reader)
            assert found == records[: len(found)]
            sorts = [one.sort for one in reader.damage]
            # An open segment that was cut between two blocks only ends early.
            assert sorts == ["torn"] or (path.suffix == ".open" and sorts == [])
            cuts += 1
        target.unlink()
    assert cuts > (5_000 if NIGHTLY else 200)
    print(f"{cuts} cuts of 3 segments: the exact prefix each time")


def flipped(data: bytes, bit: int) -> bytes:
    """Return a file with one bit turned."""
    turned = bytearray(data)
    turned[bit // 8] ^= 1 << bit % 8
    return bytes(turned)


def test_every_flipped_bit_is_found_and_nothing_after_it_is_believed(tmp_path):
    rng, found_out = np.random.default_rng(7), 0
    for path, records in three_segments(tmp_path):
        data = path.read_bytes()
        target = tmp_path / "flip" / path.name
        target.parent.mkdir(exist_ok=True)
        for bit in rng.integers(0, 8 * len(data), FLIPS // 3 + 1):
            target.write_bytes(flipped(data, int(bit)))
            reader = Reader(target.parent)
            found = list(reader)
            assert found == records[: len(found)]
            assert [one.sort for one in reader.damage] == ["corrupt"]
            found_out += 1
        target.unlink()
    assert found_out >= FLIPS
    print(f"{found_out} flipped bits: all found, all called corrupt")


def test_a_bit_behind_sums_that_fit_is_found_by_the_chain(tmp_path):
    """Planted: a block whose sums were made anew after the flip; one that is whole is not called corrupt."""
    (_, (path, records), _) = three_segments(tmp_path)
    reader = Reader(path.parent)
    assert (list(reader), reader.damage) == (records, [])
    data = path.read_bytes()
    header, _ = read_header(data[:HEADER_BYTES])
    body = flipped(data[HEADER_BYTES : HEADER_BYTES + header.length], 8)
    path.write_bytes(header.packed(body) + data[HEADER_BYTES + header.length :])
    assert list(reader) == []
    assert [one.words for one in reader.damage] == ["a block is missing before this one"]


# Full and failing disks.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 MiB in memory; skip where that is not allowed."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))


def missing_of(numbers: list[int], sent: int) -> set[int]:
    """Return what was sent and not kept; frames are numbered from 0, records from 1."""
    return set(range(sent)) - set(numbers)


def untold(missing: set[int], gaps: list[Gap]) -> set[int]:
    """Return what is missing and stands in no gap record."""
    return missing - {n - 1 for gap in gaps for n in range(gap.last_seq + 1, gap.next_seq)}


def test_a_lost_record_that_no_gap_tells_is_found():
    gap = Gap("overrun", 1, 1, 3, 6)  # numbers 4 and 5, frames 3 and 4
    assert untold(missing_of([0, 1, 2, 5, 7], 8), [gap]) == {6}


def test_a_disk_that_others_fill_loses_nothing_before_the_barrier(small_disk):
    folder = small_disk / "capture"
    clock = SystemClock()
    writer = Writer(folder, clock, about={"what": "recording"}, pending_bytes=200_000)
    for index in range(200):
        writer.append(1, clock.now(), b"%d " % index)
    assert writer.flush()
    assert writer.sync()
    hog = small_disk / "hog"
    with pytest.raises(OSError, match="No space left"):
        fill(hog)
    assert shutil.disk_usage(small_disk).free < 1 << 16
    rng = np.random.default_rng(1)
    sent = 200
    while writer.lost == 0:  # what does not pack fills the space that was set aside, then memory
        for _ in range(10):
            writer.append(1, clock.now(), b"%d " % sent + rng.bytes(3_000))
            sent += 1
        writer.flush()
    assert "ENOSPC" in writer.failure
    full = list(Reader(folder))
    gaps = check(folder).gaps
    assert any("ENOSPC" in gap.cause for gap in gaps), "no gap record on the full disk itself"
    assert [int(one.payload.split(b" ")[0]) for one in full][:200] == list(range(200))
    hog.unlink()
    writer.append(1, clock.now(), b"%d " % sent)
    assert writer.flush()
    writer.close()
    report = check(folder)
    assert report.sound
    numbers = [int(one.payload.split(b" ")[0]) for one in Reader(folder)]
    assert numbers == sorted(set(numbers))
    missing = missing_of(numbers, sent + 1)
    assert missing
    assert untold(missing, report.gaps) == set(), "something is lost that no gap record tells"
    print(f"64 MiB full: {len(numbers)} kept, {len(missing)} lost, all in gap records")


class FailingDisk(Disk):
    """A disk whose nth write and nth sync fail, again and again."""

    def __init__(self, every: int, number: int) -> None:
        self.every, self.number, self.calls, self.failed = every, number, 0, 0

    def _fail(self) -> None:
        self.calls += 1
        if self.calls % self.every == 0:
            self.failed += 1
            raise OSError(self.number, os.strerror(self.number))

    def write(self, fd: int, data: bytes) -> int:
        self._fail()
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._fail()
        super().sync(fd)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENOSPC])
def test_failing_writes_and_syncs_end_no_recording(tmp_path, number):
    clock = ManualClock(START)
    disk = FailingDisk(7, number)
    writer = Writer(tmp_path, clock, disk=disk)
    for index in range(400):
        clock.advance(0.1)
        writer.append(1, clock.ns, b"%d" % index)
        writer.flush()
        if index % 10 == 9:
            writer.sync()
    disk.every = 10**9
    assert writer.flush()
    writer.close()
    reader = Reader(tmp_path)
    assert [int(one.payload) for one in reader] == list(range(400))
    assert disk.failed > 20
    causes = {gap.cause for gap in reader.gaps}
    assert any(cause.startswith("write") for cause in causes)
    assert all(one.sort == "torn" for one in reader.damage)


class StallingDisk(Disk):
    """A disk that stands still for a while in one sync and one write."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.stalls = seconds, 0

    def write(self, fd: int, data: bytes) -> int:
        if self.stalls == 1:
            self.stalls += 1
            time.sleep(self.seconds)
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        if self.stalls == 0:
            self.stalls += 1
            time.sleep(self.seconds)
        super().sync(fd)


def test_a_disk_that_stalls_never_holds_up_who_reads_the_socket(tmp_path):
    clock, disk = SystemClock(), StallingDisk(9.0 if NIGHTLY else 1.0)
    writer = Writer(tmp_path, clock, disk=disk)
    waits, sent = [], 0
    while disk.stalls < 2 or sent < 2_000:
        before = time.perf_counter()
        writer.append(1, clock.now(), b"%d" % sent)
        waits.append(time.perf_counter() - before)
        sent += 1
        time.sleep(0.0005)
    writer.close()
    assert [int(one.payload) for one in Reader(tmp_path)] == list(range(sent))
    assert writer.lost == 0
    print(f"{disk.seconds:g} s stalls: {sent} appended, the longest wait {max(waits) * 1e3:.1f} ms")
    assert float(np.percentile(waits, 99)) < disk.seconds / 10


# Bursts and simulated days.


def test_a_burst_of_ten_times_the_rate_loses_nothing(tmp_path):
    clock = SystemClock()
    writer = Writer(tmp_path, clock, sealed=True)
    recorder = Recorder([Line()], writer, clock, tmp_path, 0)
    began, cpu, sent = time.monotonic(), time.process_time(), 0
    while (ran := time.monotonic() - began) < BURST_S:
        while sent < 460 * ran:  # ten times the 46 frames a second of three symbols
            recorder.take(0, book(int(clock.now())) if sent % 5 == 0 else bbo(int(clock.now())))
            sent += 1
        time.sleep(0.005)
    cpu = time.process_time() - cpu
    recorder.end("stopped")
    assert writer.lost == 0
    assert [one.seq for one in Reader(tmp_path)] == list(range(1, sent + 1))
    assert sent > 400 * BURST_S
    print(
        f"10x for {BURST_S:g} s: {sent} frames, none lost, {cpu / ran:.1%} of a core with the maker"
    )


def resident_mib() -> float:
    """Return the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def slope_of(memory: list[float]) -> float:
    """Return how much hourly figures grow a day; the first quarter warms up what the allocator keeps."""
    later = memory[len(memory) // 4 :]
    if len(later) < 3:
        return 0.0
    return 24 * float(np.polyfit(range(len(later)), later, 1)[0])


def simulate(
    folder: Path,
    days: float,
    gap_s: float,
    *,
    forget: bool = False,
    memory: list[float] | None = None,
) -> Report:
    """Record so many days through a clock of its own, frames `gap_s` apart, with a cut each hour."""
    clock = ManualClock(START)
    writer = Writer(folder, clock, sealed=True, about={"what": "recording"})
    recorder = Recorder([Line()], writer, clock, folder, 0)
    makers = (book, bbo, bbo, lambda at: trade(at, at // 1000))
    frames = round(days * 86_400 / gap_s)
    resting = threading.Event()
    for number in range(frames):
        clock.advance(gap_s)
        if number % round(3_600 / gap_s) == 100:
            if not forget:
                recorder.lost(0, "reset")
            clock.advance(20.0)
        recorder.take(0, makers[number % 4](clock.ns))
        while writer.held > 16 << 20:
            resting.wait(0.01)
        if number % round(3_600 / gap_s) == 50:
            recorder.tick()
            writer.flush()
            if memory is not None:
                memory.append(resident_mib())
    recorder.end("stopped")
    assert writer.lost == 0
    return check(folder)


@pytest.mark.parametrize(("days", "gap_s"), [(DAYS[0], 1 / 46), (DAYS[1], 0.9)])
def test_in_simulated_days_every_second_is_heard_or_told(tmp_path, days, gap_s):
    memory: list[float] = []
    report = simulate(tmp_path, days, gap_s, memory=memory)
    hours = days * 24
    assert report.sound
    assert report.unexplained == []
    assert report.heard + report.in_gaps == report.seconds > days * 86_400
    assert report.in_gaps >= 15 * int(hours)
    assert report.segments >= int(hours)
    slope = slope_of(memory)
    if NIGHTLY:
        assert slope < 1.0
    print(
        f"{days:g} days: {report.records} records, {report.seconds} seconds, {report.in_gaps} of them in "
        f"gap records, {report.size / days / 1e6:.1f} MB a day, {max(memory, default=0.0):.0f} MiB at most, {slope:+.2f} MiB a day"
    )


def test_a_leak_of_a_mebibyte_a_day_would_be_seen():
    assert slope_of([90 + hour * 1.5 / 24 for hour in range(240)]) > 1.0


def test_a_silence_that_nobody_told_is_found(tmp_path):
    assert simulate(tmp_path, 0.1, 0.9, forget=True).unexplained != []
