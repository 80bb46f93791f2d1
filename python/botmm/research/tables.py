"""Tables — fills, orders, equity and keyframes of a run to Parquet files as they come, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.report.analysis import UNRESOLVED

if TYPE_CHECKING:
    import pyarrow as pa

    from botmm.research.plan import Plan

Columns = dict[str, Any]

SCHEMA_VERSION = 1
TABLES = ("fills", "orders", "equity")  # as the core gives them
KEYFRAMES = "keyframes"
KEPT = (*TABLES, KEYFRAMES)
GROUP_ROWS = 65_536  # rows wait for so many: each group costs memory as long as its file is open
STATE_ROWS = 1  # each is as large as thousands of rows, and is read alone
WAITING = 64  # small tables are put together: each costs a kilobyte a column beside its rows


class Tables:
    """Files that rows go to, in groups of one size, so that pieces leave no mark on the bytes."""

    def __init__(self, folder: Path, plan: Plan, suffix: str = "") -> None:
        """Write `NAME{suffix}.parquet` in a folder."""
        self.folder, self.plan, self.suffix = folder, plan, suffix
        self._open: dict[str, Any] = {}
        self._waiting: dict[str, list[pa.Table]] = {}

    def path(self, name: str) -> Path:
        """Return the file of a table."""
        return self.folder / f"{name}{self.suffix}.parquet"

    def add(self, name: str, columns: Mapping[str, Any]) -> None:
        """Take in the next rows of a table; columns as the core returns them."""
        from pyarrow import parquet

        table = _table(columns, self.plan)
        if name not in self._open:
            path = self.path(name)
            self._open[name] = parquet.ParquetWriter(path, table.schema, compression="zstd")
            self._waiting[name] = []
        waiting = self._waiting[name]
        if table.num_rows:
            waiting.append(table)
        if sum(part.num_rows for part in waiting) >= _group_rows(name):
            self._write(name)
        elif len(waiting) >= WAITING:
            waiting[:] = [_joined(waiting)]

    def close(self) -> None:
        """Write the rows that wait, and finish the files."""
        for name, writer in self._open.items():
            self._write(name)
            if waiting := self._waiting[name]:
                writer.write_table(_joined(waiting))
            writer.close()
        self._open.clear()
        self._waiting.clear()

    def abandon(self) -> None:
        """Close the files as they are."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _write(self, name: str) -> None:
        """Write the whole groups among the rows of a table that wait."""
        waiting = self._waiting[name]
        if not waiting:
            return
        table = _joined(waiting)
        group = _group_rows(name)
        whole = table.num_rows // group * group
        if whole:
            self._open[name].write_table(table.slice(0, whole), row_group_size=group)
        rest = table.slice(whole)
        waiting[:] = [rest] if rest.num_rows else []


def _group_rows(name: str) -> int:
    """Return how many rows of a table stand in a group of its file."""
    return STATE_ROWS if name == KEYFRAMES else GROUP_ROWS


def rows_of(path: Path, plan: Plan) -> Iterator[Columns]:
    """Yield the rows of a file in pieces, as the core returned them; one without rows of none."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        if file.num_row_groups == 0:
            yield _columns(file.schema_arrow.empty_table(), plan)
        for group in range(file.num_row_groups):
            # A thread a column would have memory of its own.
            yield _columns(file.read_row_group(group, use_threads=False), plan)


def fills_of(path: Path, plan: Plan, symbol: str) -> Columns:
    """Return the fills of one symbol from a file, as the core returned them; a group at a time."""
    import numpy as np

    place = plan.symbols.index(symbol)
    pieces = [
        {name: column[rows["symbol"] == place] for name, column in rows.items()}
        for rows in rows_of(path, plan)
    ]
    # Popped, so that no column is there twice for long.
    return {name: np.concatenate([piece.pop(name) for piece in pieces]) for name in list(pieces[0])}


def _table(columns: Mapping[str, Any], plan: Plan) -> pa.Table:
    """Return columns as they are, with symbols by name; scales stand in the metadata."""
    import numpy as np
    import pyarrow as pa

    names = np.array(plan.symbols, dtype=object)
    data: dict[str, Any] = {}
    for name, column in columns.items():
        if name == "symbol":
            data[name] = pa.array(names[column], pa.string())
        elif name.startswith("markout_"):
            data[name] = pa.array(column, mask=np.asarray(column) == UNRESOLVED)
        elif name == "state":
            data[name] = pa.array(column, pa.binary())
        else:
            data[name] = pa.array(column)
    scales = {
        symbol: {key: int(group[0].meta[key]) for key in ("px_decimals", "size_decimals")}
        for symbol, group in plan.tapes.items()
    }
    meta = {"botmm.schema_version": str(SCHEMA_VERSION), "botmm.scales": json.dumps(scales)}
    return pa.table(data).replace_schema_metadata(meta)


def _columns(table: pa.Table, plan: Plan) -> Columns:
    """Return a table as the core gave its columns: the inverse of `_table`."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    found: Columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name == "symbol":
            places = compute.index_in(column, pa.array(plan.symbols, pa.string()))
            found[name] = places.to_numpy().astype(np.uint16)
        elif name.startswith("markout_"):
            found[name] = compute.fill_null(column, UNRESOLVED).to_numpy()
        else:
            found[name] = column.to_numpy()
    return found


def _joined(tables: list[pa.Table]) -> pa.Table:
    """Return tables as one, without the chunks."""
    import pyarrow as pa

    return pa.concat_tables(tables).combine_chunks()
