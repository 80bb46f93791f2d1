"""Export — tapes as CSV, as Parquet, and as the structured array that hftbacktest reads.

What the targets cannot say is lost there: order counts and the visible window in the neutral
file, the difference between a level that went and one that left the window in both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botmm.data.catalogue import Tape
from botmm.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, NDArray[Any]]

# Numbers of rows.rs.
LEVEL, GONE, LEFT, CLEAR, TRADE = 1, 2, 3, 4, 5
SNAPSHOT, KEYFRAME = 2, 4

# Kinds of the neutral event file.
N_LEVEL, N_TRADE, N_CLEAR, N_SNAPSHOT = 1, 2, 3, 4

# Flags of hftbacktest 2.4 (its types.py).
H_DEPTH, H_TRADE, H_CLEAR, H_SNAPSHOT = 1, 2, 3, 4
H_EXCH, H_LOCAL, H_BUY, H_SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28

HFT_DTYPE = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ],
    align=True,
)

FORMATS = ("csv", "parquet", "native", "hft")
SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "native": ".parquet", "hft": ".npz"}


def export(
    tapes: Sequence[Tape],
    target: Path,
    kind: str,
    *,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write tapes of one symbol to one file and return the number of rows.

    Args:
        tapes: by day.
        target: the file; it appears whole or not at all.
        kind: `csv`, `parquet` (neutral events), `native` (rows as on tape), `hft` (npz).
        on_rows: told of rows done, for progress.

    Raises:
        DataError: tapes of different scales, or a damaged one.
    """
    scales = {(tape.meta["px_decimals"], tape.meta["size_decimals"]) for tape in tapes}
    if len(scales) != 1:
        raise DataError(
            f"tapes of {tapes[0].symbol} have different scales: {sorted(scales)}",
            cure="export day by day, or import the days together",
        )
    write = {"csv": _csv, "parquet": _parquet, "native": _parquet, "hft": _hft}[kind]
    convert = _native if kind == "native" else _text if kind == "csv" else _neutral
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    try:
        rows = write(temporary, _read(tapes, on_rows), convert, tapes[0])
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _read(tapes: Sequence[Tape], on_rows: Callable[[int], None]) -> Iterator[Columns]:
    """Yield the rows of the tapes; only the first keeps the keyframe at its head."""
    from botmm.core import CoreException, read_tape

    for number, tape in enumerate(tapes):
        try:
            columns: Columns = read_tape(str(tape.path))
        except CoreException as error:
            raise DataError(str(error), cure="import it again with --force") from None
        keyframe = columns["flags"] & KEYFRAME != 0
        if number == 0 and len(keyframe):
            keyframe[: np.argmin(keyframe)] = False
        if keyframe.any():
            columns = {name: values[~keyframe] for name, values in columns.items()}
        yield columns
        on_rows(len(columns["kind"]))


def _native(columns: Columns, tape: Tape) -> pa.RecordBatch:
    """Return rows as they stand on tape."""
    import pyarrow as pa

    return pa.RecordBatch.from_pydict(dict(columns))


def _text(columns: Columns, tape: Tape) -> pa.RecordBatch:
    """Return rows with prices and sizes as exact decimals."""
    import pyarrow as pa

    meta = tape.meta
    out: dict[str, Any] = dict(columns)
    out["px"] = _decimal_texts(columns["px"], int(meta["px_decimals"]))
    out["qty"] = _decimal_texts(columns["qty"], int(meta["size_decimals"]))
    return pa.RecordBatch.from_pydict(out)


