"""Replay — drive the core over a plan and gather what the maker earned.

`spec` is exactly what the core is told. The main run comes first, then the same run under other
latencies and queue models, so that an interrupted job still has its answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from botmm.errors import DataError
from botmm.report.tally import OrderTally
from botmm.research import keyframes
from botmm.research.equity import EquityTrace
from botmm.research.tables import KEPT, KEYFRAMES, TABLES
from botmm.units import DAY_NS, SECOND_NS

if TYPE_CHECKING:
    from botmm.config import Settings
    from botmm.research.checkpoint import Checkpoint
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
        """Move out settled fills, ended orders and equity samples: a long run keeps no history."""
        ...

    def save(self) -> bytes:
        """Return the run as it stands, to go on with later."""
        ...

    def signals(self) -> bytes:
        """Return what the signals know now, as a file that another run begins with."""
        ...

    def result(self) -> Mapping[str, Any]:
        """Return the columns and the summary of what was played."""
        ...


# Called with the spec, and with `saved` where a run goes on.
EngineFactory = Callable[..., Engine]
# Called after each chunk with the share done and the rows so far; true asks the run to stop.
OnChunk = Callable[[float, int], bool]
# Called with a table's name, one of `tables.KEPT`, and its rows since the last call.
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

    `fills` are by symbol, none where the run was not to hold them; `equity` is thinned where the
    run is long; `signals` is what the signals knew at the end, as a file holds it.
    """

    plan: Plan
    spec: dict[str, Any]
    fills: dict[str, Any]
    equity: dict[str, Any]
    orders: OrderTally
    summary: dict[str, Any]
    signals: bytes
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
                "signals": None if plan.signals is None else str(plan.signals),
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
        # A request that the venue never had has no time there.
        told = row if row[1] else [row[0], row[2]]
        if told != sorted(told):
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
    hold_fills: bool = True,
    checkpoint: Checkpoint | None = None,
    latency_scale: float = 1.0,
    queue: str | None = None,
) -> ReplayRun:
    """Drive one run to its end, or to where `on_chunk` stopped it.

    Rows that leave the core are handed to `keep` as they come. Here only medians of orders and a
    thinned trace of equity stay, and the fills if they are to be held: months have millions.

    Args:
        plan: what is run.
        engine: makes the core's replay from a spec.
        on_chunk: told how far it is; true stops the run.
        keep: takes the rows.
        hold_fills: whether the fills stand in what is returned.
        checkpoint: where the run is saved now and then, and goes on from.
        latency_scale: factor of all latencies.
        queue: another queue model than the plan's.

    Raises:
        DataError: the range holds no rows, or a gap longer than accepted.
    """
    from botmm.clock import SystemClock

    told = spec(plan, latency_scale=latency_scale, queue=queue)
    clock = SystemClock()
    first, last = plan.span
    held = _Held(EquityTrace(round(told["equity_interval_s"] * SECOND_NS), last - first))
    place = None if checkpoint is None else checkpoint.place
    started = clock.monotonic() - (0.0 if place is None else place.seconds)
    going = {} if checkpoint is None or place is None else {"saved": checkpoint.state()}
    core = engine(json.dumps(told), **going)

    def take(table: str, rows: Mapping[str, Any]) -> None:
        """Keep some rows of a table."""
        held.add(table, rows, hold_fills=hold_fills)
        if keep is not None:
            keep(table, rows)

    if checkpoint is not None:
        for table, columns in checkpoint.rows():
            take(table, columns)
    stop = done = False
    rows = 0 if place is None else place.rows
    while not done and not stop:
        before, at = rows, core.run(CHUNK_ROWS)
        rows, done = int(at["rows"]), bool(at["done"])
        if rows == 0:
            raise DataError(
                f"no rows from {plan.range.text()}", cure="`botmm data ls` shows what is there"
            )
        key = keep is not None and plan.strategy is None and keyframes.is_due(before, rows)
        frames = {int(at["ts"]): core.save()} if key else {}
        moved = {**core.drain(), KEYFRAMES: keyframes.columns(frames)}
        for table in KEPT:
            take(table, moved[table])
        share = (int(at["ts"]) - first) / max(last - first, 1)
        stop = on_chunk(1.0 if done else min(max(share, 0.0), 1.0), rows)
        if checkpoint is not None:
            checkpoint.add(moved)
            # Once it was worth saving, the end is too: other assumptions are still to be tried.
            if stop or checkpoint.is_due() or (done and checkpoint.place is not None):
                seconds = clock.monotonic() - started
                checkpoint.save(core.save(), ts=int(at["ts"]), rows=rows, seconds=seconds)
    signals = core.signals()
    result = core.result()
    for table in TABLES:
        take(table, result[table])
    return ReplayRun(
        plan=plan,
        spec=told,
        fills=held.fills(),
        equity=held.equity.columns(),
        orders=held.orders,
        summary=json.loads(result["summary"]),
        signals=signals,
        rows=rows,
        seconds=clock.monotonic() - started,
        partial=not done,
    )


@dataclass(slots=True)
class _Held:
    """What of the rows stays in memory."""

    equity: EquityTrace
    orders: OrderTally = field(default_factory=OrderTally)
    _fills: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, table: str, rows: Mapping[str, Any], *, hold_fills: bool) -> None:
        """Take in rows of a table."""
        if table == "orders":
            self.orders.add(rows)
        elif table == "equity":
            self.equity.add(rows)
        elif table == "fills" and hold_fills and (len(rows["symbol"]) or not self._fills):
            self._fills.append(rows)

    def fills(self) -> dict[str, Any]:
        """Return the fills that were held, by symbol."""
        if not self._fills:
            return {}
        order = np.argsort(np.concatenate([part["symbol"] for part in self._fills]), kind="stable")
        names = self._fills[0]
        return {name: np.concatenate([part[name] for part in self._fills])[order] for name in names}


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
        hold_fills=False,
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
