"""Catalogue — which tapes a store holds, and what they cover.

Tapes lie at `{store}/tape/{venue}/{symbol}/{YYYY-MM-DD}.parquet`; the day is the UTC day of
`ts_recv`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from botmm.errors import DataError
from botmm.units import SECOND_NS, UnixNanos, day_of

# What an import counts that is no defect: how much there was.
_PLAIN_COUNTS = frozenset({"frames", "lines", "messages"})
_DAY_FILES = "????-??-??.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """A tape file and what it says of itself."""

    path: Path
    venue: str
    symbol: str
    day: date
    rows: int
    size_bytes: int
    first_ts: UnixNanos
    last_ts: UnixNanos
    meta: dict[str, str]

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Return recorded silences as (start, end), in Unix nanoseconds; what touches is one."""
        found: list[tuple[int, int]] = []
        for start, end, _ in sorted(json.loads(self.meta.get("gaps", "[]"))):
            if found and start <= found[-1][1]:
                found[-1] = found[-1][0], max(found[-1][1], end)
            else:
                found.append((start, end))
        return tuple(found)

    @property
    def defects(self) -> dict[str, int]:
        """Return what the import counted as wrong or odd, by name; zeros are left out."""
        return defects_of(json.loads(self.meta.get("quality", "{}")))

    @property
    def covered_ns(self) -> int:
        """Return the time between the first and the last row, less the gaps within."""
        silent = sum(
            max(min(end, self.last_ts) - max(start, self.first_ts), 0) for start, end in self.gaps
        )
        return max(self.last_ts - self.first_ts - silent, 0)


def defects_of(counts: Mapping[str, object]) -> dict[str, int]:
    """Return the counts of an import that tell of defects, by name; zeros are left out."""
    return {
        name: count
        for name, count in sorted(counts.items())
        if isinstance(count, int) and count and name not in _PLAIN_COUNTS
    }


def defects_text(defects: Mapping[str, int]) -> str:
    """Return defects as words: receive time backward 1, repeated trades 3."""
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in defects.items())


def tape_path(store: Path, venue: str, symbol: str, day: date) -> Path:
    """Return where the tape of a day lies."""
    return store / "tape" / venue / symbol / f"{day.isoformat()}.parquet"


def read_tape(path: Path) -> Tape:
    """Return what a tape says of itself.

    Raises:
        DataError: no such file, or not a tape.
    """
    from botmm.core import CoreException, tape_info

    if not path.is_file():
        raise DataError(f"{path}: no such tape", cure="`botmm data ls` shows what is there")
    try:
        info = tape_info(str(path))
    except CoreException as error:
        raise DataError(str(error), cure="import it again with --force") from None
    meta = {str(key): str(value) for key, value in info["meta"].items()}
    return Tape(
        path=path,
        venue=meta.get("venue", path.parent.parent.name),
        symbol=meta.get("symbol", path.parent.name),
        day=day_of(int(info["first_ts_recv"] or 0)),
        rows=int(info["rows"]),
        size_bytes=path.stat().st_size,
        first_ts=UnixNanos(int(info["first_ts_recv"] or 0)),
        last_ts=UnixNanos(int(info["last_ts_recv"] or 0)),
        meta=meta,
    )


def day_files(store: Path, venue: str, symbol: str) -> dict[date, Path]:
    """Return the tapes of a symbol by day, without opening them."""
    folder = store / "tape" / venue / symbol
    return {date.fromisoformat(path.stem): path for path in sorted(folder.glob(_DAY_FILES))}


def find_tapes(
    store: Path, venue: str, symbol: str, since: int | None, until: int | None
) -> list[Path]:
    """Return the tapes that may hold rows in [since, until), by day.

    Args:
        store: the data folder.
        venue, symbol: folder names.
        since, until: Unix nanoseconds; None leaves that end open.
    """
    files = day_files(store, venue, symbol)
    first = None if since is None else day_of(since)
    last = None if until is None else day_of(until - 1)
    return [
        path
        for day, path in files.items()
        if (first is None or day >= first) and (last is None or day <= last)
    ]


def nearest(store: Path, venue: str | None, symbol: str) -> str:
    """Return where else a symbol may stand that has no tapes there, as a cure.

    The same symbol on other venues comes first, then symbols that look alike on any, then all
    that the store holds.

    Args:
        store: the data folder.
        venue: where it was looked for; None is everywhere.
        symbol: what was looked for.
    """
    there = sorted({path.parts[-3:-1] for path in (store / "tape").glob(f"*/*/{_DAY_FILES}")})
    if not there:
        return "import some with `botmm data import PATH`"
    same = [f"--venue {place}" for place, name in there if name == symbol]
    if same:
        return f"did you mean {' or '.join(same)}?"
    wanted = symbol.casefold()
    close = [(place, name) for place, name in there if _alike(wanted, name.casefold())]
    if close:
        texts = [
            f"--symbol {name}" + ("" if place == venue else f" --venue {place}")
            for place, name in sorted(close, key=lambda pair: (pair[0] != venue, pair))
        ]
        return f"did you mean {' or '.join(texts)}?"
    return f"there is: {', '.join('/'.join(pair) for pair in there)}"


def _alike(wanted: str, name: str) -> bool:
    """Whether one symbol begins as the other, or is a slip of the fingers away from it."""
    begins = name.startswith(wanted) or wanted.startswith(name)
    return begins or bool(get_close_matches(wanted, [name], cutoff=0.8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the store holds of one symbol."""

    venue: str
    symbol: str
    days: tuple[date, ...]
    rows: int
    size_bytes: int
    tiers: tuple[str, ...]
    hours: float
    gaps: int
    gap_seconds: float
    damaged: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "venue": self.venue,
            "symbol": self.symbol,
            "days": [day.isoformat() for day in self.days],
            "rows": self.rows,
            "bytes": self.size_bytes,
            "tiers": list(self.tiers),
            "hours": round(self.hours, 4),
            "gaps": self.gaps,
            "gap_seconds": round(self.gap_seconds, 3),
            "damaged": list(self.damaged),
        }


def coverage(
    store: Path, *, venue: str | None = None, symbols: Sequence[str] = ()
) -> list[Coverage]:
    """Return what the store holds, a row a symbol; damaged tapes are named, not skipped."""
    found = []
    for folder in sorted((store / "tape").glob("*/*")):
        if venue not in (None, folder.parent.name) or (symbols and folder.name not in symbols):
            continue
        files = day_files(store, folder.parent.name, folder.name)
        if files:
            found.append(_covered(folder, files))
    return found


def _covered(folder: Path, files: dict[date, Path]) -> Coverage:
    tapes, damaged = [], []
    for path in files.values():
        try:
            tapes.append(read_tape(path))
        except DataError as error:
            damaged.append(error.message)
    gaps = [gap for tape in tapes for gap in tape.gaps]
    return Coverage(
        venue=folder.parent.name,
        symbol=folder.name,
        days=tuple(files),
        rows=sum(tape.rows for tape in tapes),
        size_bytes=sum(tape.size_bytes for tape in tapes),
        tiers=tuple(sorted({tape.meta.get("tier", "?") for tape in tapes})),
        hours=sum(tape.covered_ns for tape in tapes) / (3600 * SECOND_NS),
        gaps=len(gaps),
        gap_seconds=sum(end - start for start, end in gaps) / SECOND_NS,
        damaged=tuple(damaged),
    )
