"""Replay — drive the core over a plan and gather what the maker earned.

`spec` is exactly what the core is told. The main run comes first, then the same run under other
latencies and queue models, so that an interrupted job still has its answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from botmm.errors import DataError
from botmm.report.tally import OrderTally
from botmm.research.equity import EquityTrace
from botmm.units import DAY_NS, SECOND_NS

if TYPE_CHECKING:
    from botmm.config import Settings
    from botmm.research.plan import Plan

CHUNK_ROWS = 100_000  # a fraction of a second, so that Ctrl-C is answered at once
EQUITY_ROWS_MIN = 600
LATENCY_SCALES = (0.5, 2.0)
# The two ends of the queue models: no cancel was ahead of us, and nearly every one was.
BAND_QUEUES = ("risk-averse", "pow2:3")


_LATENCY_COLUMNS = "it needs three columns: request_ts, exch_ts, resp_ts in ns"


class Engine(Protocol):
    """The core's replay, as far as this module uses it."""

    def run(self, max_rows: int) -> Mapping[str, Any]:
        """Play at most so many rows."""
        ...

    def drain(self) -> Mapping[str, Any]:
        """Move out ended orders and equity samples, so that a long run keeps no history."""
        ...

    def result(self) -> Mapping[str, Any]:
        """Return the columns and the summary of what was played."""
        ...


EngineFactory = Callable[[str], Engine]
# Called after each chunk with the share done and the rows so far; true asks the run to stop.
OnChunk = Callable[[float, int], bool]
# Called with a table's name, `orders` or `equity`, and its rows since the last call.
KeepRows = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same run under another assumption."""

    kind: str
    label: str
    rank: float
    net_usd: float
    volume_usd: float
    fills: int


@dataclass(slots=True, kw_only=True)
class ReplayRun:
    """What a run gave: columns as the core returns them, and the summary as a tree.

    `equity` is thinned where the run is long.
    """

    plan: Plan
    spec: dict[str, Any]
    fills: dict[str, Any]
    equity: dict[str, Any]
    orders: OrderTally
    summary: dict[str, Any]
    rows: int
    seconds: float
    partial: bool = False

    @property
    def days(self) -> float:
        """Return how much of the market was played, in days; its symbols share the time."""
        return (int(self.summary["last_ts"]) - int(self.summary["first_ts"])) / DAY_NS


def spec(plan: Plan, *, latency_scale: float = 1.0, queue: str | None = None) -> dict[str, Any]:
    """Return what the core is told, as plain data."""
    settings = plan.settings
    sim, play = settings.sim, settings.replay
    return {
        "symbols": [
            {
                "symbol": symbol,
                "venue": tapes[0].venue,
                "tapes": [str(tape.path) for tape in tapes],
                "params": settings.params(symbol),
                "candles": plan.candles.get(symbol, []),
            }
            for symbol, tapes in plan.tapes.items()
        ],
        "account": {"capital_usd": settings.account.capital_usd},
        "sim": {
            "queue": queue or sim.queue,
            "latency": _latency(settings, latency_scale),
            "partial_fills": sim.partial_fills,
            "through_fill": sim.through_fill,
            "block_ns": round(sim.block_ms * 1e6),
            "arrival": sim.arrival,
        },
        "fees": {"maker": plan.fees[0], "taker": plan.fees[1]},
        "from": None if plan.range.since is None else plan.range.since - plan.warmup_ns,
        "to": plan.range.until,
        "warmup_ns": plan.warmup_ns,
        "step_ms": play.step_ms,
        "equity_interval_s": _equity_interval_s(plan),
        "max_gap_s": play.max_gap_s,
        "bridge_gaps": play.bridge_gaps,
        "seed": play.seed,
    }


def _equity_interval_s(plan: Plan) -> float:
    """Return the distance of equity rows, narrowed on short ranges: charts want some hundred."""
    asked = plan.settings.replay.equity_interval_s
    first, last = plan.span
    seconds = (last - first) / SECOND_NS
    if seconds < EQUITY_ROWS_MIN * asked:
        return min(asked, max(1.0, math.floor(seconds / EQUITY_ROWS_MIN)))
    return asked


def _latency(settings: Settings, scale: float) -> dict[str, Any]:
    """Return the latency model of the settings."""
    sim = settings.sim
    if sim.latency_model == "file":
        rows = _latency_rows(Path(sim.latency_file))
        return {"model": "recorded", "rows": rows, "scale": scale}
    if sim.latency_model == "feed":
        return {
            "model": "feed",
            "entry_multiplier": 1.0,
            "entry_ns": 0,
            "response_multiplier": 1.0,
            "response_ns": 0,
            "scale": scale,
        }
    return {
        "model": "constant",
        "entry_ns": round(sim.entry_ms * 1e6),
        "response_ns": round(sim.response_ms * 1e6),
        "scale": scale,
    }


def _latency_rows(path: Path) -> list[list[int]]:
    """Read recorded latencies: request, exchange and response times in ns, a row an order.

    Raises:
        DataError: no such file, columns missing, or times out of order, with the row.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not path.is_file():
        raise DataError(f"{path}: no such latency file", cure="see --latency in `replay --help`")
    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
        columns = [column.cast(pa.int64()).to_pylist() for column in table.columns[:3]]
    except pa.ArrowException as error:
        raise DataError(f"{path}: {error}", cure=_LATENCY_COLUMNS) from None
    if len(columns) < 3:
        raise DataError(f"{path}: {len(columns)} columns", cure=_LATENCY_COLUMNS)
    rows = [list(row) for row in zip(*columns, strict=True)]
    if not rows:
        raise DataError(f"{path}: no rows")
    before = rows[0][0]
    for number, row in enumerate(rows, start=1):
        if None in row:
            raise DataError(f"{path}: row {number}: a time is missing: {row}")
        if row != sorted(row):
            raise DataError(f"{path}: row {number}: times are not in order: {row}")
        if row[0] < before:
            raise DataError(f"{path}: row {number}: {row[0]} is before the request of the last row")
        before = row[0]
    return rows


