"""Own strategy command — the example of the documentation, from a file to a folder; errors and Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.fakes.markets import write_market

DOCUMENT = ROOT / "docs" / "YOUR_OWN_STRATEGY.md"
RUN = [sys.executable, "-c", "from botmm.cli import main; main()", "replay"]
PLAIN = ["--no-sensitivity", "--no-progress"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with a tape BTC.parquet and the example as mine.py."""
    write_market(tmp_path, "BTC", 20, seed=4, streams="full")
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1, "the document has one example"
    (tmp_path / "mine.py").write_text(blocks[0], encoding="utf-8")
    return tmp_path


def ran(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_the_example_runs_as_a_script_and_as_a_command_with_the_same_fills(place: Path) -> None:
    script = ran([sys.executable, "mine.py"], place)
    assert script.returncode == 0, script.stderr
    fills, _, report = script.stdout.strip().partition(" fills, report in ")
    assert int(fills) > 0
    assert (place / report).is_file()
    words = ["BTC.parquet", "--strategy", "mine.py:Mine", "--out", "run", *PLAIN]
    command = ran([*RUN, *words, "--set", "replay.step_ms=100"], place)
    assert command.returncode == 0, command.stderr
    one, other = (place / name / "fills.parquet" for name in ("runs/mine", "run"))
    assert one.read_bytes() == other.read_bytes()
    manifest = json.loads((place / "run" / "manifest.json").read_text("utf-8"))
    assert manifest["strategy"]["name"] == "Mine"
    assert manifest["strategy"]["file"] == "mine.py"
    assert len(manifest["strategy"]["sha256"]) == 64
    assert "of the strategy Mine" in (place / "run" / "report.html").read_text("utf-8")
    why = ran([*RUN[:-1], "why", "--run", "run", "--at", "2026-02-12T00:01"], place)
    assert why.returncode == 2
    assert "strategy Mine" in why.stderr


def test_other_latencies_get_strategies_of_their_own(place: Path) -> None:
    command = ran([*RUN, "BTC.parquet", "--strategy", "mine.py", "--json", "-q"], place)
    assert command.returncode == 0, command.stderr
    folder = next((place / "runs").iterdir())
    assert "_Mine_" in folder.name
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert len([one for one in summary["trials"] if one["kind"] == "latency"]) == 3


def test_a_strategy_that_fails_under_another_latency_only_loses_no_report(place: Path) -> None:
    (place / "late.py").write_text(
        "import botmm\n\nclass Late(botmm.Strategy):\n    made = 0\n\n    def __init__(self):\n"
        "        Late.made += 1\n\n    def on_step(self, view):\n"
        "        return (None, None) if Late.made == 1 else 1 // 0\n",
        encoding="utf-8",
    )
    command = ran([*RUN, "BTC.parquet", "--strategy", "late.py", "--out", "run"], place)
    assert command.returncode != 0
    assert "ZeroDivisionError" in command.stderr
    assert "the report is written" in command.stderr
    assert (place / "run" / "report.html").is_file()


def test_a_wrong_strategy_names_step_value_and_line(place: Path) -> None:
    (place / "bad.py").write_text(
        "import botmm\n\nclass Bad(botmm.Strategy):\n    def on_step(self, view):\n"
        "        return (view.bid, 1 // view.position), None\n",
        encoding="utf-8",
    )
    command = ran([*RUN, "BTC.parquet", "--strategy", "bad.py", "--out", "run", *PLAIN], place)
    assert command.returncode == 8
    assert re.search(r"step \d{19} \(2026-\S+ \S+ UTC\): on_step of BTC raised", command.stderr)
    assert "ZeroDivisionError" in command.stderr
    assert "line 5" in " ".join(command.stderr.split())
    assert not (place / "run").exists()


def test_a_slow_strategy_answers_ctrl_c_and_keeps_what_was_played(place: Path) -> None:
    (place / "slow.py").write_text(
        "import time\n\nimport botmm\n\nclass Slow(botmm.Strategy):\n"
        "    def on_step(self, view):\n        open('began', 'w').close()\n"
        "        time.sleep(0.02)\n        return None, (view.ask, 200)\n",
        encoding="utf-8",
    )
    words = [*RUN, "BTC.parquet", "--strategy", "slow.py", "--out", "run", *PLAIN]
    process = subprocess.Popen(
        words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (place / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert (place / "run" / "report.html").is_file()
