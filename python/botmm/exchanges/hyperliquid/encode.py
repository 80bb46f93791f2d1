"""Encode — approved commands as the venue's actions, exact to the last digit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botmm.errors import ConfigError, UsageError
from botmm.exchanges.base import Instrument, Trade
from botmm.exchanges.hyperliquid.fields import optional, required
from botmm.ports import Cancel, Place
from botmm.units import to_text

PX_PLACES = 6
"""Decimals of a perpetual's price and size together."""
FIGURES_MAX = 5
BATCH_MAX = 39
"""Entries of one action: the venue weighs an action 1 + floor(n / 40)."""

_TIF = {"alo": "Alo", "ioc": "Ioc", "gtc": "Gtc"}
_QUOTES = ("-PERP", "-USDT", "-USDC", "-USD", "/USDC", "/USDT", "/USD", "USDT", "USDC", "USD")

Action = dict[str, Any]
T = TypeVar("T")


class Universe:
    """Every perpetual of the main dex; its position is its asset id."""

    def __init__(self, meta: Any) -> None:
        """Read the reply to `meta`.

        Raises:
            ReplyError: a field is missing or malformed.
        """
        rows = required(meta, "universe", list)
        self.instruments = tuple(_instrument(asset, row) for asset, row in enumerate(rows))
        self.by_name = {instrument.name: instrument for instrument in self.instruments}
        if len(self.by_name) != len(rows):
            raise ConfigError("the venue lists a name twice", cure="wait; its metadata are broken")

    def resolve(self, text: str) -> Instrument:
        """Return the instrument that a person means: BTC, btc, BTCUSDT, BTC-USD, BTC-PERP.

        Raises:
            ConfigError: none, several or a delisted one; the cure suggests another.
        """
        for wanted in _spellings(text):
            if (found := self.by_name.get(wanted)) is not None:
                return _listed(found)
            near = [i for i in self.instruments if i.name.lower() == wanted.lower()]
            if len(near) > 1:
                names = ", ".join(i.name for i in near)
                raise ConfigError(f"{text}: several are meant", cure=f"write one of {names}")
            if near:
                return _listed(near[0])
        known = {i.name.upper(): i.name for i in self.instruments if not i.delisted}
        close = difflib.get_close_matches(wanted.upper(), list(known), n=1, cutoff=0.5)
        cure = f"did you mean {known[close[0]]}?" if close else "look the symbol up at the venue"
        raise ConfigError(f"{text}: the venue lists no such perpetual", cure=cure)


def _instrument(asset: int, row: Any) -> Instrument:
    size_decimals = required(row, "szDecimals", int)
    return Instrument(
        name=required(row, "name", str),
        asset=asset,
        size_decimals=size_decimals,
        px_decimals=PX_PLACES - size_decimals,
        max_leverage=required(row, "maxLeverage", int),
        only_isolated=optional(row, "onlyIsolated", bool) is True,
        delisted=optional(row, "isDelisted", bool) is True,
    )


def _spellings(text: str) -> Iterator[str]:
    bare = text.strip()
    yield bare
    for quote in _QUOTES:
        if bare.upper().endswith(quote) and len(bare) > len(quote):
            yield bare[: -len(quote)]
            return


def _listed(instrument: Instrument) -> Instrument:
    if instrument.delisted:
        raise ConfigError(f"{instrument.name}: delisted by the venue", cure="choose another symbol")
    return instrument


