"""Import killed — a process that is killed in the middle leaves no tape that is not whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.data import recordings as rec

DEADLINE_S = 60.0


def command(store: Path, source: Path) -> list[str]:
    main = "from botmm.cli import main; main()"
    return [sys.executable, "-c", main, "data", "import", str(source), "--store", str(store)]


def test_import_killed_in_the_middle_goes_on(tmp_path: Path) -> None:
    lines = rec.binance_lines(0, 60_000, snapshot=True)
    source = rec.write_gz(tmp_path / "btcusdt.gz", lines)
    subprocess.run(command(tmp_path / "whole", source), check=True, capture_output=True)
    store = tmp_path / "store"
    running = subprocess.Popen(
        command(store, source), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + DEADLINE_S
    while not list(store.rglob("*.tmp-*")):
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(DEADLINE_S)
    assert not list(store.rglob("*.parquet"))

    subprocess.run(command(store, source), check=True, capture_output=True)
    assert not list(store.rglob("*.tmp-*")), "what was left is swept away"
    (again,), (whole,) = (list(s.rglob("*.parquet")) for s in (store, tmp_path / "whole"))
    assert again.read_bytes() == whole.read_bytes()
