"""Tables — CSV and Parquet files of snapshots, touches, trades or level changes, by a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botmm.data.importers import opening
from botmm.data.importers.base import BOOK, I64, SURVEY, Batch, Scales, Tally
from botmm.data.importers.exact import Where, identities, integers, times, units
from botmm.data.importers.mapping import Mapping, Table, TimeColumn
from botmm.data.importers.sides import Touch, touch_of
from botmm.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# Receive times may step back a little (two threads of a recorder); more is another file's order.
BACKWARD_NS_MAX = 5_000_000_000
WHOLE_BOOK = 65_535

_SIDES = {"buy": 1, "b": 1, "bid": 1, "1": 1, "sell": -1, "s": -1, "a": -1, "ask": -1, "-1": -1}


@dataclass(slots=True)
class Rows:
    """A block of a table and the number of its first data row."""

    batch: pa.RecordBatch
    where: Where

    def column(self, name: str) -> pa.Array:
        """Return a column by name."""
        return self.batch.column(self.batch.schema.get_field_index(name))


@dataclass
class TableSource:
    """One CSV or Parquet file read by one table of a mapping."""

    path: Path
    mapping: Mapping
    table: Table
    symbol: str | None = None
    venue_name: str | None = None
    touch: Touch | None = None
    _read: int = field(default=0, init=False)

    @property
    def format(self) -> str:
        """Return the mapping's name."""
        return self.mapping.name

    @cached_property
    def venue(self) -> str:
        """Return the venue: told, in a column, or the mapping's."""
        if self.venue_name is not None:
            return self.venue_name
        if self.table.venue_column is None:
            return self.mapping.venue
        name = str(self._head.column(self.table.venue_column)[0].as_py())
        return self.mapping.venues.get(name, name)

    @property
    def incremental(self) -> bool:
        """Whether the book comes as changes."""
        return self.table.kind == "levels"

    @property
    def starts_book(self) -> bool:
        """Return true: changes come with their snapshots, or start from an empty book."""
        return True

    @property
    def has_clock(self) -> bool:
        """Whether there are receive times; where not, the venue's stand for them."""
        return self.table.ts_recv is not None

    @property
    def rules(self) -> str:
        """Return whose habits the streams have: a book of changes does without its touch."""
        return "binance" if self.incremental else "other"

    @property
    def notes(self) -> dict[str, str]:
        """Return what the mapping says of its data."""
        return self.mapping.notes

    @cached_property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet by its first bytes."""
        return opening.magic(self.path).startswith(opening.PARQUET)

    @cached_property
    def _head(self) -> Rows:
        """Return the first row, copied, so that the block it stands in is given back."""
        import pyarrow as pa

        for rows in self._blocks():
            return Rows(rows.batch.take(pa.array([0])), rows.where)
        raise DataError(f"{self.path}: no rows", cure="leave the file out")

    def is_empty(self) -> bool:
        """Whether there is a header and no row; what is damaged is found on reading."""
        try:
            return next(self._blocks(), None) is None
        except DataError:
            return False

    def window(self, symbol: str) -> int:
        """Return the levels a side of a snapshot, 0 for what is no snapshot or the whole book."""
        if self.table.kind != "book":
            return 0
        if self.table.depth is not None or self.table.bid_px is None:
            return self.table.depth or 0
        return len(self.table.levels(self.table.bid_px, self._head.batch.schema.names))

    def symbols(self) -> tuple[str, ...]:
        """Return the one symbol of the file: in a column, or in its name.

        Raises:
            DataError: neither tells.
        """
        if self.table.symbol_column is not None:
            return (str(self._head.column(self.table.symbol_column)[0].as_py()),)
        for pattern in self.table.symbol_from:
            found = re.search(pattern, self.path.as_posix())
            if found is not None:
                return (found["symbol"],)
        if self.symbol is not None:
            return (self.symbol,)
        raise DataError(f"{self.path}: the symbol is not in the name", cure="give --symbol")

    def first_recv(self, symbol: str) -> int:
        """Return the receive time of the first row; of history, which has no order, the lowest."""
        if self._is_history:
            return self._first_of_history
        recv, _ = self._times(self._head)
        return int(recv[0])

    @property
    def _is_history(self) -> bool:
        """Whether trades have no receive time: then they are history rather than delivery."""
        return self.table.kind == "trades" and self.table.ts_recv is None

    @cached_property
    def _first_of_history(self) -> int:
        return min(int(self._times(rows)[0].min()) for rows in self._blocks())

    def position(self) -> int:
        """Return the bytes read so far."""
        return self._read

    def gaps(self, symbol: str) -> Sequence[tuple[int, int]]:
        """Return nothing: the format tells no gaps."""
        return ()

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield the rows; see `Source`. History is put in order."""
        if self._is_history:
            yield from _in_order(list(self._read_rows(symbol, scales, tally)), tally)
        else:
            yield from self._read_rows(symbol, scales, tally)

    def _read_rows(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        reader = {
            "book": self._book,
            "bbo": self._bbo,
            "sides": self._sides,
            "trades": self._trades,
            "levels": self._levels,
        }[self.table.kind]
        grouped = self.table.kind in {"sides", "levels"}
        last = -(2**62)
        for rows in self._grouped() if grouped else self._blocks():
            self._check_symbol(rows, symbol)
            recv, exch = self._times(rows)
            if not self._is_history:
                recv = self._monotone(recv, last, rows, tally)
            tally.add("venue_time_backward", int((np.diff(exch) < 0).sum()))
            last = int(recv[-1])
            yield from reader(rows, recv, exch, scales, tally)

    # Reading.

    def _blocks(self) -> Iterator[Rows]:
        row = 1
        for batch in self._parquet() if self.is_parquet else self._csv():
            if batch.num_rows:
                yield Rows(batch, Where(self.path, row))
                row += batch.num_rows

    def _csv(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyarrow import csv

        names = csv_columns(self.path)
        with opening.Opened(self.path) as opened:
            try:
                reader = csv.open_csv(
                    opened,
                    read_options=csv.ReadOptions(use_threads=False, block_size=opening.BLOCK),
                    convert_options=csv.ConvertOptions(
                        column_types={name: pa.string() for name in names},
                        strings_can_be_null=False,
                    ),
                )
                for batch in reader:
                    self._read = opened.position
                    yield batch
            except pa.ArrowInvalid as error:
                raise DataError(
                    f"{self.path}: {error}",
                    cure="a line is cut or has other columns than the header",
                ) from None

    def _parquet(self) -> Iterator[pa.RecordBatch]:
        from pyarrow import parquet

        with opening.reading_parquet(self.path), parquet.ParquetFile(self.path) as file:
            total = max(file.metadata.num_rows, 1)
            done, size = 0, self.path.stat().st_size
            for batch in file.iter_batches(batch_size=32_768):
                done += batch.num_rows
                self._read = size * done // total
                yield batch

    def _grouped(self) -> Iterator[Rows]:
        """Yield blocks that end where a group of equal times ends."""
        import pyarrow as pa

        rest: Rows | None = None
        for rows in self._blocks():
            if rest is not None:
                table = pa.Table.from_batches([rest.batch, rows.batch]).combine_chunks()
                rows = Rows(table.to_batches()[0], rest.where)
            starts = self._starts(rows)
            cut = int(starts[-1])
            if cut:
                yield Rows(rows.batch.slice(0, cut), rows.where)
            rest = Rows(rows.batch.slice(cut), Where(self.path, rows.where.row + cut))
        if rest is not None:
            yield rest

    def _starts(self, rows: Rows) -> I64:
        """Return where a new message starts within a block."""
        keys = [*self._times(rows)]
        if self.table.seq is not None:
            keys.append(
                integers(rows.column(self.table.seq), self.table.seq, rows.where).astype(np.int64)
            )
        if self.table.snapshot is not None:
            keys.append(self._is_snapshot(rows).astype(np.int64))
        changes = np.zeros(rows.batch.num_rows, bool)
        changes[0] = True
        for key in keys:
            changes[1:] |= np.diff(key) != 0
        return np.flatnonzero(changes)

    def _times(self, rows: Rows) -> tuple[I64, I64]:
        """Return receive and venue times; where one is not recorded the other stands for it."""
        recv = self._time(rows, self.table.ts_recv)
        exch = self._time(rows, self.table.ts_exch)
        if recv is None and exch is None:
            raise DataError(f"{self.path}: the mapping names no time column")
        return (exch if recv is None else recv, recv if exch is None else exch)  # type: ignore[return-value]

    def _time(self, rows: Rows, column: TimeColumn | None) -> I64 | None:
        if column is None:
            return None
        return times(rows.column(column.column), column.unit, column.column, rows.where)

    def _check_symbol(self, rows: Rows, symbol: str) -> None:
        name = self.table.symbol_column
        if name is None:
            return
        for at, text in enumerate(rows.column(name).unique().to_pylist()):
            if text != symbol:
                raise rows.where.error(
                    name, at, text, f"in a file of {symbol}", "split the file by symbol"
                )

    def _monotone(self, recv: I64, last: int, rows: Rows, tally: Tally) -> I64:
        """Keep the order of delivery where the recorder's clock stepped back a little."""
        steps = np.diff(recv, prepend=last)
        back = np.flatnonzero(steps < 0)
        if len(back) == 0:
            return recv
        if len(back) > len(recv) // 2:
            raise DataError(
                f"{self.path}: rows run backward in time (newest first)",
                cure="sort the file by time",
            )
        forward = np.maximum.accumulate(np.maximum(recv, last))
        worst = int(np.argmax(forward - recv))
        if forward[worst] - recv[worst] > BACKWARD_NS_MAX:
            stamp = self.table.ts_recv or self.table.ts_exch
            column = stamp.column if stamp is not None else ""
            raise rows.where.error(
                column,
                worst,
                rows.column(column)[worst].as_py(),
                f"is {(forward[worst] - recv[worst]) * 1e-9:.1f} s before an earlier row",
                "sort the file by time, or split it where two sessions meet",
            )
        tally.add("receive_time_backward", len(back))
        return forward

    # Kinds of rows.

    def _book(
        self, rows: Rows, recv: I64, exch: I64, scales: Scales, tally: Tally
    ) -> Iterator[Batch]:
        bid_px, bid_qty = self._side(rows, "bid", scales)
        ask_px, ask_qty = self._side(rows, "ask", scales)
        same = (np.diff(recv) == 0) & (np.diff(exch) == 0)
        if len(same):
            same &= (bid_px[1:] == bid_px[:-1]).all(1) & (bid_qty[1:] == bid_qty[:-1]).all(1)
            same &= (ask_px[1:] == ask_px[:-1]).all(1) & (ask_qty[1:] == ask_qty[:-1]).all(1)
            tally.add("duplicate_rows", int(same.sum()))
        depth = self.table.depth or max(bid_px.shape[1], ask_px.shape[1])
        names = self.batch_counts(rows, "bid"), self.batch_counts(rows, "ask")
        args = (
            exch,
            recv,
            bid_px,
            bid_qty,
            names[0],
            ask_px,
            ask_qty,
            names[1],
            depth,
            BOOK,
        )
        yield Batch(method="add_snapshots", args=args, last_recv=int(recv[-1]), rows=len(recv))

    def batch_counts(self, rows: Rows, side: str) -> NDArray[np.uint32] | None:
        """Return the orders a level, where the table has them."""
        pattern = self.table.bid_n if side == "bid" else self.table.ask_n
        if pattern is None:
            return None
        names = self.table.levels(pattern, rows.batch.schema.names)
        found = [integers(rows.column(name), name, rows.where) for name in names]
        return np.ascontiguousarray(np.stack(found, axis=1).astype(np.uint32))

    def _side(self, rows: Rows, side: str, scales: Scales) -> tuple[I64, I64]:
        """Return prices and sizes of one side, shape (rows, levels); price 0 is no level."""
        table = self.table
        lists = table.bids if side == "bid" else table.asks
        if lists is not None:
            return _listed(rows, lists, scales)
        px, qty = (table.bid_px, table.bid_qty) if side == "bid" else (table.ask_px, table.ask_qty)
        names = rows.batch.schema.names
        px_names, qty_names = table.levels(px or "", names), table.levels(qty or "", names)
        if len(px_names) != len(qty_names):
            raise DataError(f"{self.path}: {len(px_names)} {side} prices, {len(qty_names)} sizes")
        shape = (rows.batch.num_rows, len(px_names))
        prices, sizes = np.empty(shape, np.int64), np.empty(shape, np.int64)
        for level, (px_name, qty_name) in enumerate(zip(px_names, qty_names, strict=True)):
            prices[:, level] = self._units(rows, px_name, scales.px, table.px_decimals)
            sizes[:, level] = self._units(rows, qty_name, scales.size, table.qty_decimals)
        prices[sizes == 0] = 0
        return prices, sizes

    def _units(self, rows: Rows, name: str, decimals: int, held: int) -> I64:
        return units(rows.column(name), decimals, name, rows.where, held=held)

    def _bbo(
        self, rows: Rows, recv: I64, exch: I64, scales: Scales, tally: Tally
    ) -> Iterator[Batch]:
        (bid_px, bid_qty), (ask_px, ask_qty) = (
            (px[:, 0].copy(), qty[:, 0].copy())
            for px, qty in (self._side(rows, "bid", scales), self._side(rows, "ask", scales))
        )
        args = (exch, recv, bid_px, bid_qty, None, ask_px, ask_qty, None)
        yield Batch(method="add_bbo", args=args, last_recv=int(recv[-1]), rows=len(recv))

    def _sides(
        self, rows: Rows, recv: I64, exch: I64, scales: Scales, tally: Tally
    ) -> Iterator[Batch]:
        """Join the two rows of an update; a side without a row is unchanged."""
        table = self.table
        px = self._units(rows, table.px or "", scales.px, table.px_decimals)
        qty = self._units(rows, table.qty or "", scales.size, table.qty_decimals)
        side = self._signs(rows)
        starts = np.zeros(len(recv), bool)
        starts[self._starts(rows)] = True
        starts[1:] |= side[1:] == side[:-1]
        group = np.cumsum(starts) - 1
        first = np.flatnonzero(starts)
        filled = []
        for sign in (1, -1):
            out_px = np.full(len(first), -1, np.int64)
            out_qty = np.zeros(len(first), np.int64)
            mine = side == sign
            out_px[group[mine]] = np.where(qty[mine] > 0, px[mine], 0)
            out_qty[group[mine]] = qty[mine]
            filled += [out_px, out_qty, None]
        recv, exch = recv[first], exch[first]
        args = (exch, recv, *filled)
        yield Batch(method="add_bbo", args=args, last_recv=int(recv[-1]), rows=len(group))

    def _trades(
        self, rows: Rows, recv: I64, exch: I64, scales: Scales, tally: Tally
    ) -> Iterator[Batch]:
        table = self.table
        px = self._units(rows, table.px or "", scales.px, table.px_decimals)
        qty = self._units(rows, table.qty or "", scales.size, table.qty_decimals)
        if table.side is not None:
            side = self._signs(rows)
        elif self.touch is not None:
            side = self.touch.aggressors(exch, px, scales.px)
            tally.add("trade_sides_inferred", len(side))
        else:
            raise DataError(
                f"{self.path}: trades without a side and no book to infer it from",
                cure="import the book files of the same days together with the trades",
            )
        none = np.zeros(len(px), np.uint64)
        ids = none if table.id is None else identities(rows.column(table.id))
        args = (exch, recv, side, px, qty, ids)
        yield Batch(method="add_trades", args=args, last_recv=int(recv[-1]), rows=len(recv))

    def _levels(
        self, rows: Rows, recv: I64, exch: I64, scales: Scales, tally: Tally
    ) -> Iterator[Batch]:
        """Turn runs of level rows into snapshots and changes, in their order."""
        table = self.table
        px = self._units(rows, table.px or "", scales.px, table.px_decimals)
        qty = self._units(rows, table.qty or "", scales.size, table.qty_decimals)
        side = self._signs(rows)
        starts = self._starts(rows)
        ends = np.append(starts[1:], len(recv))
        numbers = [
            self._numbers(rows, name)[starts]
            for name in (table.seq, table.prev_seq, table.first_seq)
        ]
        if table.seq is not None and table.prev_seq is None:
            numbers[1] = numbers[0] - np.uint64(1)
        whole = self._is_snapshot(rows)[starts]
        stamps = exch[starts], recv[starts]
        for kind, low, high in _runs(whole):
            if kind:
                for g in range(low, high):
                    cut = slice(int(starts[g]), int(ends[g]))
                    yield snapshot(
                        (stamps[0][g], stamps[1][g]),
                        int(numbers[0][g]),
                        (side[cut], px[cut], qty[cut]),
                    )
                continue
            cut = slice(int(starts[low]), int(ends[high - 1]))
            offsets = np.append(starts[low:high], ends[high - 1]) - starts[low]
            args = (
                *(stamp[low:high] for stamp in stamps),
                *(number[low:high] for number in numbers),
                offsets,
                side[cut],
                px[cut],
                qty[cut],
            )
            last = int(stamps[1][high - 1])
            yield Batch(method="add_deltas", args=args, last_recv=last, rows=cut.stop - cut.start)

    def _numbers(self, rows: Rows, name: str | None) -> NDArray[np.uint64]:
        if name is None:
            return np.zeros(rows.batch.num_rows, np.uint64)
        return integers(rows.column(name), name, rows.where)

    def _is_snapshot(self, rows: Rows) -> NDArray[np.bool_]:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.table.snapshot is None:
            return np.zeros(rows.batch.num_rows, bool)
        text = rows.column(self.table.snapshot).cast(pa.string())
        found = pc.is_in(pc.utf8_lower(text), pa.array(self.table.snapshot_values))
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)

    def _signs(self, rows: Rows) -> NDArray[np.int8]:
        name = self.table.side or ""
        coded = rows.column(name).dictionary_encode()
        signs = [_SIDES.get(str(text).lower(), 0) for text in coded.dictionary.to_pylist()]
        codes = coded.indices.to_numpy(zero_copy_only=False)
        result: NDArray[np.int8] = np.array(signs, np.int8)[codes]
        bad = np.flatnonzero(result == 0)
        if len(bad):
            at = int(bad[0])
            raise rows.where.error(name, at, rows.column(name)[at].as_py(), "is neither side")
        return result

    def touches(self, scales: Scales = SURVEY) -> Touch:
        """Return venue times and twice the mids of a book file, for side inference."""
        parts = []
        for rows in self._blocks():
            _, exch = self._times(rows)
            bid_px, _ = self._side(rows, "bid", scales)
            ask_px, _ = self._side(rows, "ask", scales)
            parts.append(touch_of(exch, bid_px[:, 0], ask_px[:, 0], scales.px))
        return Touch.joined(parts)


def _in_order(batches: Sequence[Batch], tally: Tally) -> Iterator[Batch]:
    """Join batches of trades and sort them by time."""
    if not batches:
        return
    args = [np.concatenate(column) for column in zip(*(b.args for b in batches), strict=True)]
    tally.add("rows_out_of_order", int((np.diff(args[1]) < 0).sum()))
    order = np.argsort(args[1], kind="stable")
    sorted_args = tuple(column[order] for column in args)
    last = int(sorted_args[1][-1])
    yield Batch(method=batches[0].method, args=sorted_args, last_recv=last, rows=len(order))


def csv_columns(path: Path) -> tuple[str, ...]:
    """Return the header of a CSV file."""
    with opening.Opened(path) as opened:
        head = opened.read(1 << 16).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return tuple(name.strip().strip('"') for name in head.split(","))


def snapshot(stamps: tuple[Any, Any], seq: int, levels: tuple[NDArray[np.int8], I64, I64]) -> Batch:
    """Return the batch of one snapshot that speaks for the whole book."""
    side, px, qty = levels
    shaped: list[Any] = []
    for sign in (1, -1):
        mine = (side == sign) & (qty > 0)
        order = np.argsort(-sign * px[mine], kind="stable")
        shaped += [px[mine][order][None, :].copy(), qty[mine][order][None, :].copy(), None]
    exch, recv = (np.array([stamp], np.int64) for stamp in stamps)
    args = (exch, recv, *shaped, WHOLE_BOOK, BOOK)
    if seq:
        args = (*args, np.array([seq], np.uint64))
    return Batch(method="add_snapshots", args=args, last_recv=int(recv[0]), rows=len(px))


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[bool, int, int]]:
    """Yield stretches of equal flags as (flag, first, one past the last)."""
    edges = [0, *(np.flatnonzero(np.diff(flags.astype(np.int8))) + 1).tolist(), len(flags)]
    for low, high in pairwise(edges):
        yield bool(flags[low]), low, high


