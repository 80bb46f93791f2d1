"""Progress — lines are rare, rates and time left are right."""

import pytest

from botmm.clock import ManualClock
from botmm.observe.progress import progress, si


def test_a_line_each_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    with progress("replay BTC", clock=clock) as bar:
        for step in range(1, 31):
            clock.advance(1.0)
            bar.update(step / 60, step * 1_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "replay BTC: 17%, 10 M events, 1 M/s, 0:50 left",
        "replay BTC: 33%, 20 M events, 1 M/s, 0:40 left",
        "replay BTC: 50%, 30 M events, 1 M/s, 0:30 left",
    ]


def test_days_of_data_have_their_own_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    with progress("replay BTC", days=90, clock=clock) as bar:
        clock.advance(12.0)
        bar.update(0.1, 1_200_000)
    line = "replay BTC: 10%, 1.2 M events, 100 k/s, 0.75 days/s, 1:48 left\n"
    assert capsys.readouterr().err == line


def test_a_note_comes_last(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    with progress("sweep BTC", clock=clock) as bar:
        clock.advance(12.0)
        bar.update(0.5, 1_200_000, "best +$1.20")
    line = "sweep BTC: 50%, 1.2 M events, 100 k/s, 0:12 left, best +$1.20\n"
    assert capsys.readouterr().err == line


def test_switched_off_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    with progress("replay BTC", enabled=False, clock=clock) as bar:
        clock.advance(60.0)
        bar.update(0.5, 1)
    assert capsys.readouterr().err == ""


def test_counts_are_short() -> None:
    assert [si(v) for v in (0, 999, 1234, 12_345_678, 3e9)] == [
        "0",
        "999",
        "1.23 k",
        "12.3 M",
        "3 G",
    ]
