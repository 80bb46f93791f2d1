"""Files — a stream as the neutral Parquet and as our tape."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from backtest.bench.streams import DEPTH, Stream

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
            assembler.add_neutral(
                stream.ts_exch[part],
                stream.ts_recv[part],
                stream.kind[part],
                stream.side[part],
                stream.px[part] * scale.units_per_tick,
                stream.qty[part],
                depth=depth,
            )
            writer.append(assembler.drain(int(stream.ts_recv[part.stop - 1])))
    result: dict[str, Any] = writer.close()
    return result


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
