"""Control tests — the commands reach a daemon, and say what to do where there is none."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from botmm.cli import run
from botmm.live.control import ControlServer

STATUS = {
    "state": "quoting", "mode": "paper", "holds": [], "equity_usd": 1.5, "answer_ms": {},
    "symbols": [
        {"symbol": "[red]BTC", "state": "quoting", "position": "0.1", "net_usd": None,
         "quotes": [{"side": "bid", "px": "100", "left": "0.2", "state": "working"}], "age_s": 0.25},
    ],
}  # fmt: skip


class Tty(io.StringIO):
    """A terminal on which nobody types."""

    def isatty(self) -> bool:
        return True


class Daemon:
    """Controls in a loop of their own thread."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def status(self) -> Mapping[str, Any]:
        return STATUS

    def pause(self, *, who: str) -> None:
        self.made.append("pause")

    def resume(self, *, who: str, typed: Sequence[str]) -> None:
        self.made.append("resume " + " and ".join(typed))

    def kill(self, reason: str, *, who: str) -> None:
        self.made.append(f"kill {reason}")

    def flatten(self, *, who: str) -> None:
        self.made.append("flatten")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A child process would be slower; the signal is tested with the server itself."""
    made, ready = Daemon(), threading.Event()
    server = ControlServer(tmp_path, made, signals=False)
    loop = asyncio.new_event_loop()

    def serve() -> None:
        loop.run_until_complete(server.start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(server.stop())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(5)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def test_status_is_shown_as_text_and_as_json(daemon, tmp_path, capsys):
    assert run(["status", "--once", "--state", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "[red]BTC" in text  # a name is never markup
    assert "bid 100" in text
    assert run(["status", "--json", "--state", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_each_command_reaches_the_daemon(daemon, tmp_path):
    state = ["--state", str(tmp_path)]
    assert run(["pause", *state]) == 0
    assert run(["resume", *state, "--lift", "lift KILLED", "--lift", "lift HALTED"]) == 0
    assert run(["kill", *state, "--reason", "odd"]) == 0
    assert run(["flatten", *state, "--yes"]) == 0
    assert daemon.made == ["pause", "resume lift KILLED and lift HALTED", "kill odd", "flatten"]


def test_without_a_daemon_kill_leaves_the_file_that_kills(tmp_path, capsys):
    assert run(["status", "--state", str(tmp_path)]) == 4
    assert run(["kill", "--state", str(tmp_path)]) == 4
    assert (tmp_path / "KILL").exists()
    assert "KILL" in capsys.readouterr().err


def test_arming_asks_a_person(tmp_path, capsys):
    account = "0x" + "ab" * 20
    words = ["arm", "--state", str(tmp_path), "--set", f"live.account='{account}'"]
    assert run(words) == 2
    assert "terminal" in capsys.readouterr().err
    assert not (tmp_path / "arm.json").exists()


def test_arming_is_refused_while_doctor_finds_what_has_to_be_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Tty())
    monkeypatch.chdir(tmp_path)
    words = ["arm", "--set", f"live.account='0x{'ab' * 20}'", "--set", "live.mode=mainnet"]
    assert run(words) == 7
    said = capsys.readouterr()
    assert "not set: live.agent" in said.out
    assert "not armed; failed:" in said.err
    assert not (tmp_path / "state" / "arm.json").exists()
