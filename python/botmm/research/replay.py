"""Replay — plan a run over tapes, drive the core through it, and gather what it earned.

The plan is pure data; `spec` is exactly what the core is told. The main run comes first, then the
same run under other latencies and queue models, so that an interrupted job still has its answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from botmm.errors import DataError, UsageError
from botmm.units import DAY_NS, SECOND_NS, day_of, day_start, parse_date, parse_time, time_text

if TYPE_CHECKING:
    from datetime import date

    from botmm.config import Settings

CHUNK_ROWS = 400_000
EQUITY_ROWS_MAX = 250_000  # a symbol; 29 days at the default of 10 s
LATENCY_SCALES = (0.5, 2.0)
# The two ends of the queue models: no cancel was ahead of us, and nearly every one was.
BAND_QUEUES = ("risk-averse", "pow2:3")


class Engine(Protocol):
    """The core's replay, as far as this module uses it."""

    def run(self, max_rows: int) -> dict[str, Any]:
        """Play at most so many rows."""
        ...

    def result(self) -> dict[str, Any]:
        """Return the columns and the summary of what was played."""
        ...


EngineFactory = Callable[[str], Engine]
# Called after each chunk with the share done and the rows so far; true asks the run to stop.
OnChunk = Callable[[float, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A stretch of time, half open; None is open; `last_days` counts from the end of the data."""

    since: int | None = None
    until: int | None = None
    last_days: int | None = None

    def text(self) -> str:
        """Return the range for messages."""
        since = "the start" if self.since is None else time_text(self.since)
        until = "the end" if self.until is None else time_text(self.until)
        return f"{since} to {until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One tape file and what its metadata says."""

    path: Path
    symbol: str
    venue: str
    first_ts: int
    last_ts: int
    rows: int
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run, before it is spelled out for the core."""

    settings: Settings
    tapes: Mapping[str, tuple[Tape, ...]]
    range: Range
    warmup_ns: int
    fees: tuple[float, float]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols in order; their places are the `symbol` columns of the result."""
        return tuple(self.tapes)

    @property
    def span(self) -> tuple[int, int]:
        """Return the first and last time that will be played."""
        tapes = [tape for group in self.tapes.values() for tape in group]
        first, last = min(t.first_ts for t in tapes), max(t.last_ts for t in tapes)
        if self.range.since is not None:
            first = max(first, self.range.since - self.warmup_ns)
        return first, last if self.range.until is None else min(last, self.range.until)


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
    """What a run gave: columns as the core returns them, and the summary as a tree."""

    plan: Plan
    spec: dict[str, Any]
    fills: dict[str, Any]
    orders: dict[str, Any]
    equity: dict[str, Any]
    summary: dict[str, Any]
    rows: int
    seconds: float
    partial: bool = False


def select_range(
    *, day: str | None, since: str | None, until: str | None, days: int | None
) -> Range:
    """Return the range that the options describe.

    Raises:
        UsageError: options contradict each other, or the range is empty.
    """
    try:
        return _range(day, since, until, days)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _range(day: str | None, since: str | None, until: str | None, days: int | None) -> Range:
    """Return the range; every contradiction is a ValueError."""
    if day is not None:
        if since is not None or until is not None or days is not None:
            raise ValueError("--date is one day; do not add --from, --to or --days")
        start = day_start(parse_date(day))
        return Range(since=start, until=start + DAY_NS)
    first = None if since is None else parse_time(since, end=False)
    last = None if until is None else parse_time(until, end=True)
    if days is not None:
        return _days_range(first, last, days)
    if first is not None and last is not None and first >= last:
        raise ValueError(f"the range from {since} to {until} is empty")
    return Range(since=first, until=last)


def _days_range(first: int | None, last: int | None, days: int) -> Range:
    """Return so many days after a start, before an end, or before the end of the data."""
    if first is not None and last is not None:
        raise ValueError("--from, --to and --days: give two of the three")
    if first is not None:
        return Range(since=first, until=first + days * DAY_NS)
    if last is not None:
        return Range(since=last - days * DAY_NS, until=last)
    return Range(last_days=days)


def resolved(wanted: Range, last_day: date) -> Range:
    """Turn `--days` alone into the days up to the last one that has data."""
    if wanted.last_days is None:
        return wanted
    end = day_start(last_day) + DAY_NS
    return Range(since=end - wanted.last_days * DAY_NS, until=end)


def read_tape_info(path: Path) -> Tape:
    """Return what a tape says of itself.

    Raises:
        DataError: no such file, or not a tape.
    """
    from botmm.core import tape_info

    if not path.is_file():
        raise DataError(f"{path}: no such tape", cure="`botmm data ls` shows what is there")
    info = tape_info(str(path))
    meta = info["meta"]
    return Tape(
        path=path,
        symbol=meta["symbol"],
        venue=meta["venue"],
        first_ts=int(info["first_ts"]),
        last_ts=int(info["last_ts"]),
        rows=int(info["rows"]),
        meta=meta,
    )


def by_symbol(tapes: Sequence[Tape]) -> dict[str, tuple[Tape, ...]]:
    """Group tapes by symbol, each group in order of time.

    Raises:
        DataError: an inverse contract, or two tapes of one symbol that overlap.
    """
    groups: dict[str, list[Tape]] = {}
    for tape in sorted(tapes, key=lambda t: (t.symbol, t.first_ts)):
        if tape.meta.get("inverse", "false") == "true":
            raise DataError(
                f"{tape.symbol} on {tape.venue} is an inverse contract (settled in coin); "
                f"replay refuses it: {tape.path}",
                cure="choose a linear perpetual; inverse tapes are for `data ls`, `check`, `export`",
            )
        group = groups.setdefault(tape.symbol, [])
        if group and group[-1].last_ts > tape.first_ts:
            raise DataError(
                f"{group[-1].path} and {tape.path} overlap in time",
                cure="name only one of them, or import them again into one store",
            )
        group.append(tape)
    return {symbol: tuple(group) for symbol, group in groups.items()}


def make_plan(
    settings: Settings,
    *,
    symbols: Sequence[str],
    paths: Sequence[Path],
    wanted: Range,
    warmup: str | None = None,
) -> Plan:
    """Return the plan of a run over named tapes, or over what the store has.

    Raises:
        UsageError: neither symbols nor tapes are named, or tapes of several venues.
        DataError: a symbol or a range that is not there, with what is; an inverse contract.
    """
    if paths:
        tapes = [read_tape_info(path) for path in _tape_files(paths)]
        if symbols:
            tapes = [tape for tape in tapes if tape.symbol in symbols]
        stretch = resolved(wanted, day_of(max((t.last_ts for t in tapes), default=0)))
    else:
        stretch, tapes = _stored(settings, symbols, wanted)
    venues = sorted({tape.venue for tape in tapes})
    if len(venues) > 1:
        raise UsageError(f"one account is on one venue, these tapes are of {', '.join(venues)}")
    inside = [tape for tape in tapes if _meets(tape, stretch)]
    if not inside:
        raise DataError(f"no data from {stretch.text()}", cure=_coverage(tapes))
    plan = Plan(
        settings=settings,
        tapes=by_symbol(inside),
        range=stretch,
        warmup_ns=0,
        fees=_fees(settings, venues[0]),
    )
    return _warmed(plan, warmup)


def _tape_files(paths: Sequence[Path]) -> list[Path]:
    """Return the tapes among files and folders."""
    return [
        file
        for path in paths
        for file in (sorted(path.rglob("*.parquet")) if path.is_dir() else [path])
    ]


def _meets(tape: Tape, stretch: Range) -> bool:
    """Whether a tape has rows in a range."""
    return (stretch.until is None or tape.first_ts < stretch.until) and (
        stretch.since is None or tape.last_ts >= stretch.since
    )


def _coverage(tapes: Sequence[Tape]) -> str:
    """Return what tapes hold, as a cure for asking for something else."""
    if not tapes:
        return "`botmm data ls` shows what is there"
    first, last = min(t.first_ts for t in tapes), max(t.last_ts for t in tapes)
    return f"there is data from {time_text(first)} to {time_text(last)}"


def _fees(settings: Settings, venue: str) -> tuple[float, float]:
    """Return maker and taker rates: those of the settings, else the venue's base tier."""
    from botmm.core import base_fees

    maker, taker = base_fees(venue)
    sim = settings.sim
    return (
        maker if sim.maker_fee is None else sim.maker_fee,
        taker if sim.taker_fee is None else sim.taker_fee,
    )


def _stored(settings: Settings, symbols: Sequence[str], wanted: Range) -> tuple[Range, list[Tape]]:
    """Return the range, resolved, and the store's tapes of every symbol in it."""
    from botmm.data.catalogue import find_tapes

    store, venue = Path(settings.store.dir), settings.account.venue
    if not symbols:
        raise UsageError(
            "name a symbol or a tape", cure="botmm replay --symbol BTC --date 2026-02-12"
        )
    days = {symbol: _days(store, venue, symbol) for symbol in symbols}
    stretch = resolved(wanted, max(group[-1] for group in days.values()))
    tapes: list[Tape] = []
    for symbol, there in days.items():
        found = find_tapes(store, venue, symbol, stretch.since, stretch.until)
        if not found:
            raise DataError(
                f"no data of {symbol} on {venue} from {stretch.text()}",
                cure=f"the store has {there[0]} to {there[-1]}, {len(there)} days",
            )
        tapes += [read_tape_info(Path(path)) for path in found]
    return stretch, tapes


def _days(store: Path, venue: str, symbol: str) -> list[date]:
    """Return the days of a symbol that the store holds, at least one."""
    root = store / "tape"
    days = [parse_date(p.stem) for p in sorted((root / venue / symbol).glob("????-??-??.parquet"))]
    if days:
        return days
    there = sorted(f"{p.parent.name}/{p.name}" for p in root.glob("*/*") if p.is_dir())
    cure = f"there is: {', '.join(there)}" if there else "import some with `botmm data import PATH`"
    raise DataError(f"no tape of {symbol} on {venue} in {store}", cure=cure)


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
        },
        "fees": {"maker": plan.fees[0], "taker": plan.fees[1]},
        "from": plan.range.since,
        "to": plan.range.until,
        "warmup_ns": plan.warmup_ns,
        "step_ms": play.step_ms,
        "equity_interval_s": _equity_interval_s(plan),
        "max_gap_s": play.max_gap_s,
        "bridge_gaps": play.bridge_gaps,
        "seed": play.seed,
    }


