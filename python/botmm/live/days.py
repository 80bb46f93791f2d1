"""Days — what each symbol did on each UTC day: the engine's ledger cut at midnight, nothing lost.

What changed since the last look goes to the day of this look, so that the days of a run sum to its
ledger exactly. What earlier runs did on the same day is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from botmm.store.rows import Bucket
from botmm.units import SECOND_NS, day_of

_COUNTS = tuple(one.name for one in fields(Bucket) if one.name not in {"day", "symbol"})
_HOUR_NS = 3600 * SECOND_NS


@dataclass(slots=True)
class _Seen:
    """What the ledger of a symbol had come to at the last look."""

    counts: dict[str, int]
    at_ns: int
    quotes: bool = False


class Days:
    """Follows a run's ledger."""

    def __init__(self, kept: Iterable[Bucket] = ()) -> None:
        """Go on from what earlier runs did."""
        self._buckets = {(one.day, one.symbol): one for one in kept}
        self._seen: dict[str, _Seen] = {}

    def look(self, report: Mapping[str, Any], placed: Mapping[int, int]) -> list[Bucket]:
        """Take in the engine's report; return the days that changed.

        Args:
            placed: orders decided in this run, by symbol.
        """
        now, changed = int(report["now"]), []
        for number, row in enumerate(report["symbols"]):
            before = self._seen.get(row["symbol"]) or _Seen(dict.fromkeys(_COUNTS, 0), now)
            counts = _counts(row) | {"placed": placed.get(number, 0)}
            # Orders that rested at the last look are taken to have rested since then.
            quoted = now - before.at_ns if before.quotes else 0
            counts["quoted_ns"] = before.counts["quoted_ns"] + quoted
            quotes = any(order["state"] == "working" for order in row["orders"])
            self._seen[row["symbol"]] = _Seen(counts, now, quotes)
            more = {name: counts[name] - before.counts[name] for name in _COUNTS}
            if any(more.values()):
                changed.append(self._add(str(day_of(now)), row["symbol"], more))
        return changed

    def of(self, day: str) -> list[Bucket]:
        """Return what each symbol did on a day."""
        names = self._seen.keys() | {symbol for _, symbol in self._buckets}
        return [
            self._buckets.get((day, name)) or Bucket(day=day, symbol=name) for name in sorted(names)
        ]

    def _add(self, day: str, symbol: str, more: Mapping[str, int]) -> Bucket:
        old = self._buckets.get((day, symbol)) or Bucket(day=day, symbol=symbol)
        new = replace(old, **{name: getattr(old, name) + more[name] for name in _COUNTS})
        self._buckets[day, symbol] = new
        for key in [key for key in self._buckets if key[0] < day]:
            del self._buckets[key]  # it is in the state file, and changes no more
        return new


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    """Return what the ledger of a symbol has come to; fees and funding are whole micro-USD."""
    return {
        "maker_fills": row["maker_fills"],
        "taker_fills": row["taker_fills"],
        "volume_micro": row["volume"],
        "gross_half_micro": row["capture2"] + row["inventory2"],
        "fees_micro": row["fees2"] // 2,
        "funding_micro": row["funding2"] // 2,
    }


def summed(buckets: Iterable[Bucket], *, day: str, symbol: str) -> Bucket:
    """Return several buckets as one, under a name."""
    rows = [asdict(one) for one in buckets]
    return Bucket(
        day=day, symbol=symbol, **{name: sum(row[name] for row in rows) for name in _COUNTS}
    )


def earned(buckets: Iterable[Bucket]) -> dict[str, int]:
    """Return what each symbol has earned in micro-USD, rounded down."""
    sums: Counter[str] = Counter()
    for one in buckets:
        sums[one.symbol] += one.net_half_micro
    return {symbol: half // 2 for symbol, half in sums.items()}


def shown(bucket: Bucket) -> dict[str, Any]:
    """Return a bucket as people look at it; a rate of nothing is None."""
    fills = bucket.maker_fills + bucket.taker_fills
    hours = bucket.quoted_ns / _HOUR_NS
    return {
        "day": bucket.day,
        "symbol": bucket.symbol,
        "fills": fills,
        "volume_usd": bucket.volume_micro / 1e6,
        "gross_usd": bucket.gross_half_micro / 2e6,
        "fees_usd": bucket.fees_micro / 1e6,
        "funding_usd": bucket.funding_micro / 1e6,
        "net_usd": bucket.net_half_micro / 2e6,
        "maker_share": bucket.maker_fills / fills if fills else None,
        "placed": bucket.placed,
        "quoted_hours": hours,
        "fills_per_order": fills / bucket.placed if bucket.placed else None,
        "fills_per_hour": fills / hours if hours else None,
    }
