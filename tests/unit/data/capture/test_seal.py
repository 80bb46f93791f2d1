"""Sealing tests — packed anew, the same records, gaps and chain; nothing torn or corrupt is hidden."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botmm.clock import ManualClock
from botmm.data.capture import Disk, Reader, Record, Writer
from botmm.data.capture.blocks import BlockError, pack_records, unpack_records
from botmm.data.capture.check import check
from botmm.data.capture.seal import seal

S = 10**9
START = 1_790_000_000 * S
I62 = st.integers(-(2**61), 2**61)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.builds(
            Record,
            st.integers(0, 2**62), I62, I62, st.integers(0, 255), st.integers(0, 255),
            st.binary(max_size=50),
        ),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_any_records_come_back_from_a_block(rows):
    assert list(unpack_records(pack_records(rows))) == rows


def test_a_body_of_other_lengths_is_refused():
    import zstandard

    body = zstandard.ZstdDecompressor().decompress(pack_records([Record(1, 2, 3, 4, 5, b"abc")]))
    for wrong in (body[:-1], body + b"x", body[:3], b"", b"\xff" * 40):
        with pytest.raises(BlockError):
            list(unpack_records(zstandard.ZstdCompressor().compress(wrong)))


def bombs() -> dict[str, bytes]:
    """Return bodies of some kilobytes that unpack to 256 MiB: one says so, one is silent, one lies."""
    import zstandard

    packer = zstandard.ZstdCompressor().compressobj(size=256 << 20)
    part = bytes(1 << 20)
    honest = b"".join([*(packer.compress(part) for _ in range(256)), packer.flush()])
    size = struct.pack("<I", 256 << 20)
    at = honest.index(size)
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    silent = b"".join([*(packer.compress(part) for _ in range(256)), packer.flush()])
    lies = honest[:at] + struct.pack("<I", 1000) + honest[at + 4 :]
    return {"honest": honest, "silent": silent, "lies": lies}


def test_a_bomb_is_refused_before_it_fills_the_memory():
    for name, body in bombs().items():
        assert len(body) < 64 << 10
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(BlockError, match="unpack"):
            list(unpack_records(body))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 100 << 10, f"{name}: {grown} kB"


def recorded(folder: Path, *, seconds: int = 40, close: bool = True) -> Writer:
    """Write some segments, each open with its footer until it is sealed."""
    clock = ManualClock(START)
    writer = Writer(folder, clock, segment_bytes=3_000, about={"what": "recording"})
    for index in range(seconds):
        clock.advance(1)
        writer.append(1, clock.ns, b"%d" % index * 40)
        if index == 20:
            writer.gap("reset", (START, START), what="quick")
        assert writer.flush()
        if index % 5 == 0:
            assert writer.sync()
    if close:
        writer.close()
    return writer


def unsealed(folder: Path) -> list[Path]:
    """Rename closed segments to open ones, as they are before they are sealed."""
    return [path.rename(path.with_suffix(".open")) for path in sorted(folder.glob("*.seg"))]


def test_sealed_segments_hold_the_same(tmp_path):
    recorded(tmp_path)
    reader = Reader(tmp_path)
    before, gaps = list(reader), list(reader.gaps)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    paths = unsealed(tmp_path)
    assert len(paths) > 2
    for path in paths:
        assert seal(path, Disk()) is None
        after = Reader(tmp_path)
        assert list(after) == before
        assert (after.gaps, after.damage) == (gaps, [])
    assert [path.suffix for path in tmp_path.iterdir()] == [".seg"] * len(paths)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < size / 2


def test_the_chain_over_a_sealed_segment_is_checked(tmp_path):
    recorded(tmp_path)
    paths = unsealed(tmp_path)
    for path in paths:
        seal(path, Disk())
    sealed = sorted(tmp_path.glob("*.seg"))
    sealed[1].unlink()
    reader = Reader(tmp_path)
    list(reader)
    assert [one.sort for one in reader.damage] == ["missing"]


def test_a_torn_segment_is_sealed_to_its_exact_prefix(tmp_path):
    recorded(tmp_path, seconds=12)
    (path, *_) = unsealed(tmp_path)
    data, whole = path.read_bytes(), list(Reader(tmp_path))
    for cut in range(0, len(data), 97):
        path.write_bytes(data[:cut])
        prefix = list(Reader(tmp_path))[: len(whole)]
        kept = [one for one in prefix if one.seq <= 12]
        damage = seal(path, Disk())
        after = Reader(tmp_path)
        assert list(after) == kept
        assert after.damage == []
        if damage is not None:
            assert damage.sort == "torn"
        for sealed in tmp_path.glob("*.seg"):
            if sealed.stem == path.stem:
                sealed.unlink()
    assert len(whole) == 12


def test_a_corrupt_segment_is_set_apart_whole(tmp_path):
    recorded(tmp_path, seconds=12)
    (path, *_) = unsealed(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    damage = seal(path, Disk())
    assert damage is not None
    assert damage.sort == "corrupt"
    assert path.with_suffix(".bad").read_bytes() == data
    assert not check(tmp_path).sound


def test_a_crash_between_seal_and_removal_doubles_nothing(tmp_path):
    recorded(tmp_path, seconds=12)
    before = list(Reader(tmp_path))
    (path, *_) = unsealed(tmp_path)
    data = path.read_bytes()
    seal(path, Disk())
    path.write_bytes(data)
    assert list(Reader(tmp_path)) == before


class FullDisk(Disk):
    """A disk on which nothing new has room."""

    def write(self, fd: int, data: bytes) -> int:
        raise OSError(28, "full")


def test_a_seal_that_finds_no_room_leaves_the_segment(tmp_path):
    recorded(tmp_path, seconds=12)
    before = list(Reader(tmp_path))
    paths = unsealed(tmp_path)
    with pytest.raises(OSError, match="full"):
        seal(paths[0], FullDisk())
    assert list(Reader(tmp_path)) == before
    assert sorted(tmp_path.iterdir()) == paths


def test_every_second_is_heard_or_in_a_gap(tmp_path):
    clock = ManualClock(START)
    writer = Writer(tmp_path, clock)
    for second in range(100):
        if second == 60:
            writer.gap("reset", (START + 40 * S, START + 40 * S))
        if not 40 < second < 60 and second != 80:
            writer.append(1, clock.ns, b"x")
        clock.advance(1)
    writer.close()
    report = check(tmp_path)
    assert (report.seconds, report.heard, report.in_gaps) == (100, 80, 19)
    assert report.unexplained == [(START + 80 * S, START + 81 * S)]
    assert report.sound


def test_a_run_after_a_kill_says_since_when(tmp_path):
    recorded(tmp_path, seconds=3)
    clock = ManualClock(START + 1000 * S)
    Writer(tmp_path, clock).close()
    reader = Reader(tmp_path)
    list(reader)
    gap = reader.gaps[-1]
    assert (gap.cause, gap.since_ns, gap.wall_ns) == ("start", START + 3 * S, START + 1000 * S)


def test_full_segments_are_sealed_beside_the_writing(tmp_path):
    clock = ManualClock(START)
    first = Writer(tmp_path, clock, segment_bytes=500, sealed=True)
    for index in range(30):
        clock.advance(1)
        first.append(1, clock.ns, b"%d" % index * 40)
        assert first.flush()
    first.close()
    clock.advance(1)
    second = Writer(tmp_path, clock, sealed=True)  # seals what the first had no time for
    second.append(1, clock.ns, b"last")
    while list(tmp_path.glob("*-*.open"))[1:]:
        second.flush()
    second.close()
    reader = Reader(tmp_path)
    assert [r.payload for r in reader] == [*(b"%d" % i * 40 for i in range(30)), b"last"]
    assert reader.damage == []
    assert {path.suffix for path in tmp_path.iterdir()} == {".seg"}


def test_a_segment_deleted_by_hand_is_seen_and_told(tmp_path):
    clock = ManualClock(START)
    writer = Writer(tmp_path, clock)
    for index in range(3):
        writer.append(1, clock.ns, b"%d" % index)
    assert writer.flush()
    (path,) = tmp_path.glob("*.open")
    path.unlink()
    clock.advance(1)
    assert not writer.sync()
    assert "deleted by hand" in writer.failure
    writer.append(1, clock.ns, b"after")
    assert writer.flush()
    writer.close()
    reader = Reader(tmp_path)
    assert [one.payload for one in reader] == [b"after"]
    (gap,) = reader.gaps
    assert (gap.last_seq, gap.next_seq, gap.since_ns, gap.wall_ns) == (0, 4, START, START + S)


class SometimesFull(Disk):
    """A disk that has no room while it is told so."""

    full = False

    def write(self, fd: int, data: bytes) -> int:
        if self.full:
            raise OSError(28, "full")
        return super().write(fd, data)


def test_a_gap_over_many_failures_begins_with_the_first(tmp_path):
    clock, disk = ManualClock(START), SometimesFull()
    writer = Writer(tmp_path, clock, disk=disk, about={"what": "recording"})
    writer.append(1, clock.ns, b"before")
    assert writer.flush()
    disk.full = True
    for _ in range(5):
        clock.advance(10)
        writer.append(1, clock.ns, b"while")
        assert not writer.flush()
    disk.full = False
    clock.advance(10)
    assert writer.flush()
    writer.close()
    report = check(tmp_path)
    (gap,) = report.gaps
    assert (gap.cause, gap.since_ns) == ("write: ENOSPC", START)
    assert (report.records, report.sound) == (6, True)
    assert report.unexplained == []
