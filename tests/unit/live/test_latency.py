"""Latency tests — rows of requests from a journal, and the file that replay reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from botmm.errors import DataError
from botmm.exchanges.hyperliquid.told import Told
from botmm.live.history import Run, runs
from botmm.live.latency import latencies, write_latencies
from botmm.research.replay import _latency_rows
from tests.fakes.journals import MS, T0, JournalText, cloid

LOST = {"Rejected": {"reason": "Lost"}}


def run_of(text: JournalText) -> Run:
    (found,) = runs(text.rows, Told)
    return found


def at(*times: int) -> tuple[int, ...]:
    return tuple(T0 + ms * MS if ms else 0 for ms in times)


def test_orders_and_cancels_are_rows_by_the_first_news_of_them() -> None:
    text = JournalText()
    text.place(100, 1)
    text.told(180, 1, "open", 150)
    text.answer(200, 1, {"Resting": {"oid": 1, "left": 200}})
    text.cancel(300, 1)
    text.answer(400, 1, {"Cancelled": {"reason": "Asked"}})
    text.told(420, 1, "canceled", 340)
    found = latencies(run_of(text))
    assert found.rows == [at(100, 150, 180), at(300, 340, 400)]
    assert (found.offset_ns, found.lost, found.bent) == (0, 0, 0)


def test_another_clock_of_the_venue_is_taken_off_by_the_quickest_request() -> None:
    text = JournalText(venue_ahead_ms=-5_000)
    for number, (sent, venue, heard) in enumerate([(100, 150, 200), (300, 390, 400)], start=1):
        text.place(sent, number)
        text.told(heard, number, "open", venue)
    found = latencies(run_of(text))
    assert found.offset_ns == -5_000 * MS
    assert found.rows == [at(100, 150, 200), at(300, 390, 400)]


def test_a_time_outside_of_its_request_is_moved_to_its_end_and_counted() -> None:
    text = JournalText()
    for number, (sent, venue, heard) in enumerate([(100, 150, 200), (300, 250, 500)], start=1):
        text.place(sent, number)
        text.told(heard, number, "open", venue)
    found = latencies(run_of(text))
    assert found.rows == [at(100, 150, 200), at(300, 300, 500)]
    assert found.bent == 1


def test_a_lost_request_has_no_time_there_and_one_that_never_left_is_none() -> None:
    text = JournalText()
    text.place(100, 1)
    text.answer(1_100, 1, "Unknown")
    text.answer(5_000, 1, LOST)
    text.place(6_000, 2)
    text.answer(6_001, 2, LOST)
    found = latencies(run_of(text))
    assert found.rows == [at(100, 0, 5_000)]
    assert found.lost == 1


def test_of_orders_decided_together_the_slowest_counts() -> None:
    text = JournalText()
    for number, venue in ((1, 150), (2, 170)):
        text.place(100, number)
        text.told(200, number, "open", venue)
    assert latencies(run_of(text)).rows == [at(100, 170, 200)]


def test_the_journal_tells_fills_once_holds_and_nothing_of_other_runs() -> None:
    text = JournalText()
    text.hold(0, "link", on=True)
    text.hold(50, "link", on=False)
    text.place(100, 1)
    text.fill(200, 1, tid=7, venue=150)
    text.fill(300, 1, tid=7, venue=150, snapshot=True)
    text.fill(300, 9, tid=6, venue=10, snapshot=True)
    text.hold(400, "operator", on=True)
    text.place(500, 2)
    run = run_of(text)
    assert [(fill.tid, fill.px, fill.size, fill.fee) for fill in run.fills.values()] == [
        (7, 969_800, 200, 29_094)
    ]
    assert (run.holds[0].by, run.holds[0].since, run.holds[0].until) == ("link", T0, T0 + 50 * MS)
    assert run.holds[1].until == T0 + 500 * MS, "what still holds ends with the run"
    assert list(run.orders) == [cloid(1), cloid(2)]


def test_a_journal_that_begins_in_the_middle_is_refused() -> None:
    with pytest.raises(DataError, match="does not begin"):
        list(runs(JournalText().rows[1:] or [_middle()], Told))


def _middle() -> object:
    text = JournalText()
    text.place(1, 1)
    return text.rows[1]


@pytest.mark.parametrize("name", ["latency.csv", "latency.parquet"])
def test_replay_reads_what_is_written_lost_ones_too(name: str, tmp_path: Path) -> None:
    rows = [at(100, 150, 200), at(300, 0, 900)]
    write_latencies(tmp_path / name, rows)  # type: ignore[arg-type]
    assert _latency_rows(tmp_path / name) == [list(row) for row in rows]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no request"):
        write_latencies(tmp_path / "latency.csv", [])
