"""Lost writes — power fails: what was written and not yet synced is gone, in pieces and in any order."""

from __future__ import annotations

import json
import os
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from botmm.clock import ManualClock
from botmm.data.capture import Disk, Reader, Writer
from botmm.data.capture.blocks import HEADER_BYTES, Sort, read_header
from botmm.data.capture.seal import seal
from tests.fakes.tiers import NIGHTLY

LOSSES = 10_000 if NIGHTLY else 120
PAGE = 512
"""What a device writes whole: a sector."""


@dataclass
class Inode:
    """A file: its bytes as written, and how many of them are on the device."""

    data: bytearray = field(default_factory=bytearray)
    synced: int = 0
    promised: int = 0
    """How many bytes its last barrier, or its final name, says are durable."""

    def left(self, rng: random.Random) -> bytes:
        """Return what a loss of power leaves: pages that were not synced are there, or zeros."""
        end = rng.randint(self.synced, len(self.data))
        found = bytearray(self.data[:end])
        for start in range(self.synced // PAGE * PAGE, end, PAGE):
            if rng.random() < 0.3:
                low = max(start, self.synced)
                found[low : start + PAGE] = bytes(len(found[low : start + PAGE]))
        return bytes(found)


class LosingDisk(Disk):
    """A disk that remembers what is on the device; `lies` names what it says to have done."""

    def __init__(self, folder: Path, *, lies: str = "") -> None:
        self.folder, self.lies = folder, lies
        self.inodes: dict[int, Inode] = {}
        self.names: dict[str, int] = {}
        """Names that are on the device."""
        self._lock = threading.Lock()

    def create(self, path: Path) -> int:
        fd = super().create(path)
        with self._lock:
            self.inodes[os.fstat(fd).st_ino] = Inode()
        return fd

    def write(self, fd: int, data: bytes) -> int:
        with self._lock:
            inode = self.inodes[os.fstat(fd).st_ino]
            header, _ = read_header(data[:HEADER_BYTES])
            if header.sort is Sort.BARRIER:
                inode.promised = json.loads(data[HEADER_BYTES:])["synced"]
            inode.data += data
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        with self._lock:
            inode = self.inodes[os.fstat(fd).st_ino]
            if self.lies != "sync":
                inode.synced = len(inode.data)

    def sync_folder(self, folder: Path) -> None:
        with self._lock:
            if self.lies != "sync_folder":
                self.names = {path.name: path.stat().st_ino for path in folder.iterdir()}

    def publish(self, opened: Path, closed: Path) -> None:
        inode = self.inodes[opened.stat().st_ino]
        super().publish(opened, closed)
        inode.promised = len(inode.data)

    def fail(self, place: Path, rng: random.Random) -> dict[str, Inode]:
        """Make in a folder what is there after power failed now; return it by name."""
        now = {path.name: path.stat().st_ino for path in self.folder.iterdir()}
        left = {name: ino for name, ino in self.names.items() if name in now or rng.random() < 0.5}
        left |= {name: ino for name, ino in now.items() if rng.random() < 0.5}
        kept = {name: ino for name, ino in left.items() if name.endswith((".open", ".seg"))}
        place.mkdir()
        for name, ino in kept.items():
            (place / name).write_bytes(self.inodes[ino].left(rng))
        return {name: self.inodes[ino] for name, ino in kept.items()}


class QuickDisk(Disk):
    """A disk of which nobody asks whether it is durable."""

    def sync(self, fd: int) -> None:
        """Wait for nothing."""

    def sync_folder(self, folder: Path) -> None:
        """Wait for nothing."""


def ends(data: bytes) -> list[tuple[int, int]]:
    """Return where blocks of records end, and with which number."""
    found, at = [], 0
    while at < len(data):
        header, _ = read_header(data[at : at + HEADER_BYTES])
        at += HEADER_BYTES + header.length
        if header.sort is Sort.RECORDS:
            found.append((at, header.last_seq))
    return found


def judge(disk: LosingDisk, place: Path, rng: random.Random) -> int:
    """Fail, and read: each file gives a prefix of what was written, and all that was promised."""
    promised = {
        seq
        for inode in disk.inodes.values()
        for end, seq in ends(bytes(inode.data))
        if end <= inode.promised
    }
    disk.fail(place, rng)
    reader = Reader(place)
    records = list(reader)
    assert [r.payload for r in records] == [b"%06d" % r.seq * 40 for r in records]
    assert max(promised, default=0) <= max((r.seq for r in records), default=0), "a promise broken"
    assert promised <= {r.seq for r in records}, "a promise broken"
    torn = [one for one in reader.damage if one.sort != "missing"]
    assert all(one.sort == "torn" for one in torn), "a lost write is called corrupt"
    for path in place.glob("*.open"):
        seal(path, QuickDisk())
    assert not list(place.glob("*.bad"))
    assert {r.seq for r in Reader(place)} >= promised
    return len(torn)


def play(folder: Path, *, lies: str = "", losses: int = LOSSES, seed: int = 1) -> tuple[int, int]:
    """Record, and let power fail again and again at any step; return losses and torn files."""
    rng = random.Random(seed)
    failed = torn = 0
    while failed < losses:
        place = folder / str(failed)
        place.mkdir()
        disk, clock = LosingDisk(place, lies=lies), ManualClock(10**18 + rng.randrange(10**9))
        writer = Writer(place, clock, disk=disk, segment_bytes=12_000)
        for number in range(1, 61):
            clock.advance(rng.choice((0.01, 0.1)))
            writer.append(1, clock.ns, b"%06d" % number * 40)
            if rng.random() < 0.4:
                assert writer.flush()
            if rng.random() < 0.15:
                writer.sync()
            if rng.random() < 0.2 and failed < losses:
                torn += judge(disk, folder / f"{failed}-left", rng)
                failed += 1
        writer.close()
    return failed, torn


def test_only_what_no_barrier_names_can_be_lost(tmp_path):
    failed, torn = play(tmp_path)
    assert failed >= LOSSES
    assert torn > LOSSES // 5, "hardly anything was lost"
    print(f"{failed} losses of power, {torn} torn files: nothing that was promised is missing")


@pytest.mark.parametrize("lies", ["sync", "sync_folder"])
def test_a_disk_that_lies_is_found(tmp_path, lies):
    """Planted: what was synced is not on the device, or its name is not."""
    with pytest.raises(AssertionError, match="a promise broken"):
        play(tmp_path, lies=lies, losses=60)
