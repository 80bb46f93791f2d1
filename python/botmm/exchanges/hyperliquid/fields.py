"""Fields — strict reading of the venue's JSON: what a decision needs is there and well formed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from botmm.errors import VenueError
from botmm.units import to_units

T = TypeVar("T")
WHOLE_MAX = 2**63 - 1
"""The core and the state file count in 64 bits."""
SUM_MAX = 2**53
"""Of money in millionths, and of lots: sums of a thousand such still fit."""


class ReplyError(VenueError):
    """The venue said something that this version cannot read; nothing of it may be used."""


class TornError(ReplyError):
    """It is no JSON: something else than the venue's words, or a part of them."""


def decode(body: bytes) -> Any:
    """Return strict JSON: no NaN, no key twice; numbers with a point stay text.

    Raises:
        TornError: it is not that.
    """
    try:
        return json.loads(
            body, parse_constant=_refuse, parse_float=str, object_pairs_hook=_without_doubles
        )
    except (ValueError, RecursionError) as error:
        raise TornError(f"reply is no JSON: {error}", cure="nothing was used of it") from None


def is_whole(body: bytes) -> bool:
    """Whether a text is JSON of any kind, however strange."""
    try:
        decode(body)
    except TornError:
        return False
    return True


def required(row: Any, key: str, kind: type[T]) -> T:
    """Return `row[key]`, which must be there and of that type (bool is no int; 64 bits at most).

    Raises:
        ReplyError: naming the key.
    """
    if not isinstance(row, Mapping):
        raise ReplyError(f"no object around {key!r}: {str(row)[:80]}")
    if key not in row:
        raise ReplyError(f"missing field {key!r} in {str(dict(row))[:120]}")
    value = row[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ReplyError(f"field {key!r} is {value!r:.80}, not {kind.__name__}")
    if isinstance(value, int):
        within(value, WHOLE_MAX, key)
    return value


def optional(row: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """Return `row[key]`, or None where it is absent or null."""
    return None if row.get(key) is None else required(row, key, kind)


def units(row: Any, key: str, decimals: int) -> int:
    """Return a decimal text as an integer of `10^-decimals`, exactly.

    Raises:
        ReplyError: absent, no plain decimal, or finer than the scale.
    """
    text = required(row, key, str)
    try:
        return exact(text, decimals)
    except ValueError as error:
        raise ReplyError(f"field {key!r}: {error}") from None


def exact(text: str, decimals: int) -> int:
    """Return a plain ASCII decimal as an integer, exactly.

    Raises:
        ValueError: it is not that, or finer than the scale.
    """
    if not text.isascii():
        raise ValueError(f"not a plain decimal: {text!r}")
    return to_units(text, decimals)


def floored(row: Any, key: str, decimals: int) -> int:
    """Return a decimal text in units, rounded down: for sums that carry more digits than money.

    Raises:
        ReplyError: absent, no plain decimal, or more than any account holds.
    """
    text = required(row, key, str)
    _, _, fraction = text.partition(".")
    fine = max(decimals, len(fraction))
    scale: int = 10 ** (fine - decimals)
    return within(units(row, key, fine) // scale, SUM_MAX, key)


def within(value: int, most: int, key: str) -> int:
    """Return a number that is no further from 0 than allowed.

    Raises:
        ReplyError: it is; whoever counts with it would fail.
    """
    if abs(value) > most:
        raise ReplyError(f"field {key!r} is too large: {value!s:.40}")
    return value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key stands twice")
    return row
