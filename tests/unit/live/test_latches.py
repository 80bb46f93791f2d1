"""Latch tests — a stop holds on any disk, and a person can lift it when no daemon runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from botmm.cli import run
from botmm.clock import ManualClock, SystemClock
from botmm.errors import RiskStopError, UsageError
from botmm.live.arm import disarm
from botmm.live.heartbeat import Heartbeat
from botmm.live.latches import STATE_FILE, Latches, lift_stopped, phrase
from botmm.store.rows import LatchRow
from botmm.store.state import StateStore


class FullStore(StateStore):
    """A state file on a disk that takes nothing while it is told to."""

    full = True

    def set_latch(self, latch: LatchRow) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().set_latch(latch)


def test_a_latch_holds_on_a_full_disk_and_is_put_down_later(tmp_path):
    store = FullStore(tmp_path / STATE_FILE)
    latches = Latches(store, ManualClock(5))
    latches.set("KILLED", "first", who="me")
    latches.set("KILLED", "second", who="you")
    assert [(row.name, row.reason) for row in latches.active()] == [("KILLED", "first")]
    with pytest.raises(RiskStopError, match="KILLED by me: first"):
        latches.require_clear()
    assert store.latches() == []
    store.full = False
    assert [row.reason for row in latches.active()] == ["first"]
    store.close()
    again = StateStore(tmp_path / STATE_FILE)
    assert [row.reason for row in again.latches()] == ["first"]
    again.close()


def test_an_arming_that_cannot_be_voided_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "arm").mkdir()  # no file: it cannot be unlinked
    assert not disarm(tmp_path / "arm")
    assert disarm(tmp_path / "none")


def killed(folder: Path, *names: str) -> None:
    store = StateStore(folder / STATE_FILE)
    for name in names:
        Latches(store, SystemClock()).set(name, "test", who="me")  # type: ignore[arg-type]
    store.close()


def test_a_phrase_lifts_its_latch_where_no_daemon_runs(tmp_path, capsys):
    killed(tmp_path, "KILLED", "HALTED")
    state = ["--state", str(tmp_path)]
    assert run(["resume", *state]) == 4
    assert run(["resume", *state, "--lift", "lift all"]) == 2
    assert "lift KILLED or lift HALTED" in capsys.readouterr().err
    (tmp_path / "KILL").touch()
    assert run(["resume", *state, "--lift", phrase("KILLED")]) == 0
    said = capsys.readouterr().err
    assert "HALTED stays" in said
    assert "KILL is still there" in said
    assert run(["resume", *state, "--lift", phrase("HALTED")]) == 0
    store = StateStore(tmp_path / STATE_FILE)
    Latches(store, SystemClock()).require_clear()
    store.close()
    assert run(["resume", *state, "--lift", phrase("HALTED")]) == 2


def test_a_busy_daemon_keeps_its_latches_until_its_heart_stops(tmp_path):
    killed(tmp_path, "KILLED")
    clock = SystemClock()
    beat = Heartbeat(tmp_path / "heartbeat", clock)
    with pytest.raises(UsageError, match="runs but does not answer"):
        lift_stopped(tmp_path, clock, typed=[phrase("KILLED")])
    beat.stop()
    assert lift_stopped(tmp_path, clock, typed=[phrase("KILLED")]) == []


def test_one_command_lifts_several_latches_each_by_its_phrase(tmp_path: Path) -> None:
    clock = SystemClock()
    with closing(StateStore(tmp_path / STATE_FILE)) as store:
        for name in ("KILLED", "HALTED"):
            Latches(store, clock).set(name, "drill", who="test")
    with pytest.raises(UsageError, match="nothing was lifted"):
        lift_stopped(tmp_path, clock, typed=["lift everything"])
    assert lift_stopped(tmp_path, clock, typed=["lift KILLED"]) == ["HALTED"]
    with closing(StateStore(tmp_path / STATE_FILE)) as store:
        Latches(store, clock).set("KILLED", "drill", who="test")
    assert lift_stopped(tmp_path, clock, typed=["lift KILLED", "lift HALTED"]) == []


def test_a_folder_without_state_gets_none(tmp_path):
    with pytest.raises(UsageError, match="has no state"):
        lift_stopped(tmp_path, SystemClock(), typed=[phrase("KILLED")])
    assert list(tmp_path.iterdir()) == []
