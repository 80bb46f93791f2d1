"""Keyframes — states of a run on its way, from which any moment of it is reached quickly again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botmm.research.tables import KEYFRAMES

EVERY_ROWS = 5_000_000
"""Rows of tape between two: some seconds of playing."""
FILE = f"{KEYFRAMES}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """A run after everything up to a time, as `Replay.save` gave it."""

    ts: int
    state: bytes


def is_due(before: int, rows: int) -> bool:
    """Whether a state is to be kept between two numbers of rows."""
    return before // EVERY_ROWS < rows // EVERY_ROWS


def columns(frames: Mapping[int, bytes]) -> dict[str, Any]:
    """Return states by their times as columns of a table."""
    import numpy as np

    states = np.array([*frames.values(), b""], dtype=object)[:-1]
    return {"ts": np.array(list(frames), dtype=np.int64), "state": states}


def nearest(folder: Path, ts: int) -> Keyframe | None:
    """Return the last keyframe of a run that is not after a time; None where there is none."""
    from pyarrow import parquet

    with parquet.ParquetFile(folder / FILE) as file:
        times = file.read(["ts"])["ts"].to_pylist()
        early = [row for row, at in enumerate(times) if at <= ts]
        if not early:
            return None
        # A row is a group, so that nothing of the others is read.
        state = file.read_row_group(early[-1], ["state"])["state"][0].as_py()
        return Keyframe(ts=times[early[-1]], state=state)
