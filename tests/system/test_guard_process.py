"""Guard process tests — `botmm-guard` starts without a venue, and ends in order when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from eth_account import Account

from botmm.clock import SystemClock
from botmm.live import heartbeat
from botmm.live.heartbeat import Life

KEY = "5a" * 32


def test_it_runs_beats_and_ends_on_sigterm_without_showing_its_key(tmp_path: Path) -> None:
    env = os.environ | {"BOTMM_GUARD_KEY": KEY, "BOTMM_GUARD_AGENT": Account.from_key(KEY).address}
    account = "'0x" + "ab" * 20 + "'"
    words = [f"live.account={account}", "live.url=http://127.0.0.1:9", f"live.state_dir={tmp_path}"]
    sets = [part for word in words for part in ("--set", word)]
    child = subprocess.Popen(
        [sys.executable, "-c", "from botmm.live.guard import main; main()", *sets],
        env=env, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 20
    try:
        while (beat := heartbeat.read(tmp_path / "guard.beat")) is None or beat.beats < 3:
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < end, "it never beat"
            time.sleep(0.02)
        assert beat.age_s(SystemClock()) < 2
        child.send_signal(signal.SIGUSR2)  # acknowledges, and ends nothing
        seen = beat.beats
        while (beat := heartbeat.read(tmp_path / "guard.beat")) is None or beat.beats < seen + 3:
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < end, "it stopped beating"
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=10)
    finally:
        child.kill()
    assert child.returncode == 0
    assert KEY not in out + err
    last = heartbeat.read(tmp_path / "guard.beat")
    assert last is not None
    assert last.life is Life.STOPPED
