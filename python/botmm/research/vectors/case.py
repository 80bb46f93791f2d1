"""Case — one comparison, and the vector file it comes from."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


class Case(NamedTuple):
    """What one case gave and what it should."""

    name: str
    got: Any
    wanted: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One top-level key of a vector file, and the file around it."""

    name: str
    value: Any
    file: Mapping[str, Any]
    folder: Path

    def table(self, name: str) -> dict[str, F64]:
        """Return the columns of a CSV file beside the vector file; an empty cell is not a number.

        Raises:
            OSError, ValueError: it cannot be read, or holds something other than numbers.
        """
        with (self.folder / name).open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            head = next(rows, [])
            values = np.array([[float(cell or "nan") for cell in row] for row in rows])
        if values.ndim != 2 or values.shape[1] != len(head):
            raise ValueError(f"{name}: no rows of {len(head)} columns")
        return {column: np.ascontiguousarray(values[:, at]) for at, column in enumerate(head)}


# Looks at a key and yields its cases.
Runner = Callable[[Key], Iterator[Case]]
# File, key as a regular expression, and who runs it.
Table = tuple[tuple[str, str, Runner], ...]


def array(values: Any) -> F64:
    """Return numbers as a contiguous array."""
    return np.ascontiguousarray(values, dtype=np.float64)


def each(rows: Any) -> Iterator[tuple[str, Any]]:
    """Yield each row of a list with its name: its own, or its place."""
    for at, row in enumerate(rows):
        yield str(row["name"]) if "name" in row else f"#{at}", row
