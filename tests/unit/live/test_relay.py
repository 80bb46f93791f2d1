"""Relay tests — beats of another machine are heard once each, and silence stays silence."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from botmm.clock import ManualClock, SystemClock
from botmm.errors import ConfigError
from botmm.live import heartbeat, relay
from botmm.live.guard_main import guard
from botmm.live.heartbeat import Heartbeat, Life
from botmm.live.relay import Relay, line


def test_a_fresh_beat_is_passed_on_an_old_one_is_not_and_an_end_always(tmp_path: Path) -> None:
    clock = ManualClock()
    assert line(tmp_path, clock) is None
    heart = Heartbeat(tmp_path / "heartbeat", clock)
    assert line(tmp_path, clock) == "running 1"
    clock.advance(2.1)
    assert line(tmp_path, clock) is None
    heart.stop()
    clock.advance(60.0)
    assert line(tmp_path, clock) == "stopped 2"


async def heard(tmp_path: Path, text: str, seconds: float = 10.0) -> Life | None:
    """Return what the guard would read once a command has said this, or None in the end."""
    said = shlex.join([sys.executable, "-c", f"print({text!r}, flush=True); input()"])
    far = asyncio.create_task(Relay(said, tmp_path, SystemClock()).run())
    try:
        async with asyncio.timeout(seconds):
            while (beat := heartbeat.read(tmp_path / "heartbeat")) is None:
                await asyncio.sleep(0.01)
            return beat.life
    except TimeoutError:
        return None
    finally:
        far.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await far


def test_a_line_is_a_beat_and_an_end_is_an_end(tmp_path: Path) -> None:
    far = Relay("true", tmp_path, SystemClock())
    for said, beats in (("running 7", 1), ("running 7", 1), ("noise", 1), ("running 9", 2)):
        far._take(said)
        beat = heartbeat.read(tmp_path / "heartbeat")
        assert beat is not None
        assert (beat.life, beat.beats) == (Life.RUNNING, beats)
    far._take("stopped 10")
    beat = heartbeat.read(tmp_path / "heartbeat")
    assert beat is not None
    assert beat.life is Life.STOPPED


def test_after_a_restart_a_daemon_that_was_heard_has_time_to_be_heard_again(tmp_path: Path) -> None:
    clock = ManualClock(ns=100 * 10**9)
    Heartbeat(tmp_path / "heartbeat", clock)
    clock.advance(3_600.0)
    with contextlib.suppress(TimeoutError):
        asyncio.run(asyncio.wait_for(Relay("sleep 9", tmp_path, clock).run(), 0.1))
    beat = heartbeat.read(tmp_path / "heartbeat")
    assert beat is not None
    assert beat.age_s(clock) == 0.0


def test_what_a_command_says_is_heard_and_noise_is_not(tmp_path: Path) -> None:
    assert asyncio.run(heard(tmp_path, "running 3")) is Life.RUNNING
    (tmp_path / "heartbeat").unlink()
    assert asyncio.run(heard(tmp_path, "Permission denied" * 500, 0.5)) is None


def test_a_command_that_ends_or_is_not_there_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "AGAIN_S", 0.0)
    starts = tmp_path / "starts"
    starts.mkdir()

    async def watched() -> None:
        command = f"mktemp -p {starts}"
        far = asyncio.create_task(Relay(command, tmp_path, SystemClock()).run())
        async with asyncio.timeout(10.0):
            while len(list(starts.iterdir())) < 3:
                await asyncio.sleep(0.01)
        far.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await far

    asyncio.run(watched())
    nowhere = Relay("/nonexistent/ssh host", tmp_path, SystemClock())
    with contextlib.suppress(TimeoutError):
        asyncio.run(asyncio.wait_for(nowhere.run(), 0.05))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--beats", "ssh host", "--max-loss", "5"], "--max-loss with --beats"),
        (["--beats", " "], "empty"),
    ],
)
def test_a_guard_elsewhere_refuses_what_it_cannot_do(words: list[str], said: str) -> None:
    account = 'live.account="0x' + "ab" * 20 + '"'
    asked = ["--set", account, "--agent", "0x" + "cd" * 20, *words]
    done = CliRunner().invoke(guard, asked)
    assert isinstance(done.exception, ConfigError)
    assert said in done.exception.message
