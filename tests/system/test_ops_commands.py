"""Ops command tests — the monitor against a venue and an alert target on loopback, as the timer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from botmm.clock import SystemClock
from botmm.data.capture.writer import Writer
from tests.conftest import ROOT

EASY = ("--free-percent", "0", "--inodes-percent", "0", "--memory-mb", "0")


class Loopback(ThreadingHTTPServer):
    """A venue that knows its time, and a target that keeps what it is told."""

    told: list[str]
    refuse = False
    late_ms = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Answer(BaseHTTPRequestHandler):
    """Answers both, by path."""

    server: Loopback

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply: dict[str, Any] = {}
        if self.path == "/info":
            reply = {"time": int(SystemClock().now()) // 10**6 + self.server.late_ms}
        elif not self.server.refuse:
            self.server.told.append(f"{body['title']}: {body['message']}")
        self.send_response(500 if self.server.refuse else 200)
        self.end_headers()
        self.wfile.write(json.dumps(reply).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Yield the server while it answers."""
    server = Loopback(("127.0.0.1", 0), Answer)
    server.told = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def command(folder: Path) -> Path:
    """Return a `botmm` of this tree, as the scripts are told of one."""
    path = folder / "botmm"
    path.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from botmm.cli import main; main()' \"$@\"\n"
    )
    path.chmod(0o755)
    return path


def monitor(folder: Path, server: Loopback, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as its unit does."""
    arguments = ["--state", str(folder), "--api", f"http://127.0.0.1:{server.port}", *EASY, *more]
    env = {
        **os.environ,
        "BOTMM": str(command(folder)),
        "BOTMM_CAPTURE": str(folder / "capture"),
        "BOTMM_ALERT_URL": f"json://127.0.0.1:{server.port}/alert",
        "PYTHONPATH": f"{ROOT / 'python'}",
    }
    script = ROOT / "deploy" / "monitor.sh"
    return subprocess.run([script, *arguments], capture_output=True, text=True, env=env, timeout=60)


def record(folder: Path) -> None:
    clock = SystemClock()
    writer = Writer(folder / "capture", clock)
    writer.append(1, int(clock.now()), b"{}")
    writer.close()


def test_a_condition_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    with loopback() as server:
        bad = monitor(tmp_path, server)
        assert bad.returncode == 7, bad.stderr
        assert len(server.told) == 1
        assert server.told[0].startswith("P1 freshness: nothing was recorded")
        assert monitor(tmp_path, server).returncode == 7
        assert len(server.told) == 1, "a state is news once"
        record(tmp_path)
        good = monitor(tmp_path, server)
        assert good.returncode == 0, good.stderr
        assert server.told[1:] == ["P3 freshness: freshness is in order again"]


def test_what_could_not_be_told_is_told_by_the_next_run(tmp_path: Path) -> None:
    record(tmp_path)
    with loopback() as server:
        server.refuse = True
        failed = monitor(tmp_path, server)
        assert failed.returncode == 4, "the venue answers 500, and the target too"
        assert "1 of 1 alerts were not sent" in failed.stderr
        server.refuse, server.late_ms = False, 60_000
        assert monitor(tmp_path, server).returncode == 7
        assert len(server.told) == 1
        assert "the clocks differ by +" in server.told[0]
