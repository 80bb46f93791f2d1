"""Daemon limit tests — a process without memory, files or progress, or stopped with its guard.

Whole processes; the exchange says when its book is empty.
"""

from __future__ import annotations

import resource
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from botmm.clock import SystemClock
from botmm.live.selfwatch import FILES_KEPT
from tests.fakes.processes import (
    ACCOUNT,
    DAEMON,
    SECONDS,
    UNLIMITED,
    Exchange,
    exchange,
    guard,
    guards_key,
    python,
    settings,
    trader,
    wait_until,
)
from tests.fakes.signed import order

EMPTY_S = 5.0
# What goes wrong on SIGWINCH, which nothing else uses.
DEADLOCK = """
import ctypes, signal

# A call through PyDLL keeps the interpreter's lock.
signal.signal(signal.SIGWINCH, lambda *_: ctypes.PyDLL(None).sleep(60))
"""
LEAK = """
import signal

kept = []

def leak(*_):
    for size in (1 << 20, 1 << 10):
        try:
            while True:
                kept.append(bytearray(size))
        except MemoryError:
            pass

signal.signal(signal.SIGWINCH, leak)
"""
SWITCH = """
import functools
import botmm.live.__main__ as entry
from botmm.live import top
from botmm.live.deadman import Pace

entry.Deadman = functools.partial(entry.Deadman, pace=Pace(ahead_s=6.0, every_s=0.5))
top.daemon()
"""


@pytest.fixture(scope="module")
def there() -> Iterator[Exchange]:
    with exchange(UNLIMITED) as one:
        yield one


def plant(there: Exchange) -> None:
    """Send an order that nothing but a guard's cancel takes away."""
    far = there.send(order("80000"), nonce=int(SystemClock().now()) // 1_000_000 + 1_000)
    assert far["status"] == "ok", far


def empty_after(there: Exchange, seconds: float) -> float:
    """Wait until nothing rests; return how long that took."""
    clock = SystemClock()
    began = clock.monotonic()
    wait_until(lambda: there.audit()["open"] == 0, "an empty book", seconds)
    return clock.monotonic() - began


@pytest.mark.parametrize("planted", [DEADLOCK, LEAK], ids=["deadlock", "leak"])
def test_a_daemon_without_progress_or_memory_ends_and_the_guard_empties_the_book(
    there: Exchange, folder: Path, planted: str
) -> None:
    with (
        trader(there, folder, code=planted + DAEMON) as one,
        guard(there, folder, guards_key(there)) as watching,
    ):
        watching()
        one.quoting()
        pages = int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (64 << 20)
        resource.prlimit(one.process.pid, resource.RLIMIT_AS, (most, most))
        one.process.send_signal(signal.SIGWINCH)
        plant(there)
        took_s = empty_after(there, 2 * EMPTY_S)
        _, words = one.process.communicate(timeout=SECONDS)
        print(f"empty after {took_s:.1f} s, code {one.process.returncode}")
        assert one.process.returncode != 0
        assert took_s < EMPTY_S
        if planted == DEADLOCK:
            assert "Timeout" in words
            assert "sleep" in words or "<lambda>" in words, "the stacks are told"


def test_a_daemon_that_runs_out_of_files_withdraws_and_ends(there: Exchange, folder: Path) -> None:
    with trader(there, folder) as one:
        one.quoting()
        wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
        count = len(list(Path(f"/proc/{one.process.pid}/fd").iterdir()))
        most = count + FILES_KEPT - 4
        resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (most, most))
        _, words = one.process.communicate(timeout=SECONDS)
        assert there.audit()["open"] == 0
        assert one.process.returncode == 1
        assert f"of {most} files are open" in words


def test_a_configuration_that_is_wrong_sends_nothing(there: Exchange, folder: Path) -> None:
    accepted = there.audit()["accepted"]
    wrong = ("num_levles=2", "order_size_usd=-5", "live.leverage=0")
    state = settings(there.url, folder)
    started = [python(DAEMON, "--paper", *state, "--set", words) for words in wrong]
    try:
        for process in started:
            _, words = process.communicate(timeout=SECONDS)
            assert process.returncode == 2, words
    finally:
        for process in started:
            process.kill()
    assert there.audit()["accepted"] == accepted


def test_the_venues_switch_covers_a_daemon_and_a_guard_that_both_stopped(folder: Path) -> None:
    with exchange(UNLIMITED) as there:
        there.control(do="limits", user=ACCOUNT.address, volume_usd="2000000")
        with (
            trader(there, folder, code=SWITCH) as one,
            guard(there, folder, guards_key(there)) as watching,
        ):
            watching()
            one.quoting()
            wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
            watching.process.send_signal(signal.SIGSTOP)
            one.process.send_signal(signal.SIGSTOP)
            took_s = empty_after(there, 10)
            assert took_s < 8


def test_a_guard_elsewhere_covers_a_daemon_and_a_guard_that_both_stopped(
    folder: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", "from botmm.cli import main; main()", "beats", "--state"]
    beats = shlex.join([*words, str(folder)])
    with exchange(UNLIMITED) as there:
        key = guards_key(there, "elsewhere")
        far = guard(there, tmp_path, key, python, "--beats", beats, "--after", "3")
        with (
            trader(there, folder) as one,
            guard(there, folder, guards_key(there)) as near,
            far as elsewhere,
        ):
            near()
            one.quoting()
            elsewhere()
            wait_until(lambda: (tmp_path / "heartbeat").exists(), "its beats are heard")
            near.process.send_signal(signal.SIGSTOP)
            one.process.send_signal(signal.SIGSTOP)
            plant(there)
            took_s = empty_after(there, 20)
            assert took_s < 12
