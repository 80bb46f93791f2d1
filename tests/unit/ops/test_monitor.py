"""Monitor tests — each condition is made true, is found, and is gone when it is mended."""

import os
from pathlib import Path

import pytest

from botmm.clock import ManualClock
from botmm.data.capture.writer import Writer
from botmm.observe.notifier import Severity
from botmm.ops.monitor import HOUR_NS, Finding, Limits, look
from botmm.ops.told import Told

NOW = 1_790_000_000_000_000_000
EASY = Limits(free_percent=0.0, inodes_percent=0.0, memory_mb=0.0)
MEMINFO = "MemTotal: 981 kB\nMemAvailable:   100000 kB\n"


def record(folder: Path, *, age_s: float = 0.0, gaps: int = 0) -> None:
    """Leave a recorder's folder behind, with so many gaps and a last record of such age."""
    for number in range(gaps + 1):  # each start but the first leaves a gap
        clock = ManualClock(NOW - round(age_s * 1e9) - gaps + number)
        writer = Writer(folder, clock)
        writer.append(1, clock.ns, b"{}")
        writer.close()
    for path in folder.iterdir():
        os.utime(path, ns=(clock.ns, clock.ns))


def wrong(folder: Path, limits: Limits = EASY, *, api: str = "", memory: str = MEMINFO) -> set[str]:
    """Return the names of the conditions that are true."""
    meminfo = folder.parent / "meminfo"
    meminfo.write_text(memory)
    return {one.name for one in look(folder, limits, NOW, lambda: api, meminfo) if one.words}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which a recorder is at work."""
    record(tmp_path / "capture")
    return tmp_path / "capture"


def test_a_sound_server_has_nothing_to_tell(folder: Path) -> None:
    assert wrong(folder) == set()


def test_too_little_room_is_found(folder: Path) -> None:
    assert wrong(folder, Limits(free_percent=100.1, memory_mb=0.0)) == {"disk"}
    full = Limits(free_percent=0.0, inodes_percent=100.1, memory_mb=0.0)
    assert wrong(folder, full) == {"disk"} or os.statvfs(folder).f_files == 0


@pytest.mark.parametrize(
    ("age_s", "found"), [(119, set()), (121, {"freshness"}), (9e3, {"freshness"})]
)
def test_an_old_last_record_is_found(tmp_path: Path, age_s: float, found: set[str]) -> None:
    record(tmp_path / "capture", age_s=age_s)
    assert wrong(tmp_path / "capture") == found


def test_a_recorder_that_writes_no_records_is_not_fresh(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    Writer(tmp_path / "capture", clock).close()  # only a footer, written this moment
    assert wrong(tmp_path / "capture") == {"freshness"}


def test_a_folder_that_is_not_there_is_not_fresh(tmp_path: Path) -> None:
    assert wrong(tmp_path / "capture") == {"freshness"}


def test_a_torn_end_hides_nothing_before_it(folder: Path) -> None:
    torn = next(folder.iterdir()).with_suffix(".open")
    torn.write_bytes(next(folder.glob("*.seg")).read_bytes() + bytes(4096))
    next(folder.glob("*.seg")).unlink()
    os.utime(torn, ns=(NOW, NOW))
    assert wrong(folder) == set()


@pytest.mark.parametrize(("gaps", "found"), [(6, set()), (7, {"gaps"})])
def test_too_many_gaps_are_found(tmp_path: Path, gaps: int, found: set[str]) -> None:
    record(tmp_path / "capture", gaps=gaps)
    assert wrong(tmp_path / "capture") == found


def test_gaps_of_earlier_hours_do_not_count(tmp_path: Path) -> None:
    record(tmp_path / "capture", gaps=9, age_s=3601)
    assert wrong(tmp_path / "capture") == {"freshness"}


def test_little_memory_and_a_silent_venue_are_found(folder: Path) -> None:
    tight = Limits(free_percent=0.0, inodes_percent=0.0, memory_mb=102.5)
    assert wrong(folder, tight) == {"memory"}
    assert wrong(folder, memory="MemTotal: 1 kB\n") == {"memory"}
    assert wrong(folder, api="no answer") == {"api"}


def test_a_condition_is_told_when_it_begins_each_hour_and_when_it_ends(tmp_path: Path) -> None:
    bad, good = Finding("disk", Severity.P2, "full"), Finding("disk", Severity.P2, "")
    heard = []
    for minutes, one in (
        (0, bad),
        (5, bad),
        (59, bad),
        (60, bad),
        (65, bad),
        (70, good),
        (75, good),
    ):
        now = NOW + minutes * HOUR_NS // 60
        told = Told.read(tmp_path / "monitor.json")
        news = told.news([one], now)
        told.keep([one], news, now)
        heard += [(minutes, n.words) for n in news]
    assert heard == [(0, "full"), (60, "full"), (70, "disk is in order again")]


def test_a_damaged_memory_or_a_clock_set_back_tells_again(tmp_path: Path) -> None:
    bad = Finding("disk", Severity.P2, "full")
    for text in ("", "[]", "{", '{"disk": "x"}'):
        (tmp_path / "monitor.json").write_text(text)
        assert Told.read(tmp_path / "monitor.json").news([bad], NOW) == [bad]
    assert Told(tmp_path, {"disk": NOW + 1}).news([bad], NOW) == [bad]
