"""Logging — records go to stderr, as JSON where asked, and below the level nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botmm.observe.logging import logger, set_up


def test_json_records(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(level="info", as_json=True)
    logger("test").debug("hidden")
    logger("test").info("tape read", rows=3)
    captured = capsys.readouterr()
    assert captured.out == ""
    record = json.loads(captured.err)
    assert (record["event"], record["rows"], record["level"]) == ("tape read", 3, "info")


PROGRAM = """
import logging, sys
from botmm.observe.logging import logger, set_up
set_up(level="info")
logger("x").error("a record")
logging.getLogger("lib").error("another")
sys.stderr.close()
logger("x").error("a record")
open(sys.argv[1], "w").close()
"""


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    done = tmp_path / "done"
    read, write = os.pipe()
    os.close(read)  # the reader has left
    for sink in (write, os.open("/dev/full", os.O_WRONLY)):
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(done)], stderr=sink, timeout=30, check=False
        )
        os.close(sink)
        assert done.exists()
        done.unlink()
