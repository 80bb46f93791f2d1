"""Versus — a daemon's run played again tick by tick on what it recorded, beside what it really did.

Everything is put on the venue's clock: market frames, latencies and fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from botmm.errors import DataError
from botmm.live.history import MakeTeller, Run, SentOrder, runs
from botmm.live.latency import Latencies, latencies, write_latencies
from botmm.live.parity import Record
from botmm.report.versus import Comparison, Execution, Sides, Silence, Stay, compare
from botmm.units import MS_NS, SECOND_NS

if TYPE_CHECKING:
    from botmm.config import Settings
    from botmm.research.plan import Plan
    from botmm.research.replay import ReplayRun

LEAST_NS = 10 * SECOND_NS
"""A shorter stretch of quoting says nothing."""
LATENCY_FILE = "latency-{}.parquet"
STEP_MS_MOST = 50.0
"""The daemon decides at each frame, and each 0.1 s."""
_BLIND = frozenset({"link", "records"})
_SIGN = {"bid": 1, "ask": -1}
Journal = Callable[[], Iterable[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is compared of a run: from when to when, by our clock in ns."""

    run: Run
    begin: int
    end: int
    latency: Latencies

    @property
    def is_whole(self) -> bool:
        """Whether it begins with the run, so that both sides begin flat and warm alike."""
        return self.begin <= first_free(self.run)

    def on_venue(self, ts: int) -> int:
        """Return a time of ours by the venue's clock."""
        return ts + self.latency.offset_ns


@dataclass(slots=True, kw_only=True)
class Versus:
    """One stretch with both sides, and what became of the comparison."""

    stretch: Stretch
    played: ReplayRun
    found: Comparison
    curve: list[tuple[int, float, float]]
    """Time, and what live and replay had earned by then, in USD."""


def first_free(run: Run) -> int:
    """Return when a run first could quote: when no hold was left; its end where that never came."""
    edges = sorted({run.first_ns, *(hold.until for hold in run.holds)})
    free = (t for t in edges if not any(hold.since <= t < hold.until for hold in run.holds))
    return next(free, run.last_ns)


def stretches(
    found: Sequence[Run], *, number: int | None, day: tuple[int, int] | None
) -> list[Stretch]:
    """Return what is compared: of one run or of all, within a day where one is named.

    Raises:
        DataError: there is nothing of that.
    """
    chosen = []
    for run in found:
        begin, end = first_free(run), run.last_ns
        if day is not None:
            begin, end = max(begin, day[0]), min(end, day[1])
        if number in (None, run.number) and end - begin >= LEAST_NS and run.frames:
            chosen.append(Stretch(run=run, begin=begin, end=end, latency=latencies(run)))
    if not chosen:
        numbers = ", ".join(str(run.number) for run in found) or "none"
        raise DataError(
            "the journal has no stretch of quoting of that time or number",
            cure=f"its runs are {numbers}; one has to quote for {LEAST_NS // SECOND_NS} s at least",
        )
    return chosen


_TOLD = {
    "params": "Parameters were taken over while it ran; replay keeps those of the start.",
    "flatten": "Positions were closed by an operator, which replay does not do.",
    "halt": "The run was halted; replay halts only where its own fills and losses ask for it.",
}


def notes(stretch: Stretch) -> list[str]:
    """Return what of a run replay cannot follow."""
    run, found = stretch.run, []
    if not stretch.is_whole:
        found.append("It begins within the run: replay begins without live's position and orders.")
    elif any(run.positions.values()):
        found.append("Live began with a position; replay begins flat, and its worth is in neither.")
    if run.corrected:
        found.append(f"Live's position was taken from the venue's word {run.corrected} times.")
    found += [words for kind, words in _TOLD.items() if kind in run.told]
    if run.told.get("patience", 0) > 1:
        found.append("Live was patient to save requests; replay knows no budget of them.")
    latency = stretch.latency
    if not latency.rows:
        found.append("No request has a time of the venue's: replay has the configured latency.")
    if latency.bent:
        found.append(
            f"{latency.bent} times of the venue do not fit both clocks, and were moved to the end of"
            " their request."
        )
    return [f"Run {run.number}: {text}" for text in found]


def write_frames(
    journal: Iterable[Record],
    make_teller: MakeTeller,
    chosen: Sequence[Stretch],
    folder: Path,
    warmup_ns: int,
) -> dict[int, Path]:
    """Write the market frames of each stretch as a recording, by the venue's clock."""
    wanted = {one.run.number: one for one in chosen}
    paths = {number: folder / f"frames-{number}.txt" for number in wanted}
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {
            number: stack.enter_context(path.open("wb")) for number, path in paths.items()
        }

        def keep(run: Run, ts: int, payload: bytes) -> None:
            """Write a frame that is wanted."""
            one = wanted.get(run.number)
            if one is not None and one.begin - warmup_ns <= ts <= one.end:
                files[run.number].write(b"%d %s\n" % (one.on_venue(ts), payload))

        for _ in runs(journal, make_teller, keep):
            pass
    return paths


