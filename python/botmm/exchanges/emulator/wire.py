"""Wire — numbers as the venue writes them: decimal texts out of integers, and back."""

from __future__ import annotations

from botmm.units import MS_NS, to_text, to_units

USD_DECIMALS = 6
# Money beyond this is nobody's; sums of a few still fit into 64 bits.
MICROS_MAX = 10**17


def dec(units: int, decimals: int) -> str:
    """Return an integer of `10^-decimals` as the venue shows it: `84143.0`, `0.0`, `1.5`."""
    whole, _, fraction = to_text(units, decimals).partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def usd(micros: int) -> str:
    """Return micro-dollars as the venue shows dollars."""
    return dec(micros, USD_DECIMALS)


def plain(text: str) -> str:
    """Return a decimal as the venue hashes it, without needless zeros; other texts as they are."""
    whole, point, fraction = text.partition(".")
    if not point:
        return text
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def micros(text: str) -> int:
    """Return a text of dollars in micro-dollars.

    Raises:
        ValueError: not a plain decimal of at most 6 decimals, or more money than there is.
    """
    units = to_units(text, USD_DECIMALS)
    if abs(units) > MICROS_MAX:
        raise ValueError(f"{text} is more money than there is")
    return units


def ms(ns: int) -> int:
    """Return a time as the venue stamps it."""
    return ns // MS_NS


def ratio(numerator: int, denominator: int, decimals: int) -> str:
    """Return a quotient of integers, rounded half away from zero to a number of decimals."""
    scaled = 10**decimals * abs(numerator)
    size = abs(denominator)
    quotient = (2 * scaled + size) // (2 * size)
    return dec(quotient if (numerator < 0) == (denominator < 0) else -quotient, decimals)
