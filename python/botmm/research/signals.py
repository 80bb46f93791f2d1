"""Signals — telling a file of saved signals from other files."""

from __future__ import annotations

from pathlib import Path

_HEAD = b"botmm signals "


def is_signals_file(path: Path) -> bool:
    """Whether a file is one of saved signals, of whatever version."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HEAD)) == _HEAD
