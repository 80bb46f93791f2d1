"""Grids — the parameter sets of a sweep: products of values, or lists, checked before they run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from botmm.config import Value

# One parameter set: a value for each name; `symbols.BTC.NAME` is meant for one symbol alone.
ParameterSet = Mapping[str, "Value"]
STEPS_MAX = 10_000
SETS_MAX = 100_000  # of one grid; a row each stays in memory


def product(axes: Sequence[str]) -> list[dict[str, Value]]:
    """Return every combination of axes given as `name=1,2,3` or `name=START:STOP:STEP`.

    Raises:
        UsageError: an axis that cannot be read.
    """
    named: dict[str, list[Value]] = {}
    for text in axes:
        name, sign, values = text.partition("=")
        if not sign or not name.strip() or not values.strip():
            raise UsageError(
                f"--grid {text!r}: not an axis", cure="write NAME=1,2,3 or NAME=START:STOP:STEP"
            )
        if name.strip() in named:
            raise UsageError(f"--grid names {name.strip()} twice")
        named[name.strip()] = _values(text, values)
    count = math.prod(map(len, named.values()))
    if count > SETS_MAX:
        raise UsageError(
            f"the grid has {count:,} sets, more than {SETS_MAX:,}", cure="take larger steps"
        )
    return [dict(zip(named, row, strict=True)) for row in itertools.product(*named.values())]


def _values(text: str, values: str) -> list[Value]:
    """Return the values of one axis."""
    if ":" in values:
        try:
            start, stop, step = (float(part) for part in values.split(":"))
            count = math.floor((stop - start) / step + 1e-9) + 1
        except (ValueError, ZeroDivisionError, OverflowError):
            count = 0
        if not 0 < count <= STEPS_MAX:
            raise UsageError(
                f"--grid {text!r}: not a range of 1 to {STEPS_MAX:,} values",
                cure="write START:STOP:STEP as 0.5:3:0.5",
            )
        return [round(start + i * step, 12) for i in range(count)]
    return [_value(part.strip()) for part in values.split(",") if part.strip()]


def _value(text: str) -> Value:
    """Return a number, a switch or a word."""
    if text in {"true", "false"}:
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in text and "e" not in text else number


def read(path: Path) -> list[dict[str, Value]]:
    """Read sets from a JSON list of objects, or from a CSV file with names in its first row.

    Raises:
        UsageError: neither, or no set in it.
    """
    import csv
    import json

    try:
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                named = csv.DictReader(file)
                rows: Any = [{k: _value(v) for k, v in row.items() if v} for row in named]
        else:
            rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"--sets {path}: {why}", cure="a JSON list of objects, or CSV") from None
    sets = rows if isinstance(rows, list) else []
    if not sets or not all(isinstance(own, dict) for own in sets):
        raise UsageError(f"--sets {path}: no list of sets", cure="a JSON list of objects, or CSV")
    return sets


def checked(
    sets: Sequence[ParameterSet], symbols: Sequence[str]
) -> list[dict[str, dict[str, Value]]]:
    """Return what each set changes, by symbol; every name and value is checked.

    Raises:
        ConfigError: an unknown name or a bad value, with the number of the set.
    """
    if not sets:
        raise UsageError("a sweep needs sets", cure="name axes by --grid, or a file by --sets")
    return [_one(number, own, symbols) for number, own in enumerate(sets)]


def _one(number: int, own: ParameterSet, symbols: Sequence[str]) -> dict[str, dict[str, Value]]:
    """Return what one set changes, by symbol."""
    from botmm.config import param_table, suggestion

    table = param_table()
    changes: dict[str, dict[str, Value]] = {symbol: {} for symbol in symbols}
    # What is said of one symbol refines what is said of all.
    for key, value in sorted(own.items(), key=lambda item: item[0].startswith("symbols.")):
        name, wanted = key.removeprefix("strategy."), list(symbols)
        if key.startswith("symbols."):
            symbol, _, name = key.removeprefix("symbols.").rpartition(".")
            if symbol not in changes:
                raise ConfigError(
                    f"set {number}: {key}: {symbol} is not played", cure=" ".join(symbols)
                )
            wanted = [symbol]
        if name not in table:
            raise ConfigError(
                f"set {number}: {key} is not a parameter", cure=suggestion(name, table)
            )
        try:
            value = table[name].check(value)
        except ValueError as error:
            raise ConfigError(
                f"set {number}: {key} = {value!r}: {error}", cure=table[name].doc
            ) from None
        for symbol in wanted:
            changes[symbol][name] = value
    return changes


def columns(sets: Sequence[ParameterSet]) -> list[str]:
    """Return the names that any set uses, in order of their first use."""
    return list(dict.fromkeys(name for own in sets for name in own))
