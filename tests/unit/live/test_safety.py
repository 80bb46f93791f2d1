"""Safety tests — latches, lock, arming, secrets and the heartbeat do what they promise."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from botmm.clock import ManualClock, SystemClock
from botmm.errors import ConfigError, RiskStopError, UsageError
from botmm.live import heartbeat
from botmm.live.arm import check_arm, disarm, write_arm
from botmm.live.heartbeat import Heartbeat, Life
from botmm.live.latches import Latches, phrase
from botmm.live.lock import Lock
from botmm.live.secrets import agent_key
from botmm.store.state import StateStore

KEY = "ab" * 32


def test_a_latch_outlives_restarts_and_only_its_phrase_lifts_it(tmp_path):
    path, clock = tmp_path / "s.sqlite", ManualClock(5)
    for reason in ("first", "second"):
        store = StateStore(path)
        Latches(store, clock).set("KILLED", reason, who="me")
        store.close()
    latches = Latches(StateStore(path), clock)
    with pytest.raises(RiskStopError, match="KILLED by me: first"):
        latches.require_clear()
    with pytest.raises(UsageError):
        latches.clear("KILLED", typed="yes")
    assert latches.active()
    latches.clear("KILLED", typed=phrase("KILLED"))
    latches.require_clear()


HOLDER = """
import sys
from pathlib import Path
from botmm.live.lock import Lock
Lock(Path(sys.argv[1]), "0xAB").acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match=str(child.pid)):
        Lock(tmp_path, "0xab").acquire()
    with Lock(tmp_path, "0xcd"):
        pass
    child.kill()
    child.wait(10)
    with Lock(tmp_path, "0xab"):
        pass


def test_arming_is_for_one_account_here_and_for_a_time(tmp_path):
    path, clock = tmp_path / "arm", ManualClock(10**18)
    with pytest.raises(UsageError):
        write_arm(path, "0xab", typed="0xac", hours=1, clock=clock)
    with pytest.raises(RiskStopError):
        check_arm(path, "0xab", clock)
    write_arm(path, "0xab", typed="0xab", hours=1, clock=clock)
    assert path.stat().st_mode & 0o777 == 0o600
    assert check_arm(path, "0xab", clock).account == "0xab"
    with pytest.raises(RiskStopError, match="armed for"):
        check_arm(path, "0xcd", clock)
    clock.advance(3600)
    with pytest.raises(RiskStopError, match="expired"):
        check_arm(path, "0xab", clock)
    write_arm(path, "0xab", typed="0xab", hours=1, clock=clock)
    text = path.read_text()
    path.write_text(text.replace('"host": "', '"host": "other-'))
    with pytest.raises(RiskStopError, match="armed on other-"):
        check_arm(path, "0xab", clock)
    path.write_text(text)
    path.chmod(0o644)
    with pytest.raises(RiskStopError, match="open to other users"):
        check_arm(path, "0xab", clock)
    disarm(path)
    disarm(path)
    with pytest.raises(RiskStopError):
        check_arm(path, "0xab", clock)


def test_the_key_comes_from_credentials_then_environment_then_a_private_file(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"# keys\nexport BOTMM_AGENT_KEY='0x{KEY}'\n")
    dotenv.chmod(0o600)
    assert agent_key(environ={}, dotenv=dotenv).reveal() == KEY
    other = {"BOTMM_AGENT_KEY": "cd" * 32}
    assert agent_key(environ=other, dotenv=dotenv).reveal() == "cd" * 32
    credential = tmp_path / "botmm_agent_key"
    credential.write_text("ef" * 32 + "\n")
    credential.chmod(0o400)
    with_folder = other | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert agent_key(environ=with_folder, dotenv=dotenv).reveal() == "ef" * 32
    credential.chmod(0o440)  # how an access list of systemd shows
    assert agent_key(environ=with_folder, dotenv=dotenv).reveal() == "ef" * 32
    for mode in (0o404, 0o460, 0o444):
        credential.chmod(mode)
        with pytest.raises(ConfigError, match="open to other users"):
            agent_key(environ=with_folder, dotenv=dotenv)
    dotenv.chmod(0o640)
    with pytest.raises(ConfigError, match="open to other users"):
        agent_key(environ={}, dotenv=dotenv)


@pytest.mark.parametrize("text", ["", KEY[:-1], KEY + "a", "g" * 64, KEY + "\x00"])
def test_a_malformed_key_is_refused_and_not_shown(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        agent_key(environ={"BOTMM_AGENT_KEY": text}, dotenv=tmp_path / "none")
    assert not text or text not in str(caught.value)


def test_a_secret_shows_nowhere():
    secret = agent_key(environ={"BOTMM_AGENT_KEY": KEY})
    assert KEY not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_heartbeat_has_an_age_and_an_end(tmp_path):
    path, clock = tmp_path / "beat", ManualClock(10**12)
    assert heartbeat.read(path) is None
    beat = Heartbeat(path, clock)
    clock.advance(3)
    found = heartbeat.read(path)
    assert found is not None
    assert found.age_s(clock) == pytest.approx(3)
    beat.beat()
    found = heartbeat.read(path)
    assert found is not None
    assert (found.life, found.pid) == (Life.RUNNING, os.getpid())
    assert found.age_s(clock) == pytest.approx(0)
    clock.ns = 10**10  # the machine started anew
    assert found.age_s(clock) == float("inf")
    beat.stop()
    found = heartbeat.read(path)
    assert found is not None
    assert found.life is Life.STOPPED
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert heartbeat.read(path) is None


def test_the_system_clock_gives_young_beats(tmp_path):
    Heartbeat(tmp_path / "beat", SystemClock())
    found = heartbeat.read(tmp_path / "beat")
    assert found is not None
    assert 0 <= found.age_s(SystemClock()) < 5
