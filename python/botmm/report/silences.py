"""Silences — when nothing was heard of a symbol, and when of none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botmm.units import SECOND_NS

Span = tuple[int, int]


def data_seconds(summary: Mapping[str, Any]) -> float:
    """Return the length of the data, the longest symbol's, without its gaps."""
    lengths = [0]
    for ix in range(len(summary["symbols"])):
        first, last = _played(summary, ix)
        lengths.append(last - first - sum(end - start for start, end, _ in gaps_of(summary, ix)))
    return max(lengths) / SECOND_NS


def _played(summary: Mapping[str, Any], ix: int) -> Span:
    """Return when the rows of a symbol began and ended, within what was played."""
    symbol = summary["symbols"][ix]
    first = max(int(symbol["first_ts"] or 0), int(summary["first_ts"]))
    return first, max(first, min(int(symbol["last_ts"]), int(summary["last_ts"])))


def gaps_of(summary: Mapping[str, Any], ix: int) -> list[tuple[int, int, int]]:
    """Return the silences of a symbol as (start, end, cause), cut to what was played."""
    first, last = _played(summary, ix)
    cut = [
        (max(int(start), first), min(int(end), last), int(cause))
        for start, end, cause in summary["symbols"][ix]["gaps"]
    ]
    return [gap for gap in cut if gap[0] < gap[1]]


def silences(summary: Mapping[str, Any]) -> list[Span]:
    """Return the times at which no symbol was heard of, from its gaps and before or after it."""
    common = [(int(summary["first_ts"]), int(summary["last_ts"]))]
    for ix in range(len(summary["symbols"])):
        first, last = _played(summary, ix)
        silent = [(common[0][0] if common else first, first)]
        silent += [(start, end) for start, end, _ in gaps_of(summary, ix)]
        silent.append((last, int(summary["last_ts"])))
        common = [
            (max(a, c), min(b, d)) for a, b in common for c, d in silent if max(a, c) < min(b, d)
        ]
    return common
