"""Replay killed — a run that was stopped or killed goes on, and gives the same bytes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from botmm.config import load
from botmm.core import Synth
from botmm.errors import UsageError
from botmm.research.checkpoint import Checkpoint
from botmm.research.output import RunFolder
from botmm.research.plan import whole_tapes
from tests.fakes.markets import write_rows
from tests.fakes.specs import START

MINUTE = 60 * 10**9
DEADLINE_S = 120.0
# Saved after every chunk, so that there is a place to go on from in a test's time.
MAIN = """
import sys
from botmm.research import checkpoint, keyframes, replay
checkpoint.EVERY_S, replay.CHUNK_ROWS, keyframes.EVERY_ROWS = 0.0, 20_000, 50_000
from botmm.cli import main
main()
"""
RUN = [sys.executable, "-c", MAIN, "replay"]
SAME = ("fills.parquet", "orders.parquet", "equity.parquet", "keyframes.parquet", "summary.json")


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wish = {"symbol": "BTC", "seed": 5, "start": START, "streams": "modern"}
    rows = Synth(json.dumps(wish)).step_until(START + 240 * MINUTE)
    return write_rows(tmp_path_factory.mktemp("tape"), "BTC", rows).path


def command(tape: Path, out: str, *more: str) -> list[str]:
    return [*RUN, str(tape), "--out", out, "--no-sensitivity", "--band", *more]


def played(tape: Path, out: str, *more: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(tape, out, *more), cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def whole(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    done = played(tape, "run", cwd=folder)
    assert "going on" not in done.stderr
    assert [path.name for path in folder.iterdir()] == ["run"], "nothing is left beside it"
    assert pq.ParquetFile(folder / "run" / "keyframes.parquet").num_row_groups >= 2
    return folder / "run"


def until_saved(running: subprocess.Popen[bytes], folder: Path, number: int) -> None:
    """Wait for so many saved places."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        at = folder / "at.json"
        if at.is_file() and json.loads(at.read_text())["number"] >= number:
            return
        assert running.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_same(one: Path, two: Path) -> None:
    for name in SAME:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_again_and_again_goes_on(
    tape: Path, whole: Path, tmp_path: Path, by: signal.Signals
) -> None:
    unfinished = tmp_path / "cut.unfinished"
    number = 0
    for _ in range(3):
        running = subprocess.Popen(
            command(tape, "cut"),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_saved(running, unfinished, number + 2)
        os.kill(running.pid, by)
        code = running.wait(timeout=60)
        number = json.loads((unfinished / "at.json").read_text())["number"]
        assert code == (-by if by == signal.SIGKILL else 128 + by)
        partial = tmp_path / "cut" / "summary.json"
        if by != signal.SIGKILL:
            assert json.loads(partial.read_text())["partial"]
    done = played(tape, "cut", cwd=tmp_path)
    assert "going on at " in done.stderr
    assert_same(tmp_path / "cut", whole)
    assert [path.name for path in tmp_path.iterdir()] == ["cut"], "nothing is left beside it"


def test_a_run_begins_anew_where_it_is_told_to_or_is_another(
    tape: Path, whole: Path, tmp_path: Path
) -> None:
    running = subprocess.Popen(command(tape, "cut"), cwd=tmp_path, stderr=subprocess.DEVNULL)
    until_saved(running, tmp_path / "cut.unfinished", 2)
    running.kill()
    running.wait(timeout=60)
    other = played(tape, "cut", "--capital", "2000", cwd=tmp_path)
    assert "going on" not in other.stderr
    assert "saved in cut.unfinished is discarded" in other.stderr
    running = subprocess.Popen(command(tape, "cut"), cwd=tmp_path, stderr=subprocess.DEVNULL)
    until_saved(running, tmp_path / "cut.unfinished", 2)
    running.kill()
    running.wait(timeout=60)
    done = played(tape, "cut", "--restart", cwd=tmp_path)
    assert "going on" not in done.stderr
    assert_same(tmp_path / "cut", whole)


def test_a_checkpoint_has_one_owner(tape: Path, tmp_path: Path) -> None:
    plan = whole_tapes(tape, load([], []).settings)
    mine = Checkpoint.claim(tmp_path / "run", plan)
    assert mine is not None
    assert Checkpoint.claim(tmp_path / "run", plan) is None
    assert Checkpoint.claim(tmp_path / "run", plan, restart=True) is None
    mine.release()
    assert not mine.folder.exists()
    again = Checkpoint.claim(tmp_path / "run", plan)
    assert again is not None
    again.release()


def damage(folder: Path, name: str) -> None:
    """Spoil a file of a checkpoint: at.json and rows cut, a state with a bit flipped.

    A kill may leave files of the place before or after: those that at.json names are needed.
    """
    needed = ("at.json", *json.loads((folder / "at.json").read_text())["files"])
    path = next(folder / one for one in needed if one.startswith(name))
    data = bytearray(path.read_bytes())
    if name == "state":
        data[len(data) // 2] ^= 1
    path.write_bytes(data if name == "state" else data[: len(data) // 2])


@pytest.mark.parametrize("name", ["at.json", "state", "fills-00001", "orders-00002"])
def test_a_damaged_place_is_named_and_the_run_begins_anew(
    tape: Path, whole: Path, tmp_path: Path, name: str
) -> None:
    running = subprocess.Popen(command(tape, "cut"), cwd=tmp_path, stderr=subprocess.DEVNULL)
    until_saved(running, tmp_path / "cut.unfinished", 2)
    running.kill()
    running.wait(timeout=60)
    damage(tmp_path / "cut.unfinished", name)
    done = played(tape, "cut", cwd=tmp_path)
    assert "going on" not in done.stderr
    assert "damaged: the run begins anew" in done.stderr
    assert name in done.stderr
    assert_same(tmp_path / "cut", whole)


def test_an_earlier_run_is_put_back_where_a_kill_came_between_two_renames(
    tape: Path, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "cut.tmp-4194303-1")
    with RunFolder(tmp_path / "cut", whole_tapes(tape, load([], []).settings)):
        assert_same(tmp_path / "cut", whole)


def test_a_run_does_not_replace_the_signals_that_it_begins_with(tape: Path, whole: Path) -> None:
    plan = whole_tapes(tape, load([], []).settings)
    with pytest.raises(UsageError, match=r"signals\.bin would be replaced"):
        RunFolder(whole, replace(plan, signals=whole / "signals.bin"))


def test_a_folder_of_somebody_else_is_left_alone(tape: Path, tmp_path: Path) -> None:
    mine = tmp_path / "run.unfinished"
    mine.mkdir()
    (mine / "thesis.md").touch()
    plan = whole_tapes(tape, load([], []).settings)
    for restart in (False, True):
        with pytest.raises(UsageError, match=r"something else than an unfinished run: thesis\.md"):
            Checkpoint.claim(tmp_path / "run", plan, restart=restart)
    assert (mine / "thesis.md").exists()