def tapes(frames: Path, run: Run, store: Path) -> list[Path]:
    """Turn frames into tapes, by symbol with the scales that live had.

    Raises:
        DataError: what the import refuses.
    """
    from botmm.data import ingest
    from botmm.data.importers.recognise import Wish

    made = []
    for row in run.spec["symbols"]:
        request = ingest.Request(
            paths=(frames,),
            store=store,
            wish=Wish(format="hl_ws_raw", symbols=(row["symbol"],)),
            size_decimals=row["size_decimals"],
        )
        outcome = ingest.run(request, _Silent())
        if outcome.failed:
            raise outcome.failed[0]
        made += [written.path for written in outcome.written]
    return made


class _Silent:
    """Shows no progress."""

    def update(self, fraction: float, count: int) -> None:
        """Take the share done."""


def settings_of(run: Run, base: Settings, latency_file: Path | None) -> Settings:
    """Return the settings with which a run is played again: its own but for the simulated venue."""
    spec = run.spec
    fees = {f"{name}_fee": spec["fees"][name] for name in ("maker", "taker")}
    sim: dict[str, Any] = {**fees, "block_ms": 0.0}
    if latency_file is not None:
        # What was measured holds the wait for a block already.
        sim |= {"latency_model": "file", "latency_file": str(latency_file)}
    return base.model_copy(
        update={
            "account": base.account.model_copy(update={"capital_usd": spec["capital_usd"]}),
            "sim": base.sim.model_copy(update=sim),
            "replay": base.replay.model_copy(
                update={"bridge_gaps": True, "step_ms": min(base.replay.step_ms, STEP_MS_MOST)}
            ),
            "strategy": {},
            "symbols": {row["symbol"]: row["params"] for row in spec["symbols"]},
        }
    )


def plan_of(stretch: Stretch, base: Settings, made: Sequence[Path], folder: Path) -> Plan:
    """Return the replay of a stretch: the same tapes, parameters, fees, signals and latency."""
    from botmm.research.plan import Range, make_plan

    run, file = stretch.run, None
    if stretch.latency.rows:
        file = folder / LATENCY_FILE.format(run.number)
        offset = stretch.latency.offset_ns
        shifted = [tuple(t + offset if t else 0 for t in row) for row in stretch.latency.rows]
        write_latencies(file, shifted)  # type: ignore[arg-type]
    begin, end = stretch.on_venue(stretch.begin), stretch.on_venue(stretch.end)
    plan = make_plan(
        settings_of(run, base, file),
        symbols=run.symbols,
        paths=made,
        wanted=Range(since=begin, until=end),
    )
    if not stretch.is_whole:
        return replace(plan, warmup_ns=round(base.replay.warmup_s * SECOND_NS))
    if "signals" in run.spec:
        signals = folder / f"signals-{run.number}.bin"
        signals.write_bytes(bytes.fromhex(run.spec["signals"]))
        return replace(plan, signals=signals)
    candles = {row["symbol"]: row.get("candles", []) for row in run.spec["symbols"]}
    return replace(plan, candles=candles)


def play(stretch: Stretch, plan: Plan, *, window_ns: int) -> Versus:
    """Play a stretch and compare both sides.

    Raises:
        DataError: the tape has no price of a symbol.
    """
    from botmm.core import Replay
    from botmm.research.replay import run as play_plan

    orders: list[Mapping[str, Any]] = []

    def keep(table: str, rows: Mapping[str, Any]) -> None:
        """Keep the orders; fills stand in the result."""
        if table == "orders":
            orders.append(rows)

    played = play_plan(plan, Replay, lambda share, rows: False, keep=keep)
    names = stretch.run.symbols
    place = {ix: names.index(symbol) for ix, symbol in enumerate(plan.symbols)}
    end = stretch.on_venue(stretch.end)
    marks = _marks(played, place)
    if missing := set(place.values()) - set(marks):
        raise DataError(f"no price of {names[min(missing)]} in what was recorded")
    sides = Sides(
        live=_live(stretch),
        replay=_replayed(played, place),
        live_stays=[_stay(one, end) for one in stretch.run.orders.values() if one.placed],
        replay_stays=[stay for rows in orders for stay in _stays(rows, place, end)],
        silences=_silences(stretch),
        mid2={ix: int(rows[-1][1]) for ix, rows in marks.items()},
        funding=(_funding(stretch), _funding_replayed(played)),
    )
    found = compare(sides, window_ns)
    return Versus(stretch=stretch, played=played, found=found, curve=_curve(sides, marks))


