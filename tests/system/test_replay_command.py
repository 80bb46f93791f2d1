"""Replay command — from a tape to a folder: files, determinism, gaps, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from botmm.core import Synth
from tests.fakes.markets import write_rows
from tests.fakes.specs import START

MINUTE = 60 * 10**9
RUN = [sys.executable, "-c", "from botmm.cli import main; main()", "replay"]


def write_tape(folder: Path, minutes: int, *, gap_s: int = 0) -> Path:
    """Write a synthetic market, with a silence in its middle where wanted."""
    wish = {"symbol": "BTC", "seed": 5, "start": START, "streams": "modern"}
    rows = Synth(json.dumps(wish)).step_until(START + minutes * MINUTE)
    if gap_s:
        order = np.argsort(rows["ts_recv"], kind="stable")
        rows = {name: column[order] for name, column in rows.items()}
        rows = with_gap(rows, START + minutes * MINUTE // 2, gap_s)
    return write_rows(folder, "BTC", rows).path


def with_gap(rows: dict[str, np.ndarray], start: int, gap_s: int) -> dict[str, np.ndarray]:
    """Replace a stretch by a gap row."""
    end = start + gap_s * 10**9
    low, high = np.searchsorted(rows["ts_recv"], [start, end])
    blank = {"ts_exch": start, "ts_recv": end, "kind": 9, "flags": 1, "id": 1}
    return {
        name: np.concatenate(
            [column[:low], np.array([blank.get(name, 0)], column.dtype), column[high:]]
        )
        for name, column in rows.items()
    }


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "tape" / "hyperliquid" / "BTC"
    return write_tape(folder, 150).rename(folder / "2026-02-12.parquet")


def replay(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *args], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_replay_from_the_store_writes_a_complete_folder(tape: Path, tmp_path: Path) -> None:
    store = tape.parents[3]
    args = f"--symbol BTC --date 2026-02-12 --store {store} --out run --no-sensitivity --band"
    done = replay(*args.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Report: run/report.html" in done.stdout
    assert "The maker " in done.stdout
    assert "smoke test" in done.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["residual"] == 0
    assert summary["fills"] > 0
    assert summary["synthetic"] is True
    assert summary["data_tier"].startswith("C")
    assert [trial["label"] for trial in summary["trials"] if trial["kind"] == "queue"] == [
        "risk-averse",
        "qpn (this run)",
        "pow2:3",
    ]
    assert sum(part["fills"] for part in summary["by_day"].values()) == summary["fills"]


def test_the_same_inputs_give_the_same_bytes(tape: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = replay(str(tape), "--out", name, "--no-sensitivity", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["core"]["symbols"][0]["symbol"] == "BTC"
    for file in ("fills.parquet", "orders.parquet", "equity.parquet"):
        one, two = ((tmp_path / name / file).read_bytes() for name in ("one", "two"))
        assert one == two, file


def test_settings_reach_the_core(tape: Path, tmp_path: Path) -> None:
    nets = []
    settings = ("base_spread_bps=20", "sim.block_ms=70", "sim.arrival=last")
    sets = [f"--set {setting}" for setting in settings]
    for args in ("", "--latency 10/5", "--maker-fee 0", *sets):
        done = replay(str(tape), *args.split(), "--no-sensitivity", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        nets.append(json.loads(done.stdout)["net_usd"])
    assert len(set(nets)) == 6


def test_long_gaps_are_refused_unless_bridged(tmp_path: Path) -> None:
    path = write_tape(tmp_path, 20, gap_s=90)
    done = replay(str(path), "--no-sensitivity", cwd=tmp_path)
    assert done.returncode == 3
    assert "gap of 90.0 s" in done.stderr
    assert "--bridge-gaps" in done.stderr
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
    done = replay(str(path), "--no-sensitivity", "--bridge-gaps", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "bridged 1 gap" in done.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["data_seconds"] == pytest.approx(20 * 60 - 90, abs=5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_valid_partial_report(
    tape: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    running = subprocess.Popen(
        [*RUN, str(tape), "--out", "run", "--set", "replay.step_ms=5"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("run.tmp-*/orders.parquet")):  # the first chunk has been played
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(running.pid, number)
    out, err = running.communicate(timeout=120)
    assert running.returncode == code, err
    assert "Traceback" not in err
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["partial"] is True
    assert summary["residual"] == 0
    assert "Partial run" in (tmp_path / "run" / "report.html").read_text()
    assert "Stopped before the end" in out
    assert not list(tmp_path.glob("run.tmp-*"))


def test_a_killed_replay_is_swept_away_and_the_same_command_gives_the_same_bytes(
    tape: Path, tmp_path: Path
) -> None:
    words = (str(tape), "--out", "run", "--no-sensitivity", "--set", "replay.step_ms=5")
    whole = replay(*words, cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    tables = ("fills.parquet", "orders.parquet", "equity.parquet")
    before = [(tmp_path / "run" / name).read_bytes() for name in tables]
    (tmp_path / "run").rename(tmp_path / "whole")
    running = subprocess.Popen(
        [*RUN, *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("run.tmp-*/orders.parquet")):
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(60)
    assert not (tmp_path / "run").exists(), "nothing looks finished"
    assert list(tmp_path.glob("run.tmp-*"))
    again = replay(*words, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert not list(tmp_path.glob("run.tmp-*"))
    assert [(tmp_path / "run" / name).read_bytes() for name in tables] == before
    assert replay(*words, cwd=tmp_path).returncode == 0, "an earlier run is replaced"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "whole"]
