"""Ports — the protocols that tell replay, paper and live apart; the engine knows nothing else.

Prices are integers of 10^-px_decimals, sizes of 10^-size_decimals, money is micro-dollars.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Event = Mapping[str, Any]
"""What reaches the engine beside frames: the kinds of `botmm.core.Desk.event`."""


Minute = tuple[int, float, float, float, float, float]
"""A closed minute: open time in Unix ms, open, high, low, close, volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An approved order: px in price units, size in lots."""

    symbol: int
    cloid: str
    side: Literal["bid", "ask"]
    px: int
    size: int
    tif: Literal["alo", "gtc", "ioc"]
    reduce_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """An approved cancel of one order."""

    symbol: int
    cloid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAll:
    """An approved cancel of every order, of one symbol or of all."""

    symbol: int | None


Command = Place | Cancel | CancelAll


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """An order that rests at the venue."""

    symbol: int
    oid: int
    cloid: str | None
    side: Literal["bid", "ask"]
    px: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the venue says that the account stands, all of one time."""

    at_ns: int
    positions: Mapping[int, int]
    trades: Mapping[int, Sequence[int]]
    """Ids of recent trades by symbol: they are part of the positions."""
    orders: Sequence[RestingOrder]
    account_value: int
    cash: int | None
    """The account without its positions, in micro-dollars; None where the venue does not tell."""
    budget_left: int
    maker_rate: float
    taker_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What a venue did to the account beside its orders."""

    kind: Literal["liquidation", "transfer", "distrust"]
    """`distrust`: what it says cannot be relied upon any more."""
    words: str
    usd_micro: int = 0
    """What a transfer brought in; negative went out."""


class Venue(Protocol):
    """A place to trade; paper and live are two of them."""

    def frames(self) -> AsyncIterator[bytes]:
        """Yield what the sockets say, in order of arrival, over reconnects."""
        ...

    @property
    def link(self) -> int:
        """Return how often the sockets were connected; a change means that news may be missing."""
        ...

    @property
    def up(self) -> bool:
        """Whether every socket is connected and subscribed."""
        ...

    async def relinked(self) -> None:
        """Wait until a socket came up or went down since the last call; one task waits."""
        ...

    async def outlive(self) -> None:
        """Wait until nothing that an earlier run sent can be executed any more.

        Raises:
            VenueError: there is no proof.
        """
        ...

    async def act(self, commands: Sequence[Command]) -> list[Event]:
        """Send commands of one kind; return what is proven of each: never raises for a doubt."""
        ...

    async def prove(self, symbol: int, cloid: str) -> Event | None:
        """Ask what became of an order; None while there is no proof."""
        ...

    async def standing(self) -> Standing:
        """Ask where the account stands.

        Raises:
            VenueError: no answer that can be trusted.
        """
        ...

    async def resting(self) -> list[RestingOrder]:
        """Ask what rests at the end or the beginning of a run, whatever was asked before.

        Raises:
            VenueError: no answer that can be trusted.
        """
        ...

    async def retell_fills(self, reaching: Standing | None = None) -> bool:
        """Hand on the account's last fills once more, as a frame; whether that was taken in.

        False, too, where they do not lead to the positions of `reaching`: some are missing.
        """
        ...

    async def minutes(self, symbol: int, count: int) -> list[Minute]:
        """Return the last closed minutes of a symbol, oldest first.

        Raises:
            VenueError: no answer that can be trusted.
        """
        ...

    async def withdraw(self, orders: Sequence[RestingOrder]) -> None:
        """Cancel orders by the venue's ids, ours or not."""
        ...


class Gateway(Protocol):
    """Where approved commands go; answers come back as events, never from `send`."""

    def send(self, commands: Sequence[Command]) -> None:
        """Hand one list of commands to the venue."""
        ...


class Journal(Protocol):
    """What makes a run repeatable: every record, written before it is used."""

    def append(self, kind: int, recv_ns: int, payload: bytes) -> None:
        """Keep one record, in order of delivery."""
        ...
