"""Emulate command — from a shell: what it prints, what it plays, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog

from botmm.cli import run
from botmm.exchanges.emulator import Emulator, EmulatorConfig, test_account
from tests.conftest import ROOT
from tests.fakes.emulator_thread import GENEROUS

SECONDS = 20.0


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Leave the log as it was: the command sets it up for its own process."""
    yield
    structlog.reset_defaults()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from botmm.cli import main; main()", "emulate", *arguments]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command in a process of its own."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS)


def greeting(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the command ended before it listened"
    found: dict[str, Any] = json.loads(line)
    return found


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ask it to end as Ctrl-C does; return what it printed."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stderr is not None
    # What a line was read from may hold more already, so `communicate` would lose it.
    out, err = process.stdout.read(), process.stderr.read()
    assert process.wait(timeout=SECONDS) == 0, err
    return out, err


def test_it_serves_until_it_is_told_to_stop_and_keeps_its_state(tmp_path: Path) -> None:
    state = tmp_path / "state" / "exchange.bin"
    run = ("--port", "0", "--symbol", "BTC", "--json", "--accounts", "2", "--state", str(state))
    with started(*run, "--show-keys") as process:
        hello = greeting(process)
        one = test_account(0)
        assert hello["accounts"][0] == {"address": one.address, "key": one.key}
        meta = requests.post(f"{hello['url']}/info", json={"type": "meta"}, timeout=5).json()
        assert [row["name"] for row in meta["universe"]] == ["BTC"]
        deposit = {"do": "deposit", "user": one.address, "usd": "5"}
        assert requests.post(f"{hello['url']}/control", json=deposit, timeout=5).ok
        ended(process)
    with started(*run) as process:
        hello = greeting(process)
        assert hello["accounts"] == [{"address": test_account(n).address} for n in (0, 1)]
        ask = {"type": "clearinghouseState", "user": test_account(0).address}
        there = requests.post(f"{hello['url']}/info", json=ask, timeout=5).json()
        assert there["marginSummary"]["accountValue"] == "10005.0"
        ended(process)


def test_the_start_screen_names_address_market_and_accounts() -> None:
    with started("--port", "0", "--seed", "3", "--deposit", "500") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("Local exchange on http://127.0.0.1:")
        rest, err = ended(process)
        assert "BTC ETH SOL, synthetic, seed 3" in rest
        assert test_account(2).address in rest
        assert "500.00 USD" in rest
        assert test_account(0).key not in first + rest + err
        assert err == ""  # no status line where nobody watches


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--symbol", "NONE"), "there are BTC, ETH, SOL, XRP"),
        (("--live", "http://127.0.0.1:9", "--speed", "2"), "speed 1"),
        (("--live", "http://127.0.0.1:9"), "no list of coins"),
        (("--speed", "0"), "must be between"),
        (("--faults", "FAULTS"), "fault.0.kind"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "faults.toml"
    plan.write_text('[[fault]]\nkind = "explode"\n', encoding="utf-8")
    given = [str(plan) if word == "FAULTS" else word for word in arguments]
    assert run(["emulate", "--port", "0", *given]) in (2, 4)
    assert words in capsys.readouterr().err


@pytest.mark.asyncio
async def test_a_state_that_cannot_be_saved_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = EmulatorConfig(symbols=("BTC",), port=0, state=tmp_path / "file" / "of" / "it.bin")
    served = False
    with pytest.raises(NotADirectoryError):
        async with Emulator(config.checked()):
            served = True
    assert not served


@pytest.mark.asyncio
async def test_a_live_feed_is_played_as_the_market() -> None:
    """The feed is that of another local exchange: real frames, and no network."""
    source = EmulatorConfig(symbols=("ETH", "BTC"), limits=GENEROUS, warm_up_s=5)
    async with Emulator(source) as venue:
        paper = EmulatorConfig(symbols=("BTC",), live=venue.url, warm_up_s=0, limits=GENEROUS)
        async with Emulator(paper) as local, asyncio.timeout(10):
            while not (local.desk.trades[0] and local.desk.book(local.desk.coins[0], 1)["bids"]):
                await asyncio.sleep(0.01)
            assert local.feed.refused == 0
            shown = local.desk.mark(local.desk.coins[0])
            assert shown == pytest.approx(venue.desk.mark(venue.desk.coins[1]), rel=0.01)


def test_a_tape_is_played_from_its_first_row(tmp_path: Path) -> None:
    made = ["data", "synth", "--symbol", "SOL", "--hours", "0.02", "--store", str(tmp_path), "-q"]
    assert run(made) == 0
    (tape,) = tmp_path.rglob("*.parquet")
    with started("--port", "0", "--json", "--speed", "10", "--tape", str(tape)) as process:
        url = greeting(process)["url"]
        meta = requests.post(f"{url}/info", json={"type": "meta"}, timeout=5).json()
        assert [row["name"] for row in meta["universe"]] == ["SOL"]
        book = requests.post(
            f"{url}/info", json={"type": "l2Book", "coin": "SOL"}, timeout=5
        ).json()
        assert book["levels"][0]
        ended(process)