def _equity_interval_s(plan: Plan) -> float:
    """Return the distance of equity rows, widened on long ranges so that memory stays flat."""
    asked = plan.settings.replay.equity_interval_s
    first, last = plan.span
    rows = (last - first) / SECOND_NS / asked
    return asked * max(1, math.ceil(rows / EQUITY_ROWS_MAX))


def _latency(settings: Settings, scale: float) -> dict[str, Any]:
    """Return the latency model of the settings."""
    sim = settings.sim
    if sim.latency_model == "file":
        rows = _latency_rows(Path(sim.latency_file))
        return {"model": "recorded", "rows": rows, "scale": scale}
    return {
        "model": sim.latency_model,
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
        columns = [table.column(i).cast(pa.int64()).to_pylist() for i in range(3)]
    except (pa.ArrowException, IndexError) as error:
        raise DataError(
            f"{path}: {error}", cure="it needs three columns: request_ts, exch_ts, resp_ts in ns"
        ) from None
    rows = [list(row) for row in zip(*columns, strict=True)]
    if not rows:
        raise DataError(f"{path}: no rows")
    for number, (request, exch, response) in enumerate(rows, start=1):
        if not request <= exch <= response:
            raise DataError(f"{path}: row {number}: times are not in order: {rows[number - 1]}")
    return rows


def run(
    plan: Plan,
    engine: EngineFactory,
    on_chunk: OnChunk,
    *,
    latency_scale: float = 1.0,
    queue: str | None = None,
) -> ReplayRun:
    """Drive one run to its end, or to where `on_chunk` stopped it.

    Raises:
        DataError: the range holds no rows, or a gap longer than accepted.
    """
    from botmm.clock import SystemClock

    told = spec(plan, latency_scale=latency_scale, queue=queue)
    clock = SystemClock()
    started = clock.monotonic()
    core = engine(json.dumps(told))
    first, last = plan.span
    stop = done = False
    rows = 0
    while not done and not stop:
        at = core.run(CHUNK_ROWS)
        rows, done = int(at["rows"]), bool(at["done"])
        share = (int(at["ts"]) - first) / max(last - first, 1)
        stop = on_chunk(1.0 if done else min(max(share, 0.0), 1.0), rows)
    if rows == 0:
        raise DataError(
            f"no rows from {plan.range.text()}", cure="`botmm data ls` shows what is there"
        )
    result = core.result()
    return ReplayRun(
        plan=plan,
        spec=told,
        fills=result["fills"],
        orders=result["orders"],
        equity=result["equity"],
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


def _warmed(plan: Plan, warmup: str | None) -> Plan:
    """Return the plan with earlier data in front, for signals to settle before the first quote.

    Args:
        plan: the run without warm-up.
        warmup: None, `auto` for what the store has before the range, or the path of a tape.

    Raises:
        DataError: a tape of another symbol, or one that is not earlier than the range.
    """
    if warmup is None:
        return plan
    starts = [group[0].first_ts for group in plan.tapes.values()]
    start = max(plan.range.since or min(starts), min(starts))
    if warmup == "auto":
        reach = round(plan.settings.replay.warmup_s * SECOND_NS)
        return _warmed_from_store(plan, start, reach)
    tape = read_tape_info(Path(warmup))
    if tape.symbol not in plan.tapes or tape.last_ts > plan.tapes[tape.symbol][0].first_ts:
        raise DataError(
            f"{tape.path}: holds {tape.symbol} until {time_text(tape.last_ts)}, which is no "
            f"earlier data of {', '.join(plan.symbols)}",
            cure="name a tape of the same symbol that ends before the range, or use --warmup auto",
        )
    tapes = dict(plan.tapes) | {tape.symbol: (tape, *plan.tapes[tape.symbol])}
    since = Range(since=start, until=plan.range.until)
    return replace(plan, tapes=tapes, range=since, warmup_ns=start - tape.first_ts)


def _warmed_from_store(plan: Plan, start: int, reach: int) -> Plan:
    """Put the store's earlier days in front, as far as the warm-up reaches."""
    from botmm.data.catalogue import find_tapes

    store, venue = Path(plan.settings.store.dir), plan.settings.account.venue
    tapes = dict(plan.tapes)
    for symbol, group in plan.tapes.items():
        have = {tape.path for tape in group}
        early = find_tapes(store, venue, symbol, start - reach, start)
        extra = [read_tape_info(Path(path)) for path in early if Path(path) not in have]
        tapes[symbol] = (*extra, *group)
    since = Range(since=start, until=plan.range.until)
    return replace(plan, tapes=tapes, range=since, warmup_ns=reach)
