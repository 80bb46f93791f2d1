"""Formats — numbers as people read them: signs, units, thin spaces, nothing false behind the point."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botmm.config import Value

NONE = "–"


def usd(value: float | None, *, signed: bool = False, whole: bool = False) -> str:
    """Return dollars with cents; whole dollars above 10,000, or where asked."""
    if value is None:
        return NONE
    digits = 0 if whole or abs(value) >= 10_000 else 2
    return _sign(value, digits, signed=signed) + f"${abs(value):,.{digits}f}"


def bps(value: float | None, *, signed: bool = True) -> str:
    """Return basis points with two decimals."""
    if value is None:
        return NONE
    return _sign(value, 2, signed=signed) + f"{abs(value):,.2f} bps"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as a percentage."""
    return NONE if value is None else f"{value * 100:,.{digits}f} %"


def count(value: float | None) -> str:
    """Return a whole number with separators."""
    return NONE if value is None else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def ratio(value: float | None) -> str:
    """Return a ratio with one decimal."""
    return NONE if value is None else _sign(value, 1, signed=False) + f"{abs(value):,.1f}"


def plain(value: Value) -> str:
    """Return a parameter's value: a number as short as it is exact, true or false, or the text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _sign(value: float, digits: int, *, signed: bool) -> str:
    """Return the sign of what will be shown: nothing for a value that rounds to zero."""
    if round(value, digits) == 0:
        return ""
    return "−" if value < 0 else "+" if signed else ""
