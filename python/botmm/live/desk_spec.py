"""Desk spec — what the engine is told at a start, from settings and the venue's instruments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from botmm.config import Settings, Value
from botmm.errors import ConfigError
from botmm.live.reload import within_limits
from botmm.ports import Minute

SIGNALS = "signals.bin"
"""File of the state folder that holds what the signals knew last."""


class Instrument(Protocol):
    """What a start needs to know of a market."""

    @property
    def name(self) -> str:
        """The venue's name of it."""
        ...

    @property
    def size_decimals(self) -> int:
        """Decimals of its sizes."""
        ...


def desk_spec(
    settings: Settings,
    instruments: Sequence[Instrument],
    *,
    tag: int,
    now: int,
    rates: tuple[float, float],
    overlay: Mapping[str, Mapping[str, Value]],
    signals: Path | None,
    minutes: Sequence[Sequence[Minute]] = (),
    retained: Mapping[str, int] = MappingProxyType({}),
) -> str:
    """Return the JSON text that `botmm.core.Desk` is built from.

    Args:
        tag: what the ids of this run's orders begin with, below 2^64.
        rates: maker and taker fee of the account as fractions; positive is paid.
        overlay: parameters by symbol that go before the configuration's.
        signals: file of an earlier run's signals, or None.
        minutes: closed minutes by symbol, where there is no such file.
        retained: micro-USD that earlier runs earned, by symbol; compounding counts it.

    Raises:
        ConfigError: a fee as low as no tier of the venue has.
    """
    for name, rate in zip(("maker", "taker"), rates, strict=True):
        if not -0.001 <= rate <= 0.01:
            raise ConfigError(
                f"the venue says that the {name} rate is {rate}",
                cure="no tier has such a rate: look at the account on the venue's own page",
            )
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(instruments):
        params = within_limits(settings.params(one.name), overlay.get(one.name, {}))
        row: dict[str, Any] = {
            "symbol": one.name,
            "size_decimals": one.size_decimals,
            "params": params,
        }
        if params["compound"]:
            row["retained"] = retained.get(one.name, 0)
        if signals is None and minutes:
            row["candles"] = minutes[number]
        rows.append(row)
    spec: dict[str, Any] = {
        "symbols": rows,
        "capital_usd": settings.account.capital_usd,
        "fees": {"maker": rates[0], "taker": rates[1]},
        "tag": tag,
        "now": now,
    }
    if signals is not None:
        # The text holds all that a run begins with: its journal plays again without the file.
        spec["signals"] = signals.read_bytes().hex()
    return json.dumps(spec)
