"""Leftovers — what processes that were killed left half-written, and its removal.

Whatever is written first gets a temporary name with the writer's process id, `x.tmp-PID` or
`x.tmp-PID-N`, and its own name by a rename.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

_TEMPORARY = re.compile(r".+\.tmp-(\d+)(-\d+)?")


def left_in(folder: Path, name: str = "") -> list[Path]:
    """Return leftovers in a folder whose process is gone; of one name, where it is given."""
    if not folder.is_dir():
        return []
    found = [(left, _TEMPORARY.fullmatch(left.name)) for left in folder.iterdir()]
    start = f"{name}.tmp-" if name else ""
    return [
        left
        for left, match in found
        if match is not None and left.name.startswith(start) and not _runs(int(match[1]))
    ]


def sweep(folder: Path, name: str = "") -> None:
    """Remove leftovers in a folder whose process is gone; of one name, where it is given."""
    for left in left_in(folder, name):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _runs(pid: int) -> bool:
    """Whether a process runs; where that cannot be asked without harm, it is taken to."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