def run(
    plan: Plan,
    engine: EngineFactory,
    on_chunk: OnChunk,
    *,
    keep: KeepRows | None = None,
    latency_scale: float = 1.0,
    queue: str | None = None,
) -> ReplayRun:
    """Drive one run to its end, or to where `on_chunk` stopped it.

    Orders that ended and equity samples are handed to `keep` as they come. Here only medians of
    the ones and a thinned trace of the others stay: months have millions.

    Raises:
        DataError: the range holds no rows, or a gap longer than accepted.
    """
    from botmm.clock import SystemClock

    told = spec(plan, latency_scale=latency_scale, queue=queue)
    clock = SystemClock()
    started = clock.monotonic()
    core = engine(json.dumps(told))
    first, last = plan.span
    tally = OrderTally()
    equity = EquityTrace(round(told["equity_interval_s"] * SECOND_NS), last - first)
    stop = done = False
    rows = 0

    def take(moved: Mapping[str, Any]) -> None:
        """Keep what a chunk gave."""
        tally.add(moved["orders"])
        equity.add(moved["equity"])
        if keep is not None:
            for table in ("orders", "equity"):
                keep(table, moved[table])

    while not done and not stop:
        at = core.run(CHUNK_ROWS)
        rows, done = int(at["rows"]), bool(at["done"])
        if rows == 0:
            raise DataError(
                f"no rows from {plan.range.text()}", cure="`botmm data ls` shows what is there"
            )
        take(core.drain())
        share = (int(at["ts"]) - first) / max(last - first, 1)
        stop = on_chunk(1.0 if done else min(max(share, 0.0), 1.0), rows)
    result = core.result()
    take(result)
    return ReplayRun(
        plan=plan,
        spec=told,
        fills=result["fills"],
        equity=equity.columns(),
        orders=tally,
        summary=json.loads(result["summary"]),
        rows=rows,
        seconds=clock.monotonic() - started,
        partial=not done,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """An assumption to try after the main run."""

    kind: str
    label: str
    rank: float
    latency_scale: float = 1.0
    queue: str | None = None


def queue_rank(queue: str) -> float:
    """Return the place of a queue model between the careful end (0) and the optimistic one (2)."""
    return 2.0 * BAND_QUEUES.index(queue) if queue in BAND_QUEUES else 1.0


def alternatives(plan: Plan, *, sensitivity: bool, band: bool) -> list[Alternative]:
    """Return the assumptions to try: other latencies, and the two ends of the queue models."""
    tried: list[Alternative] = []
    if sensitivity:
        tried += [
            Alternative(kind="latency", label=f"{scale:g}×", rank=scale, latency_scale=scale)
            for scale in LATENCY_SCALES
        ]
    if band:
        tried += [
            Alternative(kind="queue", label=queue, rank=queue_rank(queue), queue=queue)
            for queue in BAND_QUEUES
            if queue != plan.settings.sim.queue
        ]
    return tried


def run_alternative(
    plan: Plan, engine: EngineFactory, on_chunk: OnChunk, alternative: Alternative
) -> Variant | None:
    """Run the plan under another assumption; None where it was stopped."""
    from botmm.report.analysis import headline

    done = run(
        plan,
        engine,
        on_chunk,
        latency_scale=alternative.latency_scale,
        queue=alternative.queue,
    )
    if done.partial:
        return None
    figures = headline(done.summary)
    return Variant(
        kind=alternative.kind,
        label=alternative.label,
        rank=alternative.rank,
        net_usd=figures.net_usd,
        volume_usd=figures.volume_usd,
        fills=figures.fills,
    )
