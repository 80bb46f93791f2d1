"""Mapping — which column of a table means what; one TOML file a format.

The shipped ones stand in `mappings/`; `botmm data import --map FILE` takes another.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from botmm.errors import ConfigError

Kind = Literal["book", "bbo", "sides", "trades", "levels", "skip"]


class TimeColumn(BaseModel):
    """A time and its unit; `iso` is text such as 2026-02-12T08:30:00.123."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    unit: Literal["s", "ms", "us", "ns", "iso"]


class Table(BaseModel):
    """One kind of file: what a row says, and in which columns.

    Kinds: `book` a snapshot a row (level columns with `{i}`, or lists of levels), `bbo` the touch
    a row, `sides` one side of the touch a row, `trades`, `levels` a level change a row, `skip`
    nothing that a tape can hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    symbol_from: tuple[str, ...] = ()
    symbol_column: str | None = None
    venue_column: str | None = None
    ts_recv: TimeColumn | None = None
    ts_exch: TimeColumn | None = None
    bid_px: str | None = None
    bid_qty: str | None = None
    bid_n: str | None = None
    ask_px: str | None = None
    ask_qty: str | None = None
    ask_n: str | None = None
    bids: str | None = None
    asks: str | None = None
    side: str | None = None
    px: str | None = None
    qty: str | None = None
    id: str | None = None
    seq: str | None = None
    first_seq: str | None = None
    prev_seq: str | None = None
    snapshot: str | None = None
    snapshot_values: tuple[str, ...] = ("true", "snap", "1")
    px_decimals: int = 0
    qty_decimals: int = 0
    depth: int | None = None
    ignore: tuple[str, ...] = ()
    reason: str = ""

    def wanted(self) -> tuple[str, ...]:
        """Return the columns that must be there; of `{i}` columns the first pair decides."""
        times = [t.column for t in (self.ts_recv, self.ts_exch) if t is not None]
        plain = [self.bid_px, self.bid_qty, self.bid_n, self.ask_px, self.ask_qty, self.ask_n]
        plain += [self.bids, self.asks, self.side, self.px, self.qty, self.id]
        plain += [self.seq, self.first_seq, self.prev_seq, self.snapshot]
        plain += [self.symbol_column, self.venue_column]
        return (*times, *(name for name in plain if name is not None))

    def levels(self, pattern: str, names: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of a `{i}` pattern, level by level."""
        if "{i}" not in pattern:
            return (pattern,) if pattern in names else ()
        there = set(names)
        first = 0 if pattern.replace("{i}", "0") in there else 1
        found: list[str] = []
        while (name := pattern.replace("{i}", str(first + len(found)))) in there:
            found.append(name)
        return tuple(found)

    def fits(self, names: Sequence[str]) -> bool:
        """Whether a file with these columns can be this table."""
        return all(self.levels(column, names) for column in self.wanted())

    def unknown(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that neither mean anything here nor are to be ignored."""
        known = {name for column in self.wanted() for name in self.levels(column, names)}
        ignored = [re.compile(pattern) for pattern in self.ignore]
        return tuple(
            name
            for name in names
            if name not in known and not any(pattern.fullmatch(name) for pattern in ignored)
        )


class Mapping(BaseModel):
    """The tables of one format."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1]
    name: str
    venue: str
    about: str = ""
    notes: dict[str, str] = Field(default_factory=dict)
    venues: dict[str, str] = Field(default_factory=dict)
    table: tuple[Table, ...]

    def of(self, names: Sequence[str]) -> Table | None:
        """Return the table that a file with these columns is, the closest fit first."""
        fitting = [table for table in self.table if table.fits(names)]
        return min(fitting, key=lambda table: len(table.unknown(names)), default=None)


def load(path: Path) -> Mapping:
    """Read a mapping from a TOML or JSON file.

    Raises:
        ConfigError: not readable, or not a mapping; the message names the key.
    """
    import json

    try:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}", cure="see `botmm data import --help`") from None
    return _validated(data, str(path))


@cache
def shipped() -> tuple[Mapping, ...]:
    """Return the mappings that come with the package."""
    folder = resources.files("botmm.data.importers").joinpath("mappings")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_validated(tomllib.loads(f.read_text("utf-8")), f.name) for f in files)


def _validated(data: object, where: str) -> Mapping:
    try:
        return Mapping.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{where}: {key}: {first['msg']}", cure="compare with the shipped mappings"
        ) from None
