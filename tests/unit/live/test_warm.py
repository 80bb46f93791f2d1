"""Tests of warm starts — the first source that knows enough, and its name."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from botmm.clock import ManualClock
from botmm.config import load
from botmm.data.capture.writer import Writer
from botmm.live.desk_spec import Known, desk_spec
from botmm.live.engine import Engine, Kind
from botmm.live.warm import SIGNALS, Start, begin, waits
from botmm.ports import Minute
from tests.fakes.fake_venue import book
from tests.unit.live.test_desk_spec import RATES, Coin

T0 = 1_767_225_600 * 10**9
MINUTE = 60 * 10**9


class Candles:
    """A venue that has candles, or none."""

    def __init__(self, count: int = 0) -> None:
        self.count = count

    def is_own(self, frame: bytes) -> bool:
        return b"userFills" in frame

    async def minutes(self, symbol: int, count: int) -> list[Minute]:
        ends = T0 // 1_000_000
        return [
            (ends - (self.count - i) * 60_000, 50_000.0 + i % 7, 50_010.0, 49_990.0, 50_000.0, 1.0)
            for i in range(self.count)
        ]


def spec(known: Known) -> str:
    settings = load((), (), environ={}).settings
    return desk_spec(settings, [Coin()], tag=7, now=T0, rates=RATES, overlay={}, known=known)


START = Start(now=T0, names=["BTC"], cold=lambda: spec(Known()))


def write(folder: Path, minutes: Sequence[float]) -> None:
    """Write a journal with a book at so many minutes before the start."""
    with closing(Writer(folder, ManualClock(T0))) as journal:
        for ago in minutes:
            at = T0 - round(ago * MINUTE)
            mid = 50_000 + round(ago * 17) % 23
            journal.append(Kind.FRAME, at, book("BTC", mid, at // 1_000_000))
            journal.append(Kind.FRAME, at, b'{"channel":"userFills","data":"never read"}')


def known(folder: Path, venue: Candles) -> Known:
    return asyncio.run(begin(START, venue, folder / SIGNALS, folder / "journal"))


def test_the_own_journal_warms_every_signal(tmp_path: Path) -> None:
    write(tmp_path / "journal", [80 - i / 6 for i in range(80 * 6)])
    found = known(tmp_path, Candles(100))
    assert found.source == "own journal"
    assert not waits(Engine(spec(found)), T0)
    assert waits(Engine(spec(Known())), T0)
    assert found == known(tmp_path, Candles()), "the same journal gives the same signals"


@pytest.mark.parametrize(
    ("minutes", "why"),
    [
        ([20 - i / 6 for i in range(120)], "too short"),
        ([120 - i / 6 for i in range(80 * 6)], "ended too long ago"),
        ([*(95 - i / 6 for i in range(70 * 6)), 5.0], "silent for too long in between"),
    ],
)
def test_a_journal_that_knows_too_little_leaves_it_to_candles(
    tmp_path: Path, minutes: list[float], why: str
) -> None:
    write(tmp_path / "journal", minutes)
    assert known(tmp_path, Candles(100)).source == "candles", why
    assert known(tmp_path, Candles()).source == "nothing", why


def test_saved_signals_go_first_while_they_are_fresh(tmp_path: Path) -> None:
    write(tmp_path / "journal", [80 - i / 6 for i in range(80 * 6)])
    signals = known(tmp_path, Candles()).signals
    assert signals is not None
    saved = tmp_path / SIGNALS
    saved.write_bytes(signals)
    os.utime(saved, ns=(T0, T0 - MINUTE))
    found = known(tmp_path, Candles())
    assert (found.source, found.signals) == ("saved signals", signals)
    assert json.loads(spec(found))["signals"] == signals.hex()
    os.utime(saved, ns=(T0, T0 - 11 * MINUTE))
    assert known(tmp_path, Candles()).source == "own journal"
