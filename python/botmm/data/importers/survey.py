"""Survey — a first pass over the files of one symbol: scales, days, silences, clocks.

Everything is decoded by the same code that will write the tape, at a scale fine enough for any
price, so that what the survey says is true of the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from botmm.data.importers.base import I64, SURVEY, Batch, Columns, Scales, Source, Tally
from botmm.data.importers.lanes import deliver, rules
from botmm.errors import DataError
from botmm.units import DAY_NS, SECOND_NS, day_of

# Numbers of rows.rs.
LEVEL, TRADE, FRAME, CONTEXT, GAP = 1, 5, 6, 7, 9
BOOK, FAST, BBO, TRADES = 1, 2, 3, 4
LAST = 1

# Without any row of a book stream for so long, the recorder was not there. Streams of changes
# may be silent longer, and trades longer still.
SILENCE_NS = {"snapshots": 10 * SECOND_NS, "changes": 60 * SECOND_NS, "trades": 600 * SECOND_NS}

# A median delay below minus this is no jitter: the two clocks differ by a constant.
OFFSET_NS_MIN = 50_000_000
# What is then taken for the fastest delivery; the few rows below are outliers.
OFFSET_QUANTILE = 0.005
_DELAYS_MAX = 200_000

# What a call of the assembler adds to; lines show it by their rows.
_STREAMS: dict[str, set[int]] = {
    "add_snapshots": {BOOK},
    "add_deltas": {BOOK},
    "add_bbo": {BBO},
    "add_trades": {TRADES},
    "add_lines": set(),
}


@dataclass(slots=True, kw_only=True)
class Survey:
    """What the first pass found."""

    scales: Scales
    price_step: int
    first: int
    last: int
    days: tuple[date, ...]
    days_of: dict[str, set[date]]
    gaps: tuple[tuple[int, int], ...]
    tier: str
    offsets: dict[str, int]
    delay_ms: dict[str, float]
    notes: dict[str, str]

    def offset(self, source: Source | None) -> int:
        """Return what to add to receive times, of one file or of all together."""
        if source is not None:
            return self.offsets.get(str(source.path), 0)
        values = sorted(self.offsets.values())
        return values[len(values) // 2] if values else 0


@dataclass(slots=True)
class _Pass:
    """What accumulates while rows go by."""

    px_gcd: int = 0
    qty_gcd: int = 0
    first: int | None = None
    last: int = 0
    book_last: int | None = None
    trade_last: int | None = None
    book_gaps: list[tuple[int, int]] = field(default_factory=list)
    trade_gaps: list[tuple[int, int]] = field(default_factory=list)
    streams: set[int] = field(default_factory=set)
    stamps: dict[str, list[I64]] = field(default_factory=dict)
    reach: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    px_decimals: int = 0
    size_decimals: int = 0

    def rows(self, rows: Columns, name: str | None) -> None:
        """Take a delivery; `name` is its file where that is known."""
        kind, recv, stream = rows["kind"], rows["ts_recv"], rows["stream"]
        levels = (kind == LEVEL) | (kind == TRADE)
        for column, gcd in (("px", "px_gcd"), ("qty", "qty_gcd")):
            values = rows[column][levels]
            if len(values):
                now = int(np.gcd.reduce(values))
                setattr(self, gcd, int(np.gcd(getattr(self, gcd), now)))
        self.first = int(recv[0]) if self.first is None else self.first
        self.last = int(recv[-1])
        self.streams |= {int(s) for s in np.unique(stream[levels])}
        in_book = (stream >= BOOK) & (stream <= BBO)
        self.book_last = self._silences(recv[in_book], self.book_last, self.book_gaps)
        in_trades = stream == TRADES
        self.trade_last = self._silences(recv[in_trades], self.trade_last, self.trade_gaps)
        if name is not None:
            ends = ((rows["flags"] & LAST) != 0) & (kind != GAP) & (rows["ts_exch"] > 0)
            self.message(name, rows["ts_exch"][ends], recv[ends])

    def _silences(self, recv: I64, last: int | None, found: list[tuple[int, int]]) -> int | None:
        if len(recv) == 0:
            return last
        steps = np.diff(recv, prepend=recv[0] if last is None else last)
        silent = np.flatnonzero(steps > min(SILENCE_NS.values()))
        found += [(int(recv[at] - steps[at]), int(recv[at])) for at in silent]
        return int(recv[-1])

    def message(self, name: str, exch: I64, recv: I64) -> None:
        """Take the two times of messages of a file."""
        if len(recv) == 0:
            return
        reach = self.reach.setdefault(name, {})
        for day in np.unique(recv // DAY_NS).tolist():
            inside = recv[recv // DAY_NS == day]
            low, high = reach.get(day, (int(inside[0]), int(inside[-1])))
            reach[day] = min(low, int(inside[0])), max(high, int(inside[-1]))
        delays = self.stamps.setdefault(name, [])
        if sum(map(len, delays)) < _DELAYS_MAX:
            delays.append((recv - exch)[exch != recv])

    def batch(self, source: Source, batch: Batch, symbol: str) -> None:
        """Take a batch of a table; lines are seen as rows, but for levels that never become one."""
        from botmm.core import scan_lines

        if batch.method != "add_lines":
            self.message(str(source.path), batch.args[0], batch.args[1])
        else:
            decoder, _, lines, first = batch.args
            px, size, _ = scan_lines(decoder, lines, first).get(symbol, (0, 0, 0))
            self.px_decimals = max(self.px_decimals, px)
            self.size_decimals = max(self.size_decimals, size)
        self.streams |= _STREAMS[batch.method]


def survey(
    sources: Sequence[Source],
    symbol: str,
    *,
    scales: Scales | None = None,
    on_batch: Callable[[Source, Batch], None] | None = None,
) -> Survey:
    """Read everything once.

    Args:
        sources: the files of one symbol and venue.
        symbol: which symbol.
        scales: scales told by the user, taken as they are.
        on_batch: told of every batch, for progress.

    Raises:
        DataError: a file is not what it claims to be, or holds no rows.
    """
    from botmm.core import Assembler

    held, tally = _Pass(), Tally()
    looked = scales or SURVEY
    assembler = Assembler(looked.px, looked.size, venue=rules(sources))

    def seen(source: Source, batch: Batch) -> None:
        held.batch(source, batch, symbol)
        if on_batch is not None:
            on_batch(source, batch)

    for delivery in deliver(sources, symbol, looked, assembler, tally, seen):
        lines = delivery.source is not None and delivery.source.lane == "frames"
        held.rows(delivery.rows, str(delivery.source.path) if lines and delivery.source else None)
    if held.first is None:
        raise DataError(
            f"no rows of {symbol} in {', '.join(source.path.name for source in sources[:3])}",
            cure="check --symbol and --format",
        )
    return _concluded(held, sources, scales)


def _concluded(
    held: _Pass,
    sources: Sequence[Source],
    told: Scales | None,
) -> Survey:
    looked = told or SURVEY
    scales = told or Scales(
        px=max(_decimals(held.px_gcd), held.px_decimals),
        size=max(_decimals(held.qty_gcd), held.size_decimals),
    )
    incremental = any(source.incremental for source in sources)
    offsets, delay_ms = {}, {}
    for name, parts in held.stamps.items():
        delays = np.concatenate(parts)
        if len(delays) == 0:
            continue
        median = float(np.median(delays))
        offsets[name] = 0
        if median < -OFFSET_NS_MIN:
            offsets[name] = -int(np.quantile(delays, OFFSET_QUANTILE))
        delay_ms[name] = (median + offsets[name]) / 1e6
    days_of = {
        name: {day_of(ts + offsets.get(name, 0)) for edges in reach.values() for ts in edges}
        for name, reach in held.reach.items()
    }
    return Survey(
        scales=scales,
        first=held.first or 0,
        last=held.last,
        price_step=held.px_gcd // 10 ** (looked.px - scales.px) or 1,
        days=tuple(sorted(set().union(*days_of.values()))),
        days_of=days_of,
        gaps=_gaps(held, incremental=incremental),
        tier=_tier(held.streams, incremental=incremental),
        offsets=offsets,
        delay_ms=delay_ms,
        notes={key: text for source in sources for key, text in source.notes.items()},
    )


def _gaps(held: _Pass, *, incremental: bool) -> tuple[tuple[int, int], ...]:
    has_book = held.book_last is not None
    if not has_book:
        limit, found = SILENCE_NS["trades"], held.trade_gaps
    elif incremental or BOOK not in held.streams:
        limit, found = SILENCE_NS["changes"], held.book_gaps
    else:
        limit, found = SILENCE_NS["snapshots"], held.book_gaps
    return tuple((start, end) for start, end in found if end - start > limit)


def _tier(streams: set[int], *, incremental: bool) -> str:
    """Return the data tier of DESIGN section 7."""
    if BOOK in streams or FAST in streams:
        if incremental:
            return "B"
        return "C" if BBO in streams else "D"
    return "E"


def _decimals(gcd: int) -> int:
    """Return the decimals that a common divisor at the survey's scale needs."""
    decimals = SURVEY.px
    while decimals > 0 and gcd % 10 == 0 and gcd > 0:
        gcd //= 10
        decimals -= 1
    return decimals
