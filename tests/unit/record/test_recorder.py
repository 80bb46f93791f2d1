"""Recorder tests — what was heard is kept, what was not is a gap with its cause, and depth goes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from botmm.clock import ManualClock
from botmm.data.capture import Reader, Writer
from botmm.data.capture.kinds import Kind
from botmm.errors import UsageError
from botmm.record.cover import Cover
from botmm.record.lock import locked
from botmm.record.metrics import Metrics
from botmm.record.recorder import Label, Recorder, Take
from botmm.record.space import Rank, Space, expire
from botmm.record.tally import Tally

S = 10**9
START = 1_790_000_000 * S


@dataclass
class Line:
    """A line that the test speaks for: `symbol channel rank payload`."""

    name: str
    group: str

    def label(self, frame: bytes) -> Label | None:
        symbol, channel, rank, _ = frame.decode().split(" ", 3)
        return None if channel == "pong" else Label(symbol.strip("-"), channel, Rank[rank])

    def renew(self) -> None:
        pass

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        raise NotImplementedError


def recorder(folder: Path, clock: ManualClock) -> Recorder:
    lines = [Line("a", "quick"), Line("b", "deep"), Line("c", "quick")]
    return Recorder(lines, Writer(folder, clock), clock, folder, 0)


def test_what_was_heard_is_kept_as_it_came(tmp_path):
    clock = ManualClock(START)
    taken = recorder(tmp_path, clock)
    taken.take(0, b"BTC trades TRADES {1}")
    clock.advance(0.5)
    taken.take(1, b"BTC l2Book DEPTH {2}", Kind.ANSWER)
    taken.take(0, b"- pong TRADES x")
    taken.take(0, b"- hello TRADES x")
    taken.tick()
    status = taken.status()
    taken.end("stopped")
    reader = Reader(tmp_path)
    assert [(r.payload, r.kind, r.conn, r.recv_ns, r.mono_ns) for r in reader] == [
        (b"BTC trades TRADES {1}", Kind.FRAME, 0, START, START),
        (b"BTC l2Book DEPTH {2}", Kind.ANSWER, 1, START + S // 2, START + S // 2),
        (b"- hello TRADES x", Kind.FRAME, 0, START + S // 2, START + S // 2),
    ]
    assert [(row["symbol"], row["channel"], row["frames"]) for row in status["streams"]] == [
        ("BTC", "l2Book", 1), ("BTC", "trades", 1),
    ]  # fmt: skip
    assert status["not_heard"] == []


def test_a_group_is_missed_only_while_none_of_its_lines_speaks():
    told: list[tuple[str, tuple[int, int], str]] = []
    cover = Cover({0: "quick", 1: "deep", 2: "quick"}, (1, 1), lambda *one: told.append(one))
    cover.heard(0, (10, 10))
    cover.heard(2, (11, 11))
    cover.lost(0, "reset")
    cover.heard(2, (20, 20))
    assert told == [("start", (1, 1), "quick")]
    cover.lost(2, "silence")
    assert cover.down() == ["quick", "deep"]
    cover.heard(0, (50, 50))
    cover.end("stopped")
    assert told[1:] == [("silence", (20, 20), "quick"), ("stopped", (1, 1), "deep")]


def test_a_lost_line_is_a_gap_with_its_cause_and_both_clocks(tmp_path):
    clock = ManualClock(START)
    taken = recorder(tmp_path, clock)
    taken.take(0, b"BTC trades TRADES 1")
    taken.take(1, b"BTC l2Book DEPTH 1")
    taken.lost(0, "no frame after a ping")
    clock.advance(7)
    taken.take(0, b"BTC trades TRADES 2")
    assert (taken.gaps, taken.last_gap) == (1, "quick: no frame after a ping")
    taken.end("stopped")
    reader = Reader(tmp_path)
    list(reader)
    (gap,) = (one for one in reader.gaps if one.cause != "start")
    assert (gap.cause, gap.what) == ("no frame after a ping", "quick")
    assert (gap.since_ns, gap.wall_ns) == (START, START + 7 * S)
    assert (gap.since_mono_ns, gap.mono_ns) == (START, START + 7 * S)


def test_depth_goes_first_and_trades_last_as_the_disk_fills(tmp_path):
    told: list[tuple[str, tuple[int, int], str]] = []
    free = iter((1000, 999, 499, 249, 270, 290, 600, 1200))
    space = Space(tmp_path, 1000, lambda *one: told.append(one), free_of=lambda _: next(free))
    seen = []
    for at in range(8):
        space.look((at, at))
        seen.append([rank.name for rank in Rank if space.takes(rank)])
    assert seen == [
        ["DEPTH", "TOUCH", "TRADES"],
        ["TOUCH", "TRADES"],
        ["TRADES"],
        [],
        [],
        ["TRADES"],
        ["TOUCH", "TRADES"],
        ["DEPTH", "TOUCH", "TRADES"],
    ]
    assert told == [
        ("disk full", (3, 3), "trades"),
        ("disk full", (2, 2), "touch and contexts"),
        ("disk full", (1, 1), "depth"),
    ]


def test_what_stays_stopped_is_told_at_the_end(tmp_path):
    told: list[str] = []
    space = Space(tmp_path, 1000, lambda *one: told.append(one[2]), free_of=lambda _: 300)
    space.look((0, 0))
    assert space.stopped() == ["depth", "touch and contexts"]
    space.end()
    assert told == ["depth", "touch and contexts"]


def test_rates_are_those_of_the_last_seconds():
    tally = Tally()
    for second in range(60):
        for _ in range(10 if second < 30 else 2):
            tally.take("BTC", "bbo", 5, second + 0.5)
        tally.mark(second + 1.0)
    (row,) = tally.table(60.5)
    assert row["frames"] == 360
    assert row["rate"] == pytest.approx(2.0, rel=0.1)
    assert row["age_s"] == 1.0


def test_only_what_is_old_and_closed_is_removed(tmp_path):
    for name in ("a.seg", "b.open", "c.bad"):
        (tmp_path / name).write_bytes(b"x")
    assert expire(tmp_path, 0) == []
    assert [path.name for path in expire(tmp_path, 2**62)] == ["a.seg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.open", "c.bad"]


def test_a_second_recorder_of_a_folder_is_refused(tmp_path):
    with locked(tmp_path), pytest.raises(UsageError, match="another recorder"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_metrics_take_a_status(tmp_path):
    clock = ManualClock(START)
    taken = recorder(tmp_path, clock)
    taken.take(0, b"BTC trades TRADES 1")
    metrics = Metrics()
    metrics.update(taken.status())
    value = metrics.registry.get_sample_value
    of = {"symbol": "BTC", "channel": "trades"}
    assert value("botmm_recorder_stream_frames", of) == 1.0
    assert value("botmm_recorder_failing") == 0.0
    taken.end("stopped")
