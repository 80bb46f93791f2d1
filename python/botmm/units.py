"""Units — NewTypes for what must not be mixed up, and exact conversion of decimals and times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NewType

Px = NewType("Px", int)
Lots = NewType("Lots", int)
Cash = NewType("Cash", int)
UnixNanos = NewType("UnixNanos", int)

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
DAY_NS = 86_400 * SECOND_NS

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_units(text: str, decimals: int) -> int:
    """Return a plain decimal as an integer of `10^-decimals`, exactly.

    Raises:
        ValueError: not a plain decimal, or more decimals than the scale holds.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"not a plain decimal: {text!r}")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise ValueError(f"{text!r} has more than {decimals} decimals")
    return int(whole + fraction.ljust(decimals, "0"))


def to_text(units: int, decimals: int) -> str:
    """Return an integer of `10^-decimals` as a plain decimal, exactly."""
    sign, digits = ("-" if units < 0 else ""), str(abs(units)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def day_start(day: date) -> UnixNanos:
    """Return the first nanosecond of a UTC day."""
    return UnixNanos((day - _EPOCH.date()).days * DAY_NS)


def day_of(ts: int) -> date:
    """Return the UTC day of a time."""
    return _EPOCH.date() + timedelta(days=ts // DAY_NS)


def parse_date(text: str) -> date:
    """Return a day written as 2026-02-12.

    Raises:
        ValueError: anything else.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not a day: {text!r}; write it as 2026-02-12") from None


def parse_time(text: str, *, end: bool) -> UnixNanos:
    """Return a day or a UTC time (2026-02-12, 2026-02-12T08:30) in nanoseconds.

    Args:
        text: a bare day means its first instant, or, where `end` is set, its last: ranges
            written in days include both.
        end: whether the text closes a range.

    Raises:
        ValueError: neither a day nor a time.
    """
    try:
        if len(text) <= 10:
            day = date.fromisoformat(text)
            return day_start(day + timedelta(days=1) if end else day)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"not a time: {text!r}; write it as 2026-02-12 or 2026-02-12T08:30"
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return UnixNanos((moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def time_text(ts: int) -> str:
    """Return a time as `2026-02-12 08:30:00` UTC, to the second."""
    return (_EPOCH + timedelta(seconds=ts // SECOND_NS)).strftime("%Y-%m-%d %H:%M:%S")
