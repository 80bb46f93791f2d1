"""Daemon again — a second run in one folder: what it begins with, and a journal of two runs and two coins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from botmm.cli import run as botmm
from botmm.data.capture.reader import Reader
from botmm.live.parity import replay_journal
from botmm.live.warm import SIGNALS
from tests.fakes.live_drill import Drill, run
from tests.fakes.tiers import NIGHTLY

COINS = ("BTC", "ETH")
QUOTED_S = 11.0 if NIGHTLY else 0.0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run twice on two coins; what the first run saved of its signals is lost."""
    folder = tmp_path_factory.mktemp("state")
    begun: list[str] = []

    async def script(drill: Drill) -> None:
        begun.append(drill.daemon.status()["signals_from"])
        await drill.until(lambda: drill.runner.report()["frames"] > 150, "some market")
        await drill.trade(2)
        await drill.until(lambda: {row["coin"] for row in drill.resting()} == {0, 1}, "both coins")
        now = drill.runner.report()["now"]
        await drill.until(lambda: drill.runner.report()["now"] - now >= QUOTED_S * 1e9, "time")
        await drill.settle()
        drill.judge_books()

    run(folder, script, symbols=COINS).judge(orders=4, fills=2)
    (folder / SIGNALS).unlink(missing_ok=True)
    run(folder, script, symbols=COINS).judge(orders=4, fills=2)
    assert begun[1] == "own journal", "the second run begins warm"
    return folder


def test_two_runs_of_two_coins_begin_warm_and_play_again(state: Path) -> None:
    parity = replay_journal(Reader(state / "journal"))
    assert parity.holds, parity.where
    assert parity.runs == 2
    assert parity.commands >= 8


@pytest.mark.skipif(not NIGHTLY, reason="live-vs-replay wants 10 s of quoting a run")
def test_two_runs_of_two_coins_are_held_against_replay(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gap"
    words = ["report", "live-vs-replay", "--journal", str(state), "--out", str(out), "--json"]
    assert botmm(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == [1, 2]
    assert told["fills"]["live"] >= 4
    assert told["gap_usd"] == pytest.approx(told["live_usd"] - told["replay_usd"], abs=1e-9)
    assert sum(told["parts_usd"].values()) == pytest.approx(told["gap_usd"], abs=1e-9)
