"""Exact — columns of text, integers or floats to integers of a scale, without rounding.

A value that is not a number, negative, or finer than the scale is a named error with its row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botmm.data.importers.base import I64, TIME_NS_MAX
from botmm.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# Decimals of a second by unit, and nanoseconds of one unit.
_INT_MAX = 2**63 - 1
_UNIT_DECIMALS = {"s": 9, "ms": 6, "us": 3, "ns": 0}


@dataclass(frozen=True, slots=True)
class Where:
    """Which file and which of its data rows (1 is the first) an array starts at."""

    path: Path
    row: int

    def error(self, column: str, at: int, value: object, why: str, cure: str = "") -> DataError:
        """Return the error of one cell."""
        row = self.row + at
        return DataError(f"{self.path}: row {row}, column {column}: {value!r} {why}", cure=cure)


def times(array: pa.Array, unit: str, column: str, where: Where) -> I64:
    """Return Unix nanoseconds.

    Floats in seconds hold no more than microseconds at today's dates, so they are rounded to
    those: the shortest decimal that is the same float.

    Raises:
        DataError: a cell that is not a time.
    """
    import pyarrow as pa

    _no_nulls(array, column, where)
    decimals = _UNIT_DECIMALS.get(unit, 0)
    if pa.types.is_timestamp(array.type):
        return _dated(_int64(array.cast(pa.timestamp("ns")), column, where), 0, (column, where))
    if pa.types.is_integer(array.type):
        return _dated(_int64(array, column, where), decimals, (column, where))
    if pa.types.is_floating(array.type):
        values = _finite(array, column, where) * 10.0 ** (decimals - 3)
        whole = np.rint(np.clip(values, -1, TIME_NS_MAX)).astype(np.int64)
        return _dated(whole, 3, (column, where))
    if unit == "iso":
        try:
            moments = array.cast(pa.timestamp("ns"))
        except pa.ArrowInvalid as error:
            raise DataError(f"{where.path}: column {column}: {error}") from None
        return _dated(_int64(moments, column, where), 0, (column, where))
    return _dated(_decimals(array, decimals, column, where), 0, (column, where))


def _dated(values: I64, decimals: int, at: tuple[str, Where]) -> I64:
    """Return times in nanoseconds, each from 1970 to 2255."""
    column, where = at
    most = TIME_NS_MAX // 10**decimals
    bad = np.flatnonzero((values < 0) | (values > most))
    if len(bad):
        first = int(bad[0])
        raise where.error(column, first, int(values[first]), "is no time from 1970 to 2255")
    return values * np.int64(10**decimals)


def units(
    array: pa.Array, decimals: int, column: str, where: Where, *, held: int | None = None
) -> I64:
    """Return prices or sizes in units of `10^-decimals`; empty cells are 0.

    Args:
        array: text, floats, or integers.
        decimals: the scale wanted.
        column, where: for errors.
        held: decimals that integers already have; 0 where not said.

    Raises:
        DataError: a cell that is no number, is negative, or has more decimals.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(array.type):
        whole = _int64(pc.fill_null(array, 0), column, where)
        result = _scaled(whole, held or 0, decimals)
        if result is None:
            raise DataError(
                f"{where.path}: column {column}: integers of {held or 0} decimals do not fit a "
                f"scale of {decimals}",
                cure="import all files of the symbol together, or give --px-decimals and "
                "--size-decimals",
            )
    elif pa.types.is_floating(array.type):
        result = _floats(pc.fill_null(array, 0.0), decimals, column, where)
    else:
        text = pc.fill_null(array.cast(pa.string()), "")
        result = _decimals(pc.if_else(pc.equal(text, ""), "0", text), decimals, column, where)
    low = np.flatnonzero(result < 0)
    if len(low):
        at = int(low[0])
        raise where.error(column, at, array[at].as_py(), "is negative")
    return result


def integers(array: pa.Array, column: str, where: Where) -> NDArray[np.uint64]:
    """Return counts or sequence numbers; -1 (none) becomes 0.

    Raises:
        DataError: a cell that is no whole number.
    """
    import pyarrow as pa

    _no_nulls(array, column, where)
    if pa.types.is_integer(array.type):
        values = _int64(array, column, where)
    else:
        values = _decimals(array.cast(pa.string()), 0, column, where)
    return np.maximum(values, 0).astype(np.uint64)


def identities(array: pa.Array) -> NDArray[np.uint64]:
    """Return trade ids: whole numbers as they are, any other text hashed to 64 bits."""
    import hashlib

    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(array.type):
        plain = pc.fill_null(array, 0).cast(pa.uint64(), safe=False)
        return np.ascontiguousarray(plain.to_numpy(zero_copy_only=False))

    def number(text: str) -> int:
        if text.isdecimal() and len(text) < 20:
            return int(text)
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    return np.array([number(text or "0") for text in array.to_pylist()], dtype=np.uint64)


def _decimals(array: pa.Array, decimals: int, column: str, where: Where) -> I64:
    """Convert text through the core, exponents (1e-05) included."""
    import pyarrow as pa

    from botmm.core import CoreException, decimals_to_ints

    if len(array) == 0:
        return np.empty(0, np.int64)
    # A fresh array starts at offset 0, so that its buffers hold nothing else.
    plain = pa.concat_arrays([array.cast(pa.string()), pa.array([], pa.string())])
    _, offsets, data = plain.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(plain) + 1].astype(np.int64)
    text = b"" if data is None else data.to_pybytes()
    try:
        result: I64 = decimals_to_ints(text, ends, decimals, exponents=True)
    except CoreException as error:
        raise _located(error, array, column, where) from None
    return result


def _floats(array: pa.Array, decimals: int, column: str, where: Where) -> I64:
    """Return floats that are the nearest ones to decimals of the scale."""
    from botmm.core import CoreException, floats_to_ints

    try:
        result: I64 = floats_to_ints(_finite(array, column, where), decimals)
    except CoreException as error:
        raise _located(error, array, column, where) from None
    return result


def _located(error: Exception, array: pa.Array, column: str, where: Where) -> DataError:
    """Return the error of the cell that the core names by its row within the array."""
    found = re.search(r"row (\d+): (.*)", str(error))
    if found is None:
        return DataError(f"{where.path}: column {column}: {error}")
    at = int(found[1])
    return where.error(column, at, array[at].as_py(), f"({found[2]})")


def _finite(array: pa.Array, column: str, where: Where) -> NDArray[np.float64]:
    import pyarrow as pa

    values: NDArray[np.float64] = np.ascontiguousarray(
        array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    )
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise where.error(column, int(bad[0]), float(values[bad[0]]), "is not a number")
    return values


def _scaled(values: I64, held: int, decimals: int) -> I64 | None:
    """Move integers from one scale to another; None where digits would be lost."""
    if decimals >= held:
        if len(values) and int(np.abs(values).max()) > _INT_MAX // 10 ** (decimals - held):
            return None
        return values * np.int64(10 ** (decimals - held))
    quotient, rest = np.divmod(values, np.int64(10 ** (held - decimals)))
    return None if rest.any() else quotient


def _no_nulls(array: pa.Array, column: str, where: Where) -> None:
    import pyarrow.compute as pc

    if array.null_count:
        at = int(pc.index(pc.is_null(array), value=True).as_py())
        raise where.error(column, at, None, "is missing")


def _int64(array: Any, column: str, where: Where) -> I64:
    import pyarrow as pa

    try:
        plain = array.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise DataError(f"{where.path}: column {column}: {error}") from None
    return np.ascontiguousarray(plain.to_numpy(zero_copy_only=False))
