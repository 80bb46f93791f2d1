"""Why commands — the terms of a finished run's quotes, and what stands in the way of an answer."""

import json
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from botmm.core import Replay
from botmm.research.why import Moment, explain
from tests.fakes.markets import write_market

# A run so short has no keyframes else.
MAIN = """
from botmm.research import keyframes, replay
keyframes.EVERY_ROWS = replay.CHUNK_ROWS = 2_000
from botmm.cli import main
main()
"""
BOTMM = [sys.executable, "-c", MAIN]


def botmm(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BOTMM, *args], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a run of 20 minutes lies as `run`."""
    folder = tmp_path_factory.mktemp("why")
    market = write_market(folder, "BTC", 20)
    done = botmm("replay", market.path.name, "--out", "run", "--no-sensitivity", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_why_prints_terms_that_add_up(run: Path) -> None:
    at = "--at 2026-02-12T00:10:00 --run run --symbol BTC".split()
    done = botmm("why", *at, cwd=run)
    assert done.returncode == 0, done.stderr
    total, quotes = Decimal(0), 0
    for line in done.stdout.splitlines():
        text = line.strip().replace(",", "")
        if text.startswith("= "):
            assert Decimal(text[2:]) == total
            total, quotes = Decimal(0), quotes + 1
        elif line.startswith("    ") and "no target" not in text:
            total += Decimal(text.split("  ")[0])
    assert quotes >= 2
    assert "fair price" in done.stdout
    assert "rounding to the grid" in done.stdout
    rows = json.loads(botmm("why", *at, "--json", cwd=run).stdout)
    assert [row["symbol"] for row in rows] == ["BTC"]
    assert len(rows[0]["quotes"]) >= quotes


def test_why_not_names_the_reason(run: Path) -> None:
    done = botmm("why-not", "--at", "2026-02-12T00:00:30", "--run", "run", cwd=run)
    assert done.returncode == 0, done.stderr
    assert "no bid: the volatility is not known yet" in done.stdout
    assert "no ask: the volatility is not known yet" in done.stdout
    later = botmm("why-not", "--at", "2026-02-12T00:10:00", "--run", "run", cwd=run)
    assert "on their way or on the book" in later.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("--at 2026-02-13 --run run", "is outside of the run"),
        ("--at noon --run run", "not a time"),
        ("--at 2026-02-12T00:10:00 --run run --symbol ETH", "run is a run of BTC, not of ETH"),
        ("--at 2026-02-12T00:10:00 --run nowhere", "not a file of a run"),
    ],
)
def test_what_cannot_be_answered_is_said(run: Path, args: str, said: str) -> None:
    done = botmm("why", *args.split(), cwd=run)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("minute", [1, 7, 13, 19])
def test_it_is_played_from_the_last_keyframe_and_says_the_same(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minute: int
) -> None:
    monkeypatch.chdir(run)
    begun: list[bytes | None] = []

    def engine(spec: str, saved: bytes | None = None) -> Replay:
        begun.append(saved)
        return Replay(spec, saved=saved)

    def told(folder: Path) -> list[Moment]:
        return explain(folder, f"2026-02-12T00:{minute:02}:30", None, engine)

    others = {name: shutil.copytree("run", tmp_path / name) for name in ("bare", "other build")}
    (others["bare"] / "keyframes.parquet").unlink()
    path = others["other build"] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"build": "another"}))
    assert told(run / "run") == told(others["bare"]) == told(others["other build"])
    assert [saved is None for saved in begun] == [minute == 1, True, True]


def test_another_tape_is_refused(run: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path, "BTC", 3)
    botmm("replay", market.path.name, "--out", "run", "--no-sensitivity", cwd=tmp_path)
    write_market(tmp_path, "BTC", 3, seed=9)
    done = botmm("why", "--at", "2026-02-12T00:02:00", "--run", "run", cwd=tmp_path)
    assert done.returncode == 3
    assert "not the tape that the run played" in done.stderr
    market.path.unlink()
    done = botmm("why", "--at", "2026-02-12T00:02:00", "--run", "run", cwd=tmp_path)
    assert "the run's tape is gone" in done.stderr
