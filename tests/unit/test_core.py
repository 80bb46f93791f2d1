"""Core — a core of another version than the package is refused by every program."""

from __future__ import annotations

import subprocess
import sys

import pytest

MIXED = "import botmm, sys; botmm.__version__ = '0.0.9'; sys.argv[1:] = {words}; {start}"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("from botmm.cli import main; main()", ["replay"]),
        ("from botmm.live.top import daemon; daemon()", ["--paper"]),
    ],
)
def test_a_core_of_another_version_is_refused(tmp_path, start, words):
    code = MIXED.format(words=words, start=start)
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert found.returncode != 0, found.stdout
    assert "the core is version" in found.stderr, found.stderr
    assert "make build" in found.stderr
    assert "Traceback" not in found.stderr
