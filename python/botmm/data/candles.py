"""Candles — one-minute candles from a CSV or Parquet file, for signals that need history.

Columns are `t,o,h,l,c,v`: when the minute opened (Unix milliseconds, or a timestamp), first, highest, lowest
and last price, and what was traded. Minutes may be missing; their order may not be wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("t", "o", "h", "l", "c", "v")
MINUTE_MS = 60_000
# 2001 to 2128: what is outside is in another unit.
TIMES_MS = (1_000_000_000_000, 5_000_000_000_000)
CURE = "it needs one-minute candles with columns t,o,h,l,c,v, t being the open in Unix ms"

Candle = tuple[int, float, float, float, float, float]


def is_candle_file(path: Path) -> bool:
    """Whether a file is meant to hold candles: a CSV, or a Parquet file with their columns."""
    from pyarrow import ArrowException, parquet

    if path.suffix != ".parquet":
        return path.name.endswith((".csv", ".csv.gz"))
    try:
        names: list[str] = parquet.read_schema(path).names
    except (OSError, ArrowException):
        return False
    return set(COLUMNS) <= set(names)


def read_candles(path: Path, *, before_ns: int, most: int) -> list[Candle]:
    """Return the last candles that closed by a time, at most so many.

    Raises:
        DataError: no such file, columns missing, a value that is no price or out of order (with
            file, row and value), or no candle that closed by then.
    """
    table = _table(path)
    rows: list[Candle] = list(zip(*(table[name] for name in COLUMNS), strict=True))
    for number, row in enumerate(rows, start=1):
        _check(path, number, row)
        if number > 1 and row[0] <= rows[number - 2][0]:
            raise DataError(
                f"{path}: row {number}: t = {row[0]} is not later than the row before", cure=CURE
            )
    closed = [row for row in rows if (row[0] + MINUTE_MS) * 1_000_000 <= before_ns]
    if not closed:
        raise DataError(
            f"{path}: none of its {len(rows)} candles closed before the run starts",
            cure="name a file of earlier minutes, or use --warmup auto",
        )
    return closed[-most:]


def _table(path: Path) -> dict[str, list[Any]]:
    """Read the columns as numbers."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not path.is_file():
        raise DataError(f"{path}: no such file", cure=CURE)
    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
        missing = [name for name in COLUMNS if name not in table.column_names]
        if missing:
            raise DataError(f"{path}: no column {', '.join(missing)}", cure=CURE)
        return {name: _column(table.column(name), name) for name in COLUMNS}
    except pa.ArrowException as error:
        raise DataError(f"{path}: {error}", cure=CURE) from None


def _column(column: pa.ChunkedArray, name: str) -> list[Any]:
    """Return a column: times as whole milliseconds, the rest as floats."""
    import pyarrow as pa

    if name != "t":
        return list(column.cast(pa.float64()).to_pylist())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False)
    return list(column.cast(pa.int64()).to_pylist())


def _check(path: Path, number: int, row: tuple[Any, ...]) -> None:
    """Refuse a row that is no candle."""
    t, o, h, low, c, _ = row
    where = f"{path}: row {number}"
    if t is None or not TIMES_MS[0] <= t <= TIMES_MS[1] or t % MINUTE_MS:
        raise DataError(f"{where}: t = {t} is no whole minute in Unix ms", cure=CURE)
    for name, value in zip(COLUMNS[1:], row[1:], strict=True):
        if value is None or not value >= 0 or value == float("inf"):
            raise DataError(f"{where}: {name} = {value} is not a number from 0", cure=CURE)
    if not 0 < low <= min(o, c) <= max(o, c) <= h:
        raise DataError(
            f"{where}: prices are not in order: o {o}, h {h}, l {low}, c {c}", cure=CURE
        )
