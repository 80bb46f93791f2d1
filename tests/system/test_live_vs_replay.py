"""Live against replay — a short paper run, its latencies in a replay, and its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from botmm.cli import run as botmm
from tests.fakes.live_drill import Drill, run


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trade on paper for some seconds."""
    folder = tmp_path_factory.mktemp("state")

    async def script(drill: Drill) -> None:
        await drill.trade(4)
        await drill.until(lambda: drill.runner.report()["frames"] > 120, "some market", 12)
        now = drill.runner.report()["now"]
        await drill.until(lambda: drill.runner.report()["now"] - now > 6e9, "some seconds", 12)

    run(folder, script)
    return folder


def test_a_paper_run_is_explained_to_the_micro_dollar(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gap"
    words = ["report", "live-vs-replay", "--journal", str(state), "--out", str(out), "--json"]
    assert botmm(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fills"]["live"] >= 1
    assert told["gap_usd"] == pytest.approx(told["live_usd"] - told["replay_usd"], abs=1e-9)
    assert sum(told["parts_usd"].values()) == pytest.approx(told["gap_usd"], abs=1e-9)
    assert told["latency_ms"]["Decision to venue"]["p50"] >= 0
    page = (out / "report.html").read_text()
    assert "What this cannot say" in page
    assert told["answer"].split(";")[0][:20] in page
    assert {file.name for file in out.iterdir()} == {
        "report.html", "summary.json", "pairs.parquet",
    }  # fmt: skip
    assert botmm(words) == 0, "an earlier report is replaced"
    capsys.readouterr()
    assert botmm([*words[:-1], "--day", "2001-01-01"]) == 3
    assert "no stretch of quoting" in capsys.readouterr().err


def test_its_latencies_drive_a_replay(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert botmm(["data", "latency", "--journal", str(state), "-o", "rows.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] >= 2
    assert botmm(["data", "synth", "--hours", "0.05", "--json"]) == 0
    capsys.readouterr()
    tape = next(Path("data").rglob("*.parquet"))
    assert botmm(["replay", str(tape), "--latency", "rows.csv", "--no-sensitivity", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fills"] >= 0
