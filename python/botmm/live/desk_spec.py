"""Desk spec — what the engine is told at a start, from settings and the venue's instruments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from botmm.config import Settings, Value
from botmm.errors import ConfigError
from botmm.live.reload import within_limits
from botmm.ports import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a run begins with: a file of signals, or closed minutes by symbol, or nothing.

    `retained` is what earlier runs earned in micro-USD by symbol; compounding counts it. `today` is
    what all symbols earned on this UTC day: the limit of a day's loss does not begin anew.
    """

    source: str = "nothing"
    signals: bytes | None = None
    minutes: Sequence[Sequence[Minute]] = ()
    retained: Mapping[str, int] = field(default_factory=dict)
    today: int = 0


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
    known: Known,
) -> str:
    """Return the JSON text that `botmm.core.Desk` is built from.

    Args:
        tag: what the ids of this run's orders begin with, below 2^64.
        rates: maker and taker fee of the account as fractions; positive is paid.
        overlay: parameters by symbol that go before the configuration's.

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
            row["retained"] = known.retained.get(one.name, 0)
        if known.signals is None and known.minutes:
            row["candles"] = known.minutes[number]
        rows.append(row)
    spec: dict[str, Any] = {
        "symbols": rows,
        "capital_usd": settings.account.capital_usd,
        "fees": {"maker": rates[0], "taker": rates[1]},
        "tag": tag,
        "now": now,
        "earned_today": known.today,
    }
    if known.signals is not None:
        # The text holds all that a run begins with: its journal plays again without the file.
        spec["signals"] = known.signals.hex()
    return json.dumps(spec)
