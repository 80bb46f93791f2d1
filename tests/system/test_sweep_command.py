"""Sweep command — a table from tapes; a killed one goes on to the same bytes."""

import html
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import botmm
from botmm.config import Settings
from botmm.research.plan import Range, make_plan
from botmm.research.sweep import play
from tests.fakes.markets import write_market

BOTMM = [sys.executable, "-c", "from botmm.cli import main; main()"]
GRID = ("--grid", "base_spread_bps=0.5:4:0.5", "--grid", "inventory_skew_factor=0.2,0.6")
RESULTS = ("sweep.parquet", "days.parquet", "report.html")


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("tape"), "BTC", 60, streams="classic").path


def botmm_command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BOTMM, *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


def test_rows_are_those_of_single_replays(tape: Path, tmp_path: Path) -> None:
    done = botmm_command("sweep", str(tape), *GRID, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 16
    for row in (rows[0], rows[13]):
        own = [
            word
            for name in ("base_spread_bps", "inventory_skew_factor")
            for word in ("--set", f"{name}={row[name]}")
        ]
        out = f"run{row['set']}"
        alone = botmm_command(
            "replay", str(tape), *own, "--no-sensitivity", "--out", out, cwd=tmp_path
        )
        assert alone.returncode == 0, alone.stderr
        summary = json.loads((tmp_path / out / "summary.json").read_text())
        assert row["net_usd"] == pytest.approx(summary["net_usd"], abs=1e-6)
        assert (
            row["fills"] == summary["fills"] == len(pq.read_table(tmp_path / out / "fills.parquet"))
        )
    (folder,) = (tmp_path / "runs").glob("sweep_*")
    table = pq.read_table(folder / "sweep.parquet").to_pylist()
    assert [row["net_usd"] for row in table] == [row["net_usd"] for row in rows]
    days = pq.read_table(folder / "days.parquet").to_pylist()
    assert sum(day["net_usd"] for day in days if day["set"] == 3) == pytest.approx(
        rows[3]["net_usd"], abs=1e-5
    )


def test_a_killed_sweep_goes_on_to_the_same_bytes(tape: Path, tmp_path: Path) -> None:
    words = ("sweep", str(tape), *GRID, "--group", "3", "--threads", "1", "--out")
    whole = botmm_command(*words, "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    running = subprocess.Popen([*BOTMM, *words, "cut"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("cut/parts/0*.json"))) < 2:
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(timeout=60)
    assert not (tmp_path / "cut" / "sweep.parquet").exists()
    again = botmm_command(*words, "cut", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "groups are there already" in again.stderr
    for name in RESULTS:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_stopped_sweep_reports_what_was_played(tape: Path, tmp_path: Path) -> None:
    words = ("sweep", str(tape), *GRID, "--group", "3", "--threads", "1", "--out", "cut")
    running = subprocess.Popen(
        [*BOTMM, *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("cut/parts/0*.json")):
        assert running.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130, said
    assert "the report of what was played is cut/report.html" in said
    page = (tmp_path / "cut" / "report.html").read_text()
    assert re.search(r"Stopped: \d+ of 16 sets are played", page)
    assert not (tmp_path / "cut" / "sweep.parquet").exists()


def test_a_sweep_asks_after_each_stretch_whether_to_stop(tape: Path) -> None:
    plan = make_plan(Settings(), symbols=(), paths=[tape], wanted=Range())
    read = [0]

    def ask(share: float, rows: int, best: float | None) -> bool:
        read.append(rows)
        return len(read) > 3

    assert play(plan, [{}, {"base_spread_bps": 3.0}], threads=1, on_chunk=ask) is None
    assert len(read) == 4
    steps = [after - before for before, after in itertools.pairwise(read)]
    # A stretch is about 65,536 rows, and the next is read while sets trade in one.
    assert max(steps) <= 150_000, steps


def test_the_command_on_the_report_replays_the_best_set(tape: Path, tmp_path: Path) -> None:
    words = ("--set", "num_levels=1", "--maker-fee", "-0.0001")
    done = botmm_command("sweep", str(tape), *GRID, *words, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Report: out/report.html\n")
    rows = pq.read_table(tmp_path / "out" / "sweep.parquet").to_pylist()
    best = max(rows, key=lambda row: row["net_usd"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Synthetic market" in page
    assert "After fees of −1 bps (maker) and 4.5 bps (taker)" in page
    (line,) = re.findall(r"<code>(botmm replay [^<]*)</code>", page)
    replay = shlex.split(html.unescape(line))[1:]
    alone = botmm_command(*replay, "--no-sensitivity", "--out", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    summary = json.loads((tmp_path / "alone" / "summary.json").read_text())
    assert summary["net_usd"] == pytest.approx(best["net_usd"], abs=1e-6)
    assert summary["fills"] == best["fills"] > 0


def test_a_folder_of_another_sweep_is_refused(tape: Path, tmp_path: Path) -> None:
    words = ("sweep", str(tape), "--out", "out", "--grid")
    assert botmm_command(*words, "num_levels=1", cwd=tmp_path).returncode == 0
    other = botmm_command(*words, "num_levels=2", cwd=tmp_path)
    assert other.returncode != 0
    assert "other sets, data, settings or version" in other.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "needs --grid or --sets"),
        (("--grid", "base_spread_bp=1"), "did you mean base_spread_bps"),
        (("--grid", "num_levels=0"), "must be between"),
    ],
)
def test_wrong_input_is_told_before_anything_runs(
    tape: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    done = botmm_command("sweep", str(tape), *words, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_the_function_gives_the_same_for_any_number_of_threads(tape: Path) -> None:
    sets: list[dict[str, Any]] = [{"base_spread_bps": bps} for bps in (1.0, 3.0, 9.0)]
    one, three = (botmm.sweep(tape, sets, threads=threads) for threads in (1, 3))
    assert one == three
    assert [row["base_spread_bps"] for row in one] == [1.0, 3.0, 9.0]
