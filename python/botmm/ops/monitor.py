"""Monitor — what a person should hear of a recording server: disk, freshness, API, memory, gaps."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from botmm.data.capture.blocks import HEADER_BYTES, BlockError, Sort, read_header
from botmm.observe.notifier import Severity

HOUR_NS = 3_600_000_000_000
SEGMENTS = (".seg", ".open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Beyond what something is told."""

    free_percent: float = 20.0
    inodes_percent: float = 10.0
    age_s: float = 120.0
    memory_mb: float = 80.0
    gaps_an_hour: int = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `words` say what is wrong, an empty text that nothing is."""

    name: str
    severity: Severity
    words: str


@dataclass(slots=True)
class Recorded:
    """What the blocks of the last hour say: when the last record came, and how many gaps there are."""

    last_ns: int = 0
    gaps: int = 0


def look(
    folder: Path, limits: Limits, now_ns: int, probe: Callable[[], str], meminfo: Path
) -> list[Finding]:
    """Return one finding for each condition.

    Args:
        folder: the recorder's.
        limits: beyond what something is told.
        now_ns: Unix nanoseconds.
        probe: asks the venue and returns what is wrong with the answer.
        meminfo: the kernel's account of memory.
    """
    found = recorded(folder, now_ns)
    return [
        Finding("disk", Severity.P2, disk(folder, limits)),
        Finding("freshness", Severity.P1, freshness(folder, found, limits, now_ns)),
        Finding("api", Severity.P2, probe()),
        Finding("memory", Severity.P2, memory(meminfo, limits)),
        Finding("gaps", Severity.P2, gaps(found, limits)),
    ]


def disk(folder: Path, limits: Limits) -> str:
    """Return what is wrong with the room on the folder's disk."""
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    found = os.statvfs(place)
    # What only root may use does not help the recorder.
    free = 100.0 * found.f_bavail / max(1, found.f_blocks)
    if free < limits.free_percent:
        left = found.f_bavail * found.f_frsize / 1e9
        return f"{free:.1f} % of the disk of {folder} is free ({left:.2f} GB)"
    inodes = 100.0 * found.f_favail / found.f_files if found.f_files else 100.0
    if inodes < limits.inodes_percent:
        return f"{inodes:.1f} % of the inodes of the disk of {folder} are free"
    return ""


def freshness(folder: Path, found: Recorded, limits: Limits, now_ns: int) -> str:
    """Return what is wrong with the age of the last record."""
    if not found.last_ns:
        return f"nothing was recorded in {folder} in the last hour"
    age = (now_ns - found.last_ns) / 1e9
    return f"the last record in {folder} is {age:.0f} s old" if age > limits.age_s else ""


def gaps(found: Recorded, limits: Limits) -> str:
    """Return what is wrong with the number of gaps."""
    if found.gaps <= limits.gaps_an_hour:
        return ""
    return f"{found.gaps} gaps in the last hour"


def memory(meminfo: Path, limits: Limits) -> str:
    """Return what is wrong with the memory that programs can still get."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo.read_text(), re.MULTILINE)
    if match is None:
        return f"{meminfo} does not say how much memory is available"
    left = int(match[1]) * 1024 / 1e6
    return f"{left:.0f} MB of memory are available" if left < limits.memory_mb else ""


def recorded(folder: Path, now_ns: int) -> Recorded:
    """Return what the segments of the last hour hold, from the heads of their blocks."""
    found, since = Recorded(), now_ns - HOUR_NS
    for path in _touched(folder, since):
        for sort, wall_ns in _heads(path):
            if sort is Sort.RECORDS:
                found.last_ns = max(found.last_ns, wall_ns)
            elif sort is Sort.GAP and wall_ns >= since:
                found.gaps += 1
    return found


def _touched(folder: Path, since_ns: int) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.suffix in SEGMENTS and path.stat().st_mtime_ns >= since_ns:
                found.append(path)
        except FileNotFoundError:
            continue  # closed, uploaded or expired meanwhile
    return found


def _heads(path: Path) -> Iterable[tuple[Sort, int]]:
    """Yield sort and time of each block up to the first that is not whole."""
    try:
        with path.open("rb") as file:
            while len(head := file.read(HEADER_BYTES)) == HEADER_BYTES:
                header, _ = read_header(head)
                yield header.sort, header.wall_ns
                file.seek(header.length, os.SEEK_CUR)
    except (BlockError, FileNotFoundError):
        return
