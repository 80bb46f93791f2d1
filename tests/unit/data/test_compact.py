"""Compact tests — segments to tapes: each day once, each frame once, each gap told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from botmm.cli import run
from botmm.clock import ManualClock
from botmm.data.capture import Writer
from botmm.data.capture.kinds import Kind
from botmm.data.catalogue import read_tape, tape_path
from botmm.data.compact import compact, held, seal_left
from botmm.data.ingest import Outcome
from botmm.units import day_of
from tests.fakes.recordings import DAY, START, S, book, minute, recording


class Silent:
    def update(self, fraction: float, count: int) -> None:
        assert 0.0 <= fraction <= 1.0


def made(store: Path, *, force: bool = False) -> Outcome:
    outcome = compact(store / "capture" / "hyperliquid", store, Silent(), force=force)
    assert outcome.failed == []
    return outcome


def test_a_segment_becomes_a_tape(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START))
    (tape,) = made(tmp_path).written
    assert (tape.venue, tape.symbol, tape.day) == ("hyperliquid", "BTC", day_of(START))
    assert tape.rows > 360
    assert tape.gaps == ()
    (path,) = folder.glob("*.seg")
    assert held(path).records == 360


def test_what_has_all_its_segments_is_left_alone(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START))
    made(tmp_path)
    path = tape_path(tmp_path, "hyperliquid", "BTC", day_of(START))
    before = path.stat().st_mtime_ns
    again = made(tmp_path)
    assert again.written == []
    assert "holds all of 1 segment" in again.kept[0]
    assert path.stat().st_mtime_ns == before
    assert len(made(tmp_path, force=True).written) == 1


def test_a_tape_grows_with_the_day_and_other_days_stay(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START - DAY))
    recording(folder, minute(START))
    assert len(made(tmp_path).written) == 2
    recording(folder, minute(START + 60 * S))
    (tape,) = made(tmp_path).written
    assert tape.day == day_of(START)
    assert [end - start for start, end in tape.gaps] == [S // 4]  # between the two runs
    sources = json.loads(read_tape(tape.path).meta["sources"])
    assert len(sources) == 2
    assert tape.day - day_of(START - DAY) == timedelta(days=1)


def test_a_tape_is_never_made_from_fewer_segments(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START))
    made(tmp_path)
    (old,) = folder.glob("*.seg")
    old.unlink()
    recording(folder, minute(START + 60 * S))
    outcome = compact(folder, tmp_path, Silent())
    assert outcome.written == []
    assert "made from other files" in outcome.failed[0].message


def test_two_connections_give_each_frame_once(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    frames = minute(START)
    recording(one / "capture" / "hyperliquid", frames)
    late = [(at + 30_000_000, frame, 2, kind) for at, frame, _, kind in frames]
    recording(two / "capture" / "hyperliquid", [*frames, *late])
    (single,), (double,) = made(one).written, made(two).written
    assert double.rows == single.rows
    assert double.quality["heard_twice"] == 240
    assert double.quality["repeated_trades"] == 120


def test_what_one_connection_missed_comes_from_the_other(tmp_path):
    frames = minute(START)
    first = [one for one in frames if not START + 20 * S < one[0] < START + 40 * S]
    second = [(at + 30_000_000, frame, 2, kind) for at, frame, _, kind in frames]
    one, two = tmp_path / "one", tmp_path / "two"
    recording(one / "capture" / "hyperliquid", frames)
    recording(two / "capture" / "hyperliquid", [*first, *second])
    (whole,), (union,) = made(one).written, made(two).written
    assert union.rows == whole.rows
    assert union.gaps == ()


def test_a_gap_that_the_recorder_told_stands_in_the_tape(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    clock = recording(folder, minute(START))
    clock.ns = START + 65 * S
    about = {"what": "recording", "venue": "hyperliquid", "symbols": ["BTC"]}
    writer = Writer(folder, clock, about=about)
    writer.gap("polled", (START + 70 * S, 0), what="polled")
    for at, frame, line, kind in minute(START + 66 * S):
        clock.ns = at
        writer.append(kind, at, frame, conn=line)
    writer.close()
    (tape,) = made(tmp_path).written
    ((start, end),) = tape.gaps
    assert end == START + 65 * S
    assert start == START + 59 * S + 850_000_000


def test_what_was_missed_before_the_first_and_after_the_last_frame_is_no_gap(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    about = {"what": "recording", "venue": "hyperliquid", "symbols": ["BTC"]}
    clock = ManualClock(START)
    writer = Writer(folder, clock, about=about)
    writer.gap("start", (START - 600 * S, 0), what="quick")
    for at, frame, line, kind in minute(START):
        clock.ns = at
        writer.append(kind, at, frame, conn=line)
    since = clock.ns
    clock.advance(600)
    writer.gap("reset", (since, 0), what="quick")
    writer.close()
    (tape,) = made(tmp_path).written
    assert tape.gaps == ()


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_a_wall_clock_that_was_set_while_recording_tears_nothing(tmp_path, step_s):
    folder = tmp_path / "capture" / "hyperliquid"
    about = {"what": "recording", "venue": "hyperliquid", "symbols": ["BTC"]}
    frames = minute(START)
    clock = ManualClock(START)
    writer = Writer(folder, clock, about=about)
    for at, frame, line, kind in frames:
        clock.ns = at
        step = step_s * S if at > START + 30 * S else 0
        writer.append(kind, at + step, frame, conn=line)
    writer.close()
    (tape,) = made(tmp_path).written
    assert tape.gaps == ()
    assert tape.quality["clock_stepped"] == 180
    other = tmp_path / "other"
    recording(other / "capture" / "hyperliquid", frames)
    assert made(other).written[0].rows == tape.rows


def test_books_that_were_asked_for_are_books_of_twenty_levels(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    asked = [
        (
            START + n * S,
            b'{"type":"l2Book","coin":"BTC"}\n' + json.dumps(json.loads(body)["data"]).encode(),
            1,
            Kind.ANSWER,
        )
        for n in range(60)
        for body in [book(START + n * S, fast=False)]
    ]
    recording(folder, asked)
    (tape,) = made(tmp_path).written
    assert (tape.tier, tape.rows) == ("D", read_tape(tape.path).rows)
    assert tape.rows >= 40


def test_what_a_killed_recorder_left_is_sealed_and_used(tmp_path, capsys):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START), closed=False)
    (path,) = folder.glob("*.open")
    path.write_bytes(path.read_bytes()[:-1_000])
    assert [one.sort for one in seal_left(folder)] == ["torn"]
    assert run(["data", "compact", "--store", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["written"]) == 1


def test_a_corrupt_segment_is_told_and_set_apart(tmp_path, capsys):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START), closed=False)
    (path,) = folder.glob("*.open")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert run(["data", "compact", "--store", str(tmp_path)]) == 0
    assert "corrupt" in capsys.readouterr().err
    assert run(["data", "verify", "--store", str(tmp_path)]) == 3
    assert "set apart as corrupt" in capsys.readouterr().out


def test_a_closed_segment_that_rotted_is_told_and_the_rest_is_used(tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    recording(folder, minute(START))
    recording(folder, minute(START + 60 * S))
    path = min(folder.glob("*.seg"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    outcome = compact(folder, tmp_path, Silent())
    (tape,) = outcome.written
    assert len(json.loads(read_tape(tape.path).meta["sources"])) == 1
    (error,) = outcome.failed
    assert "corrupt at byte" in error.message
    assert path.with_suffix(".bad").read_bytes() == data
    again = compact(folder, tmp_path, Silent())
    assert (again.written, again.failed) == ([], [])


@pytest.mark.parametrize("command", ["compact", "verify", "watch"])
def test_nothing_recorded_says_what_to_do(tmp_path, capsys, command):
    assert run(["data", command, "--store", str(tmp_path)]) == 3
    assert "botmm record" in capsys.readouterr().err
