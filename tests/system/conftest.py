"""Conftest — fixtures that the system tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder whose path is short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="bm"))
    yield made
    shutil.rmtree(made)
