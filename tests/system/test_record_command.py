"""Record command tests — a local exchange, a recorder, tapes and a replay in a row, as a newcomer does it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from botmm.cli import run
from botmm.clock import SystemClock
from botmm.data.capture import Writer
from botmm.exchanges.emulator import EmulatorConfig
from tests.conftest import ROOT
from tests.fakes.emulator_thread import GENEROUS, RunningEmulator
from tests.fakes.processes import wait_until

STOP_S = 2.0
RSS_MB = 72
"""The aim is 80 while a segment is sealed, which takes 12 more; reading the configuration took 15."""


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningEmulator]:
    running = RunningEmulator(
        EmulatorConfig(symbols=("BTC", "ETH"), port=0, speed=4.0, limits=GENEROUS)
    )
    running.start()
    yield running
    running.stop()


def recorder(venue: RunningEmulator, store: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from botmm.cli.record import main; main()",
         "--url", venue.url, "--store", str(store), *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )  # fmt: skip


def megabytes(process: subprocess.Popen[str]) -> float:
    words = Path(f"/proc/{process.pid}/status").read_text().split()
    return int(words[words.index("VmHWM:") + 1]) / 1024


def delayed_s(process: subprocess.Popen[str]) -> float:
    """Return how long its threads were ready to run while others had the processor."""
    waits = 0
    for path in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            waits += int(path.read_text().split()[1])
    return waits / 1e9


def stopped(process: subprocess.Popen[str]) -> tuple[float, str]:
    """Stop a recorder; return the seconds that it took, a busy machine's share taken out, and its words."""
    began, before = time.monotonic(), delayed_s(process)
    last = before
    process.send_signal(signal.SIGTERM)
    while process.poll() is None and time.monotonic() - began < 30:
        last = max(last, delayed_s(process))
        time.sleep(0.01)
    took = time.monotonic() - began - (last - before)
    return took, process.communicate(timeout=20)[1]


def status(store: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(
            (store / "capture" / "hyperliquid" / "status.json").read_text()
        )
    except (OSError, ValueError):
        return {}
    return found


def heard(store: Path, channels: set[str], least: int = 1) -> bool:
    rows = status(store).get("streams", [])
    return {row["channel"] for row in rows if row["frames"] >= least} >= channels


def test_record_verify_compact_and_replay_in_a_row(venue, tmp_path, capsys):
    process = recorder(
        venue, tmp_path, "--symbols", "BTC", "eth", "--redundant", "--poll-book", "1"
    )
    channels = {"fast", "l2Book", "bbo", "trades", "activeAssetCtx", "polled"}
    wait_until(lambda: heard(tmp_path, channels, 2), "every channel", 30)
    assert run(["data", "watch", "--store", str(tmp_path), "--json"]) == 0
    (seen,) = json.loads(capsys.readouterr().out)
    assert seen["alive"]
    assert seen["symbols"] == ["BTC", "ETH"]
    assert seen["not_heard"] == []
    took, told = stopped(process)
    assert took < STOP_S
    assert process.returncode == 0, told
    assert "botmm data compact" in told
    assert run(["data", "verify", "--store", str(tmp_path), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["sound"]
    assert report["damage"] == []
    assert report["records"] > 50
    assert report["unexplained"] == []
    assert run(["data", "compact", "--store", str(tmp_path), "--json"]) == 0
    tapes = json.loads(capsys.readouterr().out)["written"]
    assert {(one["symbol"], one["tier"]) for one in tapes} == {("BTC", "C"), ("ETH", "C")}
    place = ["--symbol", "BTC", "--store", str(tmp_path)]
    assert run(["replay", *place, "--out", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_venue_that_goes_away_is_a_gap_with_its_cause(venue, tmp_path):
    process = recorder(venue, tmp_path, "--symbols", "BTC")
    wait_until(lambda: heard(tmp_path, {"fast", "l2Book"}), "books", 30)
    venue.control(do="drop")
    wait_until(lambda: status(tmp_path).get("gaps", 0) >= 1, "a gap", 30)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "ConnectionClosed" in status(tmp_path)["last_gap"]


def test_a_recorder_is_small_where_the_configuration_names_its_store(venue, tmp_path):
    (tmp_path / "botmm.toml").write_text('schema_version = 1\n[store]\ndir = "kept"\n')
    process = subprocess.Popen(
        [sys.executable, "-c", "from botmm.cli.record import main; main()", "--symbols", "BTC", "ETH",
         "--url", venue.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )  # fmt: skip
    wait_until(lambda: heard(tmp_path / "kept", {"fast", "l2Book", "bbo"}, 2), "books", 30)
    most = megabytes(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert 30 < most < RSS_MB


def test_a_configuration_that_is_wrong_ends_the_recorder_at_once(tmp_path):
    (tmp_path / "botmm.toml").write_text('schema_version = 1\n[store]\ndri = "kept"\n')
    done = subprocess.run(
        [sys.executable, "-c", "from botmm.cli.record import main; main()", "--symbols", "BTC"],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=30, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )  # fmt: skip
    assert done.returncode == 2
    assert "did you mean store.dir?" in done.stderr


def test_a_stop_while_a_segment_is_sealed_waits_for_no_end_of_it(venue, tmp_path):
    folder = tmp_path / "capture" / "hyperliquid"
    folder.mkdir(parents=True)
    writer = Writer(tmp_path / "killed", SystemClock(), about={"what": "recording"})
    for number in range(80_000):
        writer.append(1, number, random.randbytes(320).hex().encode())
    writer.flush()
    (left,) = (tmp_path / "killed").glob("*.open")
    shutil.copy(left, folder)
    writer.close()
    process = recorder(venue, tmp_path, "--symbols", "BTC")
    wait_until(lambda: list(folder.glob("*.tmp-*")), "a segment being sealed", 30)
    took, told = stopped(process)
    assert took < STOP_S
    assert process.returncode == 0, told
    assert (folder / left.name).exists(), "it was sealed before the signal came"


def test_a_stop_before_the_venue_answers_ends_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        process = subprocess.Popen(
            [sys.executable, "-c", "from botmm.cli.record import main; main()", "--symbols", "BTC",
             "--url", f"http://127.0.0.1:{mute.getsockname()[1]}", "--store", str(tmp_path)],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
        )  # fmt: skip
        mute.settimeout(30)
        mute.accept()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=8)
    assert process.returncode == 130
    assert "stopped before the venue answered" in told


def test_a_name_that_is_not_listed_says_which_is(venue, tmp_path, capsys):
    wrong = ["record", "--symbols", "BTX", "--url", venue.url, "--store", str(tmp_path)]
    assert run(wrong) == 2
    assert "did you mean BTC?" in capsys.readouterr().err
    assert not (tmp_path / "capture").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "name symbols"),
        (["--symbols", "BTC", "--for", "5"], "30s, 5m or 12h"),
        (["--symbols", "BTC", "--venue", "nasdaq"], "is not recorded"),
        (["--symbols", "BTC", "--url", "http://example.com"], "127.0.0.1"),
    ],
)
def test_wrong_options_are_named_with_a_cure(tmp_path, capsys, options, words):
    assert run(["record", *options, "--store", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