def _live(stretch: Stretch) -> list[Execution]:
    begin, end = stretch.on_venue(stretch.begin), stretch.on_venue(stretch.end)
    names = stretch.run.symbols
    return [
        Execution(
            symbol=names.index(fill.coin),
            side=_SIGN[fill.side],
            px=fill.px,
            size=fill.size,
            fee=fill.fee,
            ts=fill.time_ms * MS_NS,
            order=str(fill.cloid),
            maker=not fill.crossed,
        )
        for fill in stretch.run.fills.values()
        if begin <= fill.time_ms * MS_NS <= end
    ]


def _replayed(played: ReplayRun, place: Mapping[int, int]) -> list[Execution]:
    if not played.fills:
        return []
    names = ("symbol", "side", "px", "qty", "fee", "ts_exch", "cloid_seq", "liquidity")
    columns = [np.asarray(played.fills[name]).tolist() for name in names]
    return [
        Execution(
            symbol=place[symbol],
            side=side,
            px=px,
            size=size,
            fee=fee,
            ts=ts,
            order=str(order),
            maker=liquidity == 0,
        )
        for symbol, side, px, size, fee, ts, order, liquidity in zip(*columns, strict=True)
    ]


def _stay(order: SentOrder, end: int) -> Stay:
    return Stay(
        symbol=order.symbol,
        side=_SIGN[order.side],
        px=order.px,
        since=order.placed,
        until=order.over or end,
    )


def _stays(rows: Mapping[str, Any], place: Mapping[int, int], end: int) -> list[Stay]:
    names = ("symbol", "side", "px", "ts_venue", "ts_done")
    columns = [np.asarray(rows[name]).tolist() for name in names]
    return [
        Stay(symbol=place[symbol], side=side, px=px, since=since, until=until or end)
        for symbol, side, px, since, until in zip(*columns, strict=True)
        if since
    ]


def _silences(stretch: Stretch) -> list[Silence]:
    return [
        Silence(
            since=stretch.on_venue(hold.since),
            until=stretch.on_venue(hold.until),
            cause="data" if hold.by in _BLIND else "held",
        )
        for hold in stretch.run.holds
    ]


def _funding(stretch: Stretch) -> int:
    told = stretch.run.funding
    return sum(received for ts, _, received in told if stretch.begin <= ts <= stretch.end)


def _funding_replayed(played: ReplayRun) -> int:
    return round(float(played.summary["figures"]["funding_usd"]) * 1e6)


def _marks(played: ReplayRun, place: Mapping[int, int]) -> dict[int, list[tuple[int, int]]]:
    """Return (time, twice the mid) of each symbol where the book had one."""
    rows = [np.asarray(played.equity[name]) for name in ("symbol", "ts", "mid2")]
    found: dict[int, list[tuple[int, int]]] = {}
    for ix, number in place.items():
        at = np.flatnonzero((rows[0] == ix) & (rows[2] > 0))
        if len(at):
            pairs = zip(rows[1][at].tolist(), rows[2][at].tolist(), strict=True)
            found[number] = list(pairs)
    return found


def _curve(
    sides: Sides, marks: Mapping[int, Sequence[tuple[int, int]]]
) -> list[tuple[int, float, float]]:
    """Return what both sides had earned at each sample, positions at the mid of then."""
    times = np.unique([ts for rows in marks.values() for ts, _ in rows])
    totals = []
    for fills in (sides.live, sides.replay):
        total = np.zeros(len(times))
        for symbol, rows in marks.items():
            total += _worth(times, [one for one in fills if one.symbol == symbol], rows)
        totals.append(total / 2e6)
    return list(zip(times.tolist(), totals[0].tolist(), totals[1].tolist(), strict=True))


def _worth(times: Any, fills: Sequence[Execution], rows: Sequence[tuple[int, int]]) -> Any:
    """Return what fills are worth at each time, half micro-dollars; 0 before the first price."""
    order = sorted(fills, key=lambda one: one.ts)
    lots = np.cumsum([0, *(one.side * one.size for one in order)])
    cash2 = np.cumsum([0, *(-2 * (one.side * one.px * one.size + one.fee) for one in order)])
    then = np.searchsorted([one.ts for one in order], times, side="right")
    at = np.searchsorted([ts for ts, _ in rows], times, side="right") - 1
    mids = np.asarray([mid2 for _, mid2 in rows], dtype=np.float64)[np.maximum(at, 0)]
    return lots[then] * mids + cash2[then]