def _decimal_texts(values: NDArray[np.int64], decimals: int) -> pa.Array:
    """Return integers of a scale as plain decimals, exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, part = np.divmod(values, 10**decimals)
    text = pa.array(whole).cast(pa.string())
    if decimals == 0:
        return text
    digits = pc.utf8_lpad(pa.array(part).cast(pa.string()), width=decimals, padding="0")
    return pc.binary_join_element_wise(text, digits, ".")


def neutral_columns(columns: Columns, px_decimals: int, size_decimals: int) -> Columns:
    """Return rows as neutral events: level sets, clears, snapshot levels and trades."""
    kind = columns["kind"]
    keep = (kind >= LEVEL) & (kind <= TRADE)
    kind, flags = kind[keep], columns["flags"][keep]
    in_snapshot = (kind == LEVEL) & (flags & SNAPSHOT != 0)
    # A snapshot on tape without a clear says what changed: those are level sets.
    place = np.arange(len(kind))
    before = np.maximum.accumulate(np.where(in_snapshot, -1, place))
    in_snapshot &= (before >= 0) & (kind[before] == CLEAR)
    neutral = np.full(len(kind), N_LEVEL, np.uint8)
    neutral[kind == TRADE] = N_TRADE
    neutral[kind == CLEAR] = N_CLEAR
    neutral[in_snapshot] = N_SNAPSHOT
    gone = (kind == GONE) | (kind == LEFT)
    return {
        "ts_exch": columns["ts_exch"][keep],
        "ts_local": columns["ts_recv"][keep],
        "kind": neutral,
        "side": columns["side"][keep],
        "px": columns["px"][keep] / 10.0**px_decimals,
        "qty": np.where(gone, 0.0, columns["qty"][keep] / 10.0**size_decimals),
    }


def _neutral(columns: Columns, tape: Tape) -> pa.RecordBatch:
    import pyarrow as pa

    scales = int(tape.meta["px_decimals"]), int(tape.meta["size_decimals"])
    return pa.RecordBatch.from_pydict(neutral_columns(columns, *scales))


_Convert = Callable[[Columns, Tape], Any]


def _csv(path: Path, parts: Iterator[Columns], convert: _Convert, tape: Tape) -> int:
    from pyarrow import csv

    rows, writer = 0, None
    try:
        for part in parts:
            batch = convert(part, tape)
            if writer is None:
                writer = csv.CSVWriter(path, batch.schema)
            writer.write_batch(batch)
            rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def _parquet(path: Path, parts: Iterator[Columns], convert: _Convert, tape: Tape) -> int:
    from pyarrow import parquet

    rows, writer = 0, None
    try:
        for part in parts:
            batch = convert(part, tape)
            if writer is None:
                known = {key: tape.meta[key] for key in ("symbol", "venue") if key in tape.meta}
                scales = {key: tape.meta[key] for key in ("px_decimals", "size_decimals")}
                schema = batch.schema.with_metadata(known | scales)
                writer = parquet.ParquetWriter(path, schema, compression="zstd")
            writer.write_batch(batch.replace_schema_metadata(writer.schema.metadata))
            rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def _hft(path: Path, parts: Iterator[Columns], convert: _Convert, tape: Tape) -> int:
    """Write one array named `data`, compressed, as hftbacktest's own converters do."""
    scales = int(tape.meta["px_decimals"]), int(tape.meta["size_decimals"])
    events = [hft_events(neutral_columns(part, *scales)) for part in parts]
    data = ordered(np.concatenate(events))
    with path.open("wb") as file:
        np.savez_compressed(file, data=data)
    return len(data)


def hft_events(neutral: Columns) -> NDArray[Any]:
    """Return neutral events as hftbacktest's, not yet valid on both clocks.

    A clear without a side empties both.
    """
    data = np.zeros(len(neutral["kind"]), HFT_DTYPE)
    codes = np.zeros(5, np.uint64)
    codes[[N_LEVEL, N_TRADE, N_CLEAR, N_SNAPSHOT]] = H_DEPTH, H_TRADE, H_CLEAR, H_SNAPSHOT
    side = np.array([0, H_BUY, H_SELL], np.uint64)[neutral["side"]]
    data["ev"] = codes[neutral["kind"]] | side
    for name, held in (
        ("exch_ts", "ts_exch"),
        ("local_ts", "ts_local"),
        ("px", "px"),
        ("qty", "qty"),
    ):
        data[name] = neutral[held]
    return data


def ordered(data: NDArray[Any]) -> NDArray[Any]:
    """Return events so that both clocks run forward, each over the rows flagged for it.

    Rows come in local order. A row that is late on the venue's clock stays for the local side
    only; the venue's side gets a copy in its own place.
    """
    exch = data["exch_ts"]
    newest = np.maximum.accumulate(exch) if len(exch) else exch
    on_time = exch == newest
    both = data.copy()
    both["ev"] |= np.where(on_time, np.uint64(H_EXCH | H_LOCAL), np.uint64(H_LOCAL))
    late = data[~on_time]
    if len(late) == 0:
        return both
    late = late[np.argsort(late["exch_ts"], kind="stable")]
    late["ev"] |= np.uint64(H_EXCH)
    in_time = np.flatnonzero(on_time)
    place = np.searchsorted(exch[in_time], late["exch_ts"], side="right")
    before = np.append(in_time, len(data))[place]
    return np.insert(both, before, late)
