"""Guard drill — the daemon dies or hangs with live orders; the guard's own key empties the book."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from botmm.clock import SystemClock
from botmm.live import heartbeat
from tests.fakes.nursery import nursery
from tests.fakes.processes import (
    ACCOUNT,
    UNLIMITED,
    Exchange,
    Start,
    exchange,
    guard,
    guards_key,
    trader,
    wait_until,
)
from tests.fakes.signed import order
from tests.fakes.tiers import NIGHTLY

TRIALS = 200 if NIGHTLY else 3
MOST_S = 5.0


def trial(there: Exchange, env: dict[str, str], number: signal.Signals, start: Start) -> float:
    """Return the seconds from the last heartbeat to an empty book."""
    folder = Path(tempfile.mkdtemp(prefix="bm"))
    try:
        with (
            trader(there, folder, start) as one,
            guard(there, folder, env, start) as watching,
        ):
            watching()
            one.quoting()
            wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
            one.process.send_signal(number)
            last = heartbeat.read(folder / "heartbeat")
            assert last is not None
            # The daemon's last cancels may be on their way: this one is left to the guard alone.
            # It signs with the daemon's key: its nonce has to be beyond the last that was used.
            nonce = int(SystemClock().now()) // 1_000_000 + 1_000
            reply = there.send(order("80000"), nonce=nonce)
            assert reply["status"] == "ok", reply
            assert there.audit()["open"] >= 1
            wait_until(lambda: there.audit()["open"] == 0, "an empty book", 10)
            age = last.age_s(SystemClock())
            assert (folder / "guard.json").exists()
            return age
    finally:
        shutil.rmtree(folder)


def drills(count: int, folder: Path) -> Iterator[float]:
    """Yield the time of each trial; every second daemon hangs instead of dying."""
    with exchange(UNLIMITED) as there, nursery(folder) as start:
        # Requests for all trials, and no switch of the venue's own.
        there.control(do="limits", user=ACCOUNT.address, volume_usd="900000")
        env = guards_key(there)
        for number in range(count):
            yield trial(there, env, (signal.SIGKILL, signal.SIGSTOP)[number % 2], start)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_guard_empties_the_book_of_a_daemon_that_is_dead_or_hangs(tmp_path: Path) -> None:
    times = list(drills(TRIALS, tmp_path))
    p50, p99 = np.percentile(times, [50, 99])
    print(f"{len(times)} trials: p50 {p50:.2f} s, p99 {p99:.2f} s, most {max(times):.2f} s")
    assert len(times) == TRIALS
    assert max(times) < MOST_S
