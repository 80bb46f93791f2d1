"""Tests of the upkeep — what a warm start reads stays, and a full disk is told of."""

from __future__ import annotations

import os
from pathlib import Path

from botmm.clock import ManualClock
from botmm.live.upkeep import DAY_NS, GB, Upkeep, disk_words

NOW = 1_767_225_600 * 10**9


def test_only_finished_segments_that_are_too_old_go_once_a_day(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()

    def write(name: str, days: float) -> None:
        (journal / name).touch()
        os.utime(journal / name, ns=(NOW, NOW - round(days * DAY_NS)))

    for name, days in (("a.seg", 15), ("b.seg", 13.9), ("c.open", 99), ("d.seg", 0.1)):
        write(name, days)
    clock, forgotten = ManualClock(NOW), list[int]()

    def upkeep(days: int) -> Upkeep:
        return Upkeep(
            tmp_path, clock, lambda key, words: None, forgotten.append, keep_days=days, floor=0
        )

    upkeep(0).look()
    assert len(list(journal.iterdir())) == 4, "0 keeps all"
    kept = upkeep(14)
    kept.look()
    assert sorted(path.name for path in journal.iterdir()) == ["b.seg", "c.open", "d.seg"]
    assert forgotten == [NOW - 14 * DAY_NS]
    write("e.seg", 20)
    kept.look()
    assert (journal / "e.seg").exists(), "once a day"
    clock.advance(86_400)
    kept.look()
    assert sorted(path.name for path in journal.iterdir()) == ["c.open", "d.seg"]


def test_a_disk_is_told_of_at_a_fifth_or_below_the_floor() -> None:
    assert disk_words(20 * GB, 100 * GB, floor=5 * GB) == ""
    assert "19.9 GB free, 20 %" in disk_words(GB * 199 // 10, 100 * GB, floor=5 * GB)
    assert "4.9 GB free" in disk_words(GB * 49 // 10, 10 * GB, floor=5 * GB)


def test_the_alarm_reaches_a_person(tmp_path: Path) -> None:
    told: list[str] = []
    Upkeep(
        tmp_path,
        ManualClock(NOW),
        lambda key, words: told.append(key),
        lambda before: None,
        keep_days=14,
        floor=10**18,
    ).look()
    assert told == ["disk"]
