"""Nursery — processes that begin with everything imported: forks of one that does nothing else.

A Python process spends a second or two of a processor on its imports alone; drills that start
hundreds of them would measure little else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.fakes.processes import SECONDS, wait_until

CODE = """
import json, os, signal, sys, traceback
import aiohttp, eth_account, uvloop, websockets.asyncio.client
import botmm.exchanges.emulator, botmm.live.__main__, botmm.live.guard_main

def child(code, arguments, env, out):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    said = os.open(out, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(said, 1), os.dup2(said, 2)
    os.environ.update(env)
    sys.argv[1:] = arguments
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
print(0, flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        end = child(*json.loads(line))
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(end)
    print(pid, flush=True)
"""


@dataclass(frozen=True)
class Forked:
    """A process of the nursery, with what the drills use of `subprocess.Popen`."""

    pid: int
    said: Path

    def poll(self) -> int | None:
        """Return None while it lives."""
        return None if Path(f"/proc/{self.pid}").exists() else 1

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, where it lives."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = SECONDS) -> int:
        """Wait for its end."""
        wait_until(lambda: self.poll() is not None, "the end of a process", timeout)
        return 1

    def communicate(self, timeout: float = SECONDS) -> tuple[str, str]:
        """Wait for its end; return what it said."""
        self.wait(timeout)
        return self.said.read_text(), ""


class Nursery:
    """Starts processes as `processes.python` does."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        """Take the process that forks, and where its children's words go."""
        self._process, self._folder = process, folder
        self._count = 0

    def __call__(self, code: str, *arguments: str, env: dict[str, str] | None = None) -> Forked:
        """Start code in a process of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = self._folder / f"{self._count}.txt"
        self._count += 1
        self._process.stdin.write(json.dumps([code, arguments, env or {}, str(said)]) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()), said)


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """Run a nursery; its children outlive it."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the nursery did not begin"
        yield Nursery(process, folder)
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)
