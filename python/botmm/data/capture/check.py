"""Check — everything in a folder of segments read once: sums, gaps, and every second accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botmm.data.capture.blocks import Gap
from botmm.data.capture.reader import Reader, segments
from botmm.data.capture.walk import Damage
from botmm.units import SECOND_NS

SPAN_MAX_S = 10 * 366 * 86_400
"""Clocks further apart than ten years are wrong, and their seconds are not counted."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What a folder holds; seconds are whole ones of the wall clock between first and last."""

    segments: int
    size: int
    records: int = 0
    first_ns: int = 0
    last_ns: int = 0
    gaps: list[Gap] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    set_apart: list[str] = field(default_factory=list)
    seconds: int = 0
    heard: int = 0
    in_gaps: int = 0
    unexplained: list[tuple[int, int]] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is corrupt or missing; a torn end is what a kill leaves."""
        return not self.set_apart and all(one.sort == "torn" for one in self.damage)


def check(folder: Path) -> Report:
    """Read a folder."""
    found = segments(folder)
    report = Report(
        segments=len(found),
        size=sum(path.stat().st_size for path in found if path.exists()),
        set_apart=sorted(path.name for path in folder.glob("*.bad")),
    )
    reader, heard = Reader(folder), set[int]()
    for record in reader:
        report.records += 1
        heard.add(record.recv_ns // SECOND_NS)
        report.first_ns = min(report.first_ns or record.recv_ns, record.recv_ns)
        report.last_ns = max(report.last_ns, record.recv_ns)
    report.gaps, report.damage = reader.gaps, reader.damage
    if heard and max(heard) - min(heard) <= SPAN_MAX_S:
        _account(report, heard)
    return report


def _account(report: Report, heard: Iterable[int]) -> None:
    """Count the seconds that have a record, that lie in a gap, and those that have neither."""
    first, last = report.first_ns // SECOND_NS, report.last_ns // SECOND_NS
    data = np.zeros(last - first + 1, np.bool_)
    data[np.fromiter(heard, np.int64) - first] = True
    gap = np.zeros_like(data)
    for one in report.gaps:
        if one.since_ns:
            low, high = (max(ns // SECOND_NS - first, 0) for ns in (one.since_ns, one.wall_ns))
            gap[low : high + 1] = True
    report.seconds, report.heard = len(data), int(data.sum())
    report.in_gaps = int((gap & ~data).sum())
    report.unexplained = [
        ((first + start) * SECOND_NS, (first + end) * SECOND_NS)
        for start, end in _runs(~(gap | data))
    ]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where flags are set, as starts and ends."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
