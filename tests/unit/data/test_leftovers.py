"""Leftovers — only what a dead process left goes away."""

import os
import subprocess
import sys
from pathlib import Path

from botmm.data.leftovers import sweep


def _dead() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_only_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    dead = _dead()
    gone = [f"a.parquet.tmp-{dead}-0", f"b.tmp-{dead}"]
    kept = [f"a.parquet.tmp-{os.getpid()}-0", "a.parquet", "notes.tmp-mine", ".tmp-"]
    for name in [*gone, *kept]:
        (tmp_path / name).write_text("x")
    (tmp_path / f"run.tmp-{dead}").mkdir()
    (tmp_path / f"run.tmp-{dead}" / "orders.parquet").write_text("x")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_name_leaves_the_others_alone(tmp_path: Path) -> None:
    dead = _dead()
    for name in (f"run.tmp-{dead}", f"run2.tmp-{dead}"):
        (tmp_path / name).write_text("x")
    sweep(tmp_path, "run")
    assert [path.name for path in tmp_path.iterdir()] == [f"run2.tmp-{dead}"]


def test_a_folder_that_is_not_there_is_swept(tmp_path: Path) -> None:
    sweep(tmp_path / "none")