def decimal_text(units: int, decimals: int) -> str:
    """Return an integer of `10^-decimals` as the venue hashes it: no zeros at the end."""
    text = to_text(units, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_fault(px: int, instrument: Instrument) -> str | None:
    """Return why the venue would refuse a price in price units; None where it is fine."""
    if px <= 0:
        return f"{instrument.name}: price {px} is not positive"
    text = decimal_text(px, instrument.px_decimals)
    if "." in text and len(text.replace(".", "").lstrip("0")) > FIGURES_MAX:
        return f"{instrument.name}: price {text} has more than {FIGURES_MAX} significant figures"
    return None


def order(command: Place, instrument: Instrument) -> Action:
    """Return one entry of an order action; keys stand in the order that is hashed.

    Raises:
        UsageError: the venue would refuse its price or size whatever its book.
    """
    fault = price_fault(command.px, instrument)
    if fault is None and command.size <= 0:
        fault = f"{instrument.name}: size {command.size} is not positive"
    if fault is not None:
        raise UsageError(fault, cure="round by the instrument's rules before an order is approved")
    return {
        "a": instrument.asset,
        "b": command.side == "bid",
        "p": decimal_text(command.px, instrument.px_decimals),
        "s": decimal_text(command.size, instrument.size_decimals),
        "r": command.reduce_only,
        "t": {"limit": {"tif": _TIF[command.tif]}},
        "c": checked_cloid(command.cloid),
    }


def checked_cloid(cloid: str) -> str:
    """Return a client order id as it is hashed.

    Raises:
        UsageError: not 0x and 32 lower-case hex digits.
    """
    digits = cloid.removeprefix("0x")
    if len(cloid) != 34 or len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
        raise UsageError(f"client order id {cloid!r}", cure="write 0x and 32 hex digits")
    return cloid


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One action and the commands in it, in the order of its entries."""

    action: Action
    commands: tuple[Trade, ...]


def batches(commands: Sequence[Trade], listing: Sequence[Instrument]) -> list[Batch]:
    """Return the actions of a list of commands: cancels first, then post-only, then the rest.

    An action with an IOC or GTC order in it comes last in a block, so those stand apart.

    Args:
        commands: what the gate approved.
        listing: the instrument of each symbol index.
    """
    cancels = [c for c in commands if isinstance(c, Cancel)]
    places = [c for c in commands if isinstance(c, Place)]
    made = [
        Batch(action=cancel_by_cloid(part, listing), commands=tuple(part))
        for part in _parts(cancels)
    ]
    for group in (
        [c for c in places if c.tif == "alo"],
        [c for c in places if c.tif != "alo"],
    ):
        for part in _parts(group):
            orders = [order(c, listing[c.symbol]) for c in part]
            action = {"type": "order", "orders": orders, "grouping": "na"}
            made.append(Batch(action=action, commands=tuple(part)))
    return made


def cancel_by_cloid(commands: Sequence[Cancel], listing: Sequence[Instrument]) -> Action:
    """Return the cancel of orders by the ids that we gave them."""
    cancels = [
        {"asset": listing[c.symbol].asset, "cloid": checked_cloid(c.cloid)} for c in commands
    ]
    return {"type": "cancelByCloid", "cancels": cancels}


def cancel_by_oid(orders: Sequence[tuple[int, int]]) -> list[Action]:
    """Return cancels by (asset, venue's id): for orders that carry no id of ours."""
    return [
        {"type": "cancel", "cancels": [{"a": asset, "o": oid} for asset, oid in part]}
        for part in _parts(list(orders))
    ]


def schedule_cancel(at_ms: int | None) -> Action:
    """Return the dead man's switch at a Unix time in ms; None takes it off."""
    return {"type": "scheduleCancel"} | ({} if at_ms is None else {"time": at_ms})


def noop() -> Action:
    """Return the action that only uses up its nonce."""
    return {"type": "noop"}


def update_leverage(instrument: Instrument, *, leverage: int, cross: bool) -> Action:
    """Return the change of a symbol's leverage.

    Raises:
        UsageError: more than the instrument has, or cross where there is only isolated.
    """
    if not 1 <= leverage <= instrument.max_leverage:
        raise UsageError(
            f"{instrument.name}: leverage {leverage}",
            cure=f"choose 1 to {instrument.max_leverage}",
        )
    if cross and instrument.only_isolated:
        raise UsageError(f"{instrument.name}: only isolated margin", cure="choose isolated margin")
    return {
        "type": "updateLeverage",
        "asset": instrument.asset,
        "isCross": cross,
        "leverage": leverage,
    }


def entries(action: Mapping[str, Any]) -> int:
    """Return how many requests an action counts against the address."""
    return max(1, len(action.get("orders", action.get("cancels", ()))))


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), BATCH_MAX):
        yield rows[start : start + BATCH_MAX]
