"""Plan — which tapes a run plays, over which time, with which settings and fees.

A plan is pure data: made from options and the store, before anything is played.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from botmm.data.candles import MINUTE_MS, Candle, is_candle_file, read_candles
from botmm.data.catalogue import Tape, day_files, find_tapes, nearest, read_tape
from botmm.errors import DataError, UsageError
from botmm.research.signals import is_signals_file
from botmm.units import DAY_NS, SECOND_NS, day_of, day_start, parse_date, parse_time, time_text

if TYPE_CHECKING:
    from datetime import date

    from botmm.config import Settings


# A day to fit the trend on, and what QQE needs before it.
CANDLES_MAX = 1_440 + 73
_WARMUP_CURE = (
    "--warmup takes `auto`, an earlier tape, 1m candles, or signals.bin of an earlier run"
)
SILENCE_NS = 3_600 * SECOND_NS


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
class Plan:
    """One run, before it is spelled out for the core."""

    settings: Settings
    tapes: Mapping[str, tuple[Tape, ...]]
    range: Range
    warmup_ns: int
    fees: tuple[float, float]
    candles: Mapping[str, Sequence[Candle]] = field(default_factory=dict)
    # The file of signals that it begins with.
    signals: Path | None = None
    # Name, file and digest of a strategy of one's own; None is the shipped maker.
    strategy: Mapping[str, str | None] | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols in order; their places are the `symbol` columns of the result."""
        return tuple(self.tapes)

    @property
    def span(self) -> tuple[int, int]:
        """Return the first and last time that will be played."""
        tapes = [tape for group in self.tapes.values() for tape in group]
        first = int(min(tape.first_ts for tape in tapes))
        last = int(max(tape.last_ts for tape in tapes))
        if self.range.since is not None:
            first = max(first, self.range.since - self.warmup_ns)
        return first, last if self.range.until is None else min(last, self.range.until)


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
        tapes = [read_tape(path) for path in _tape_files(paths)]
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


def whole_tapes(tape: str | Path | Sequence[str | Path], settings: Settings) -> Plan:
    """Return the plan of a run over all of one or more tapes.

    Raises:
        UsageError, DataError: as `make_plan`.
    """
    paths = [Path(tape)] if isinstance(tape, str | Path) else [Path(path) for path in tape]
    return make_plan(settings, symbols=(), paths=paths, wanted=Range())


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
        tapes += [read_tape(Path(path)) for path in found]
    return stretch, tapes


def _days(store: Path, venue: str, symbol: str) -> list[date]:
    """Return the days of a symbol that the store holds, at least one."""
    days = list(day_files(store, venue, symbol))
    if days:
        return days
    raise DataError(
        f"no tape of {symbol} on {venue} in {store}", cure=nearest(store, venue, symbol)
    )


def _warmed(plan: Plan, warmup: str | None) -> Plan:
    """Return the plan with earlier data in front, for signals to settle before the first quote.

    Args:
        plan: the run without warm-up.
        warmup: None, `auto` for what the store has before the range, or the path of a tape, of
            one-minute candles, or of the signals that an earlier run ended with.

    Raises:
        UsageError: candles for several symbols.
        DataError: a tape or signals of another symbol, or not earlier than the range; candles that
            are none; candles or signals that end long before the range.
    """
    if warmup is None:
        return plan
    starts = [group[0].first_ts for group in plan.tapes.values()]
    start = max(plan.range.since or min(starts), min(starts))
    if warmup == "auto":
        reach = round(plan.settings.replay.warmup_s * SECOND_NS)
        return _warmed_from_store(plan, start, reach)
    if is_signals_file(Path(warmup)):
        return _warmed_by_signals(plan, Path(warmup), start)
    if is_candle_file(Path(warmup)):
        return _warmed_by_candles(plan, Path(warmup), start)
    try:
        tape = read_tape(Path(warmup))
    except DataError as error:
        raise DataError(error.message, cure=_WARMUP_CURE) from None
    if tape.symbol not in plan.tapes or tape.last_ts > plan.tapes[tape.symbol][0].first_ts:
        raise DataError(
            f"{tape.path}: holds {tape.symbol} until {time_text(tape.last_ts)}, which is no "
            f"earlier data of {', '.join(plan.symbols)}",
            cure="name a tape of the same symbol that ends before the range, or use --warmup auto",
        )
    tapes = dict(plan.tapes) | {tape.symbol: (tape, *plan.tapes[tape.symbol])}
    return _starting_at(plan, tapes, start, tape.first_ts)


def _warmed_by_signals(plan: Plan, path: Path, start: int) -> Plan:
    """Return the plan whose signals begin as an earlier run's ended."""
    from botmm.core import CoreException, signals_info

    try:
        held = {(symbol, venue): at for symbol, venue, at in signals_info(str(path))}
    except CoreException as error:
        raise DataError(str(error), cure="save it anew by a replay of this version") from None
    for symbol, group in plan.tapes.items():
        at = held.get((symbol, group[0].venue))
        if at is None:
            has = ", ".join(f"{own} on {venue}" for own, venue in held)
            raise DataError(
                f"{path}: holds signals of {has}, none of {symbol} on {group[0].venue}",
                cure="name the signals of a run with the same symbols, or use --warmup auto",
            )
        if not 0 <= start - at <= SILENCE_NS:
            raise DataError(
                f"{path}: the signals of {symbol} end at {time_text(at)}, the run begins at "
                f"{time_text(start)}: they would start with another market",
                cure="name signals of a run that ends where this one begins, or use --warmup auto",
            )
    return replace(plan, signals=path)


def _warmed_by_candles(plan: Plan, path: Path, start: int) -> Plan:
    """Return the plan whose signals begin with the candles that closed before its start."""
    if len(plan.symbols) != 1:
        raise UsageError(
            f"{path} holds candles of one symbol, the run has {', '.join(plan.symbols)}",
            cure="replay one symbol, or use --warmup auto",
        )
    candles = read_candles(path, before_ns=start, most=CANDLES_MAX)
    silence = start - (candles[-1][0] + MINUTE_MS) * 1_000_000
    if silence > SILENCE_NS:
        raise DataError(
            f"{path}: its last candle before the run closed {silence / SECOND_NS / 3600:.1f} h "
            "earlier: signals would start with another market",
            cure="name candles that reach up to the start of the run",
        )
    return replace(plan, candles={plan.symbols[0]: candles})


def _warmed_from_store(plan: Plan, start: int, reach: int) -> Plan:
    """Put the store's earlier days in front, as far as the warm-up reaches."""
    store, venue = Path(plan.settings.store.dir), plan.settings.account.venue
    tapes = dict(plan.tapes)
    for symbol, group in plan.tapes.items():
        have = {tape.path for tape in group}
        early = find_tapes(store, venue, symbol, start - reach, start)
        extra = [read_tape(path) for path in early if path not in have]
        tapes[symbol] = (*extra, *group)
    return _starting_at(plan, tapes, start, start - reach)


def _starting_at(
    plan: Plan, tapes: Mapping[str, tuple[Tape, ...]], start: int, earliest: int
) -> Plan:
    """Return the plan that quotes from `start` and reads what there is from `earliest` on."""
    there = min(group[0].first_ts for group in tapes.values())
    since = Range(since=start, until=plan.range.until)
    return replace(plan, tapes=tapes, range=since, warmup_ns=start - max(earliest, there))