def _holds_levels(kind: pa.DataType) -> bool:
    """Whether a column is of lists of lists, or of lists of structs that begin with two fields."""
    import pyarrow as pa

    def is_list(kind: pa.DataType) -> bool:
        return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))

    if not is_list(kind):
        return False
    inner = kind.value_type
    return is_list(inner) or (pa.types.is_struct(inner) and inner.num_fields >= 2)


def _listed(rows: Rows, name: str, scales: Scales) -> tuple[I64, I64]:
    """Return the levels of a column of lists of [price, size] or of structs of the two."""
    import pyarrow as pa

    column = rows.column(name)
    if not _holds_levels(column.type):
        raise rows.where.error(name, 0, str(column.type), "is no list of [price, size]")
    offsets = np.asarray(column.offsets.to_numpy(zero_copy_only=False))
    inner = column.flatten()
    if pa.types.is_struct(inner.type):
        px_text, qty_text = inner.field(0), inner.field(1)
    else:
        values = inner.flatten()
        lengths = inner.value_lengths().to_numpy(zero_copy_only=False)
        if (lengths != 2).any():
            at = int(np.searchsorted(offsets, np.flatnonzero(lengths != 2)[0], side="right")) - 1
            raise rows.where.error(name, at, column[at].as_py(), "is no list of [price, size]")
        px_text = values.take(pa.array(np.arange(0, len(values), 2)))
        qty_text = values.take(pa.array(np.arange(1, len(values), 2)))
    counts = np.diff(offsets)
    shape = (len(counts), max(int(counts.max(initial=1)), 1))
    prices, sizes = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    row = np.repeat(np.arange(len(counts)), counts)
    level = np.arange(len(row)) - np.repeat(offsets[:-1] - offsets[0], counts)
    prices[row, level] = units(px_text, scales.px, name, rows.where)
    sizes[row, level] = units(qty_text, scales.size, name, rows.where)
    prices[sizes == 0] = 0
    return prices, sizes
