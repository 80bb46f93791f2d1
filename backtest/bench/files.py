"""Files — a stream as the neutral Parquet, as our tape, and as the peer's compressed rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from backtest.bench.streams import (
    CLEAR,
    DEPTH,
    LEVEL,
    SNAPSHOT_LEVEL,
    TRADE,
    Stream,
)

CHUNK_FRAMES = 20_000
BOOK_STREAM = 1
SIDES = (1, -1)


def write_neutral(stream: Stream, path: Path) -> int:
    """Write the events as pyarrow does by default, but zstd; return the bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    scale = stream.scale
    columns = {
        "ts_exch": stream.ts_exch,
        "ts_local": stream.ts_recv,
        "kind": stream.kind,
        "side": stream.side,
        # From the decimal text's own double, so that 100000.1 is written and not a neighbour.
        "px": stream.px * scale.units_per_tick / 10.0**scale.px_decimals,
        "qty": stream.qty / 10.0**scale.size_decimals,
    }
    table = pa.table(columns, metadata={"symbol": scale.symbol})
    parquet.write_table(table, path, compression="zstd")
    return path.stat().st_size


def write_tape(streams: Iterator[Stream], path: Path) -> dict[str, Any]:
    """Write streams that follow each other in time as one tape; return what the writer counted."""
    from botmm.core import Assembler, TapeWriter

    writer: Any = None
    assembler: Any = None
    for stream in streams:
        if writer is None:
            assembler = Assembler(stream.scale.px_decimals, stream.scale.size_decimals)
            writer = TapeWriter(str(path), tape_meta(stream))
        for part in _parts(stream):
            _add(assembler, stream, part)
            writer.append(assembler.drain(int(stream.ts_recv[part.stop - 1])))
    writer.append(assembler.drain(None))
    result: dict[str, Any] = writer.close()
    return result


def tape_meta(stream: Stream) -> dict[str, str]:
    """Return what a tape of this stream says of itself."""
    deltas = stream.name == "incremental"
    step = stream.scale.units_per_tick
    return {
        "venue": stream.scale.venue,
        "symbol": stream.scale.symbol,
        "px_decimals": str(stream.scale.px_decimals),
        "size_decimals": str(stream.scale.size_decimals),
        "price_rule": f"fixed:{step}" if deltas else "five_figures",
        "tier": "B" if deltas else "D",
        "window": "0" if deltas else str(DEPTH),
        "inverse": "false",
        "note_origin": "synthetic stream of the benchmarks",
    }


def _parts(stream: Stream) -> Iterator[slice]:
    """Yield stretches of whole messages."""
    starts = np.flatnonzero(np.diff(stream.frame, prepend=-2) != 0)
    cuts = [*starts[:: 3 * CHUNK_FRAMES].tolist(), len(stream)]
    for start, stop in pairwise(cuts):
        yield slice(start, stop)


def _add(assembler: Any, stream: Stream, part: slice) -> None:
    """Hand a stretch to the assembler."""
    kind, px = stream.kind[part], stream.px[part] * stream.scale.units_per_tick
    exch, recv = stream.ts_exch[part], stream.ts_recv[part]
    side, qty, frame = stream.side[part], stream.qty[part], stream.frame[part]
    trade, whole, level = kind == TRADE, kind == SNAPSHOT_LEVEL, kind == LEVEL
    ids = np.arange(part.start, part.stop, dtype=np.uint64)[trade] + np.uint64(exch[0])
    assembler.add_trades(exch[trade], recv[trade], side[trade], px[trade], qty[trade], ids)
    if whole.any():
        starts = np.flatnonzero(kind == CLEAR)
        _add_snapshots(assembler, exch[starts], recv[starts], (side, px, qty), whole)
    if level.any():
        starts = np.flatnonzero(np.diff(frame[level], prepend=-1) != 0)
        unnumbered = np.zeros(len(starts), np.uint64)
        assembler.add_deltas(
            exch[level][starts],
            recv[level][starts],
            unnumbered,
            unnumbered,
            unnumbered,
            np.append(starts, int(level.sum())).astype(np.int64),
            side[level],
            px[level],
            qty[level],
        )


def _add_snapshots(assembler: Any, exch: Any, recv: Any, columns: Any, whole: Any) -> None:
    """Hand snapshots of equal depth to the assembler."""
    side, px, qty = columns
    tables = []
    for sign in SIDES:
        mine = whole & (side == sign)
        tables += [px[mine].reshape(len(exch), -1), qty[mine].reshape(len(exch), -1)]
    bid_px, bid_qty, ask_px, ask_qty = tables
    width = bid_px.shape[1]
    depth = width if width == DEPTH else np.iinfo(np.uint16).max
    assembler.add_snapshots(
        exch, recv, bid_px, bid_qty, None, ask_px, ask_qty, None, int(depth), BOOK_STREAM
    )
