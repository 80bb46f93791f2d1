"""Latency — what requests of a run took, as the rows that `replay --latency file:PATH` reads.

A row is decision, venue, first news of it, in ns. The decision is when the command left the engine:
replay has no window in which requests wait for one another, so that wait belongs to the way there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botmm.errors import DataError
from botmm.live.history import Run

NAMES = ("request_ts", "exch_ts", "resp_ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Rows by our clock; `offset_ns` is the venue's clock less ours, as far as rows can tell."""

    rows: Sequence[tuple[int, int, int]]
    offset_ns: int
    lost: int
    """Requests that the venue never had: their middle time is 0."""
    bent: int
    """Times of the venue outside of their request even so, moved to its nearer end."""


def latencies(run: Run) -> Latencies:
    """Return the requests of a run in order; of those decided at one time the slowest counts."""
    told, lost = _told(run)
    offset = clock_offset(told)
    bent = 0
    slowest: dict[int, tuple[int, int, int]] = {}
    for request, venue, response in told:
        arrived = min(max(venue - offset, request), response)
        bent += arrived != venue - offset
        row = (request, arrived, response)
        slowest[request] = max(row, slowest.get(request, row))
    for request, response in lost:
        slowest.setdefault(request, (request, 0, response))
    rows = [slowest[request] for request in sorted(slowest)]
    return Latencies(rows=rows, offset_ns=offset, lost=len(lost), bent=bent)


def _told(run: Run) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """Return (sent, venue's time, heard) of requests that arrived, (sent, heard) of lost ones."""
    told, lost = [], []
    for order in run.orders.values():
        if order.placed and order.heard:
            told.append((order.sent, order.placed, order.heard))
        elif order.lost and order.doubted:
            # One that was given up before it left says nothing of the way.
            lost.append((order.sent, order.refused))
        if order.cancel_sent and order.cancelled and order.cancel_heard >= order.cancel_sent:
            told.append((order.cancel_sent, order.cancelled, order.cancel_heard))
    return told, lost


def clock_offset(told: Iterable[tuple[int, int, int]]) -> int:
    """Return the venue's clock less ours: 0 where that contradicts no request.

    Otherwise the middle of the quickest request, which errs by half of what that took at most.
    """
    rows = list(told)
    if all(request <= venue <= response for request, venue, response in rows):
        return 0
    request, venue, response = min(rows, key=lambda row: row[2] - row[0])
    return venue - (request + response) // 2


def write_latencies(path: Path, rows: Sequence[tuple[int, int, int]]) -> None:
    """Write rows as Parquet, or as CSV where the name ends so; there completely or not at all.

    Raises:
        DataError: there are none.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not rows:
        raise DataError(
            "no request with a time of the venue's is in the journal",
            cure="let the daemon quote for a while first",
        )
    columns = [pa.array(column, pa.int64()) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(NAMES, columns, strict=True)))
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.suffix == ".csv":
            csv.write_csv(table, fresh)
        else:
            parquet.write_table(table, fresh)
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
