"""Files — a stream as the neutral Parquet and as our tape."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from backtest.bench.streams import CLEAR, DEPTH, LEVEL, SNAPSHOT_LEVEL, TRADE, Stream

CHUNK_EVENTS = 1 << 20
WHOLE_BOOK = 65_535


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


def write_tape(streams: Iterable[Stream], path: Path) -> dict[str, Any]:
    """Write streams that follow each other in time as one tape; return what the writer counted."""
    from botmm.core import Assembler, TapeWriter

    writer: Any = None
    assembler: Any = None
    for stream in streams:
        scale = stream.scale
        if writer is None:
            assembler = Assembler(scale.px_decimals, scale.size_decimals, venue=scale.venue)
            writer = TapeWriter(str(path), tape_meta(stream))
        depth = DEPTH if stream.name == "snapshots" else WHOLE_BOOK
        for part in _parts(stream):
            _feed(assembler, stream, part, depth)
            writer.append(assembler.drain(int(stream.ts_recv[part.stop - 1])))
    result: dict[str, Any] = writer.close()
    return result


def _feed(assembler: Any, stream: Stream, part: slice, depth: int) -> None:
    """Hand a part of a stream to an assembler: its snapshots, level changes and trades."""
    kind, side, frame = stream.kind[part], stream.side[part], stream.frame[part]
    ts_exch, ts_recv, qty = stream.ts_exch[part], stream.ts_recv[part], stream.qty[part]
    px = stream.px[part] * stream.scale.units_per_tick
    clears = np.flatnonzero(kind == CLEAR)
    if len(clears):
        # As many bids as asks, in the order of the rows.
        rests, shape = kind == SNAPSHOT_LEVEL, (len(clears), 2, -1)
        held_px, held_qty = (np.moveaxis(of[rests].reshape(shape), 1, 0) for of in (px, qty))
        bids, asks = (
            (np.ascontiguousarray(held_px[at]), np.ascontiguousarray(held_qty[at]), None)
            for at in (0, 1)
        )
        assembler.add_snapshots(ts_exch[clears], ts_recv[clears], *bids, *asks, depth)
    level = np.flatnonzero(kind == LEVEL)
    if len(level):
        first = np.flatnonzero(np.diff(frame[level], prepend=-1))
        no_seq = np.zeros(len(first), np.uint64)
        at, offsets = level[first], np.append(first, len(level))
        times = ts_exch[at], ts_recv[at]
        assembler.add_deltas(
            *times, no_seq, no_seq, no_seq, offsets, side[level], px[level], qty[level]
        )
    trade = kind == TRADE
    prints = ts_exch[trade], ts_recv[trade], side[trade], px[trade], qty[trade]
    assembler.add_trades(*prints, np.zeros(int(trade.sum()), np.uint64))


def tape_meta(stream: Stream) -> dict[str, str]:
    """Return what a tape of this stream says of itself."""
    deltas = stream.name != "snapshots"
    step = stream.scale.units_per_tick
    return {
        "venue": stream.scale.venue,
        "symbol": stream.scale.symbol,
        "px_decimals": str(stream.scale.px_decimals),
        "size_decimals": str(stream.scale.size_decimals),
        "price_rule": f"fixed:{step}" if stream.name == "incremental" else "five_figures",
        "tier": "B" if deltas else "D",
        "window": "0" if deltas else str(DEPTH),
        "inverse": "false",
        "note_origin": "synthetic stream of the benchmarks",
    }


def _parts(stream: Stream) -> list[slice]:
    """Return stretches of whole messages."""
    starts = np.flatnonzero(np.diff(stream.frame, prepend=-2) != 0)
    wanted = np.arange(0, len(stream), CHUNK_EVENTS)
    cuts = np.unique(starts[np.searchsorted(starts, wanted, side="right") - 1])
    ends = np.append(cuts[1:], len(stream))
    return [slice(int(a), int(b)) for a, b in zip(cuts, ends, strict=True)]
