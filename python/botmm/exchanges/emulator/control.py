"""Control — the `/control` endpoint: faults and events on demand, and the truth for judges.

Each request is a JSON object whose `do` names what is wanted; the same objects stand in plans.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from botmm.errors import UsageError
from botmm.exchanges.emulator.actions import Address
from botmm.exchanges.emulator.coins import Coin, Listing
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.faults import Fault, Faults
from botmm.exchanges.emulator.wire import dec, micros, ms
from botmm.units import SECOND_NS, to_units

Reply = dict[str, Any]


class _Order(BaseModel):
    """One control request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AddFault(Fault):
    """Put a fault in force; the keys are those of a plan's `[[fault]]`."""

    do: Literal["fault"]


class Clear(_Order):
    """Let nothing go wrong any more."""

    do: Literal["clear"]


class Freeze(_Order):
    """Make no blocks for a while."""

    do: Literal["freeze"]
    seconds: Annotated[float, Field(gt=0, le=86_400)]


class RevokeAgent(_Order):
    """Take an agent's permission, by address or name."""

    do: Literal["revoke_agent"]
    user: Address
    agent: str


class SetLimits(_Order):
    """Set traded volume (dollars as text) and requests used of an account."""

    do: Literal["limits"]
    user: Address
    volume_usd: str | None = None
    requests_used: Annotated[int, Field(ge=0)] | None = None


class Row(_Order):
    """A trade (side of the aggressor) or a level of the displayed book; a size of 0 removes it."""

    kind: Literal["trade", "level"]
    side: Literal["bid", "ask"]
    px: str
    sz: str


class Inject(_Order):
    """Let rows happen in the next block."""

    do: Literal["inject"]
    coin: str
    rows: list[Row]


class Shock(_Order):
    """Move what a synthetic market is worth."""

    do: Literal["shock"]
    coin: str
    bps: float


class Relist(_Order):
    """List a coin with other decimals of its sizes, or no more: then its orders end."""

    do: Literal["relist"]
    coin: str
    size_decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    delisted: bool = False


class EndOrders(_Order):
    """End an account's orders of a coin with one of the venue's own words for a cancel."""

    do: Literal["end_orders"]
    user: Address
    coin: str
    status: str


class SetFees(_Order):
    """Take other fees from now on, as fractions; below zero is a rebate."""

    do: Literal["fees"]
    maker: float
    taker: float


class Deposit(_Order):
    """Bring dollars in; below zero, take them out."""

    do: Literal["deposit"]
    user: Address
    usd: str


class Drop(_Order):
    """End sockets: without a word, with a close code, or so that both ends think them open."""

    do: Literal["drop"]
    how: Literal["abort", "close", "half_open"] = "abort"
    code: Annotated[int, Field(ge=1000, le=4999)] = 1001
    user: Address | None = None


class Frame(_Order):
    """Send any text to sockets, as a stream would."""

    do: Literal["frame"]
    text: str
    user: Address | None = None


class Audit(_Order):
    """Tell the truth about an account; with a client id, how often it was accepted."""

    do: Literal["audit"]
    user: Address
    cloid: str | None = None


class Status(_Order):
    """Tell the time, the accounts, the sockets and the faults that struck."""

    do: Literal["status"]


_REQUEST: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        AddFault
        | Clear
        | Freeze
        | RevokeAgent
        | SetLimits
        | Inject
        | Shock
        | Relist
        | EndOrders
        | SetFees
        | Deposit
        | Drop
        | Frame
        | Audit
        | Status,
        Field(discriminator="do"),
    ]
)


class Sockets(Protocol):
    """One open socket, as control sees it."""

    is_half_open: bool

    @property
    def users(self) -> set[str]:
        """Return the users that the client listens to."""
        ...

    def abort(self) -> None:
        """Drop the connection without a word."""
        ...

    async def close(self, code: int) -> None:
        """Say goodbye with a code."""
        ...

    def send_raw(self, text: str) -> None:
        """Put any text on its way."""
        ...


class Control:
    """What is done on demand."""

    def __init__(
        self,
        desk: Desk,
        faults: Faults,
        fees: dict[str, float],
        sockets: Callable[[], Iterable[Sockets]],
    ) -> None:
        """Take what it acts on; `fees` are those that are shown."""
        self._desk, self._faults, self._sockets = desk, faults, sockets
        self._fees = fees

    async def do(self, request: object) -> Reply:
        """Carry out one request.

        Raises:
            UsageError: the request is none, or names what is not there.
            ArgumentError: the core refuses it.
        """
        try:
            wanted = _REQUEST.validate_python(request)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"{where}: {first['msg']}") from None
        match wanted:
            case AddFault():
                self._faults.add(wanted)
            case Clear():
                self._faults.clear()
            case Drop() | Frame():
                return {"sockets": await self._on_sockets(wanted)}
            case Audit():
                return self._audit(wanted)
            case Status():
                return self._status()
            case _:
                return self._on_core(wanted)
        return {}

    def _on_core(self, wanted: Any) -> Reply:
        core = self._desk.core
        match wanted:
            case Freeze():
                core.freeze(self._desk.now + round(wanted.seconds * SECOND_NS))
            case RevokeAgent():
                return {"revoked": core.revoke_agent(wanted.user, wanted.agent)}
            case SetLimits():
                patch: dict[str, int] = {}
                if wanted.volume_usd is not None:
                    patch["cum_volume"] = micros(wanted.volume_usd)
                if wanted.requests_used is not None:
                    patch["requests_used"] = wanted.requests_used
                core.set_limits(wanted.user, json.dumps(patch))
            case Inject():
                coin = self._coin(wanted.coin)
                core.inject(coin.index, json.dumps([_row(coin, row) for row in wanted.rows]))
            case Shock():
                core.shock(self._coin(wanted.coin).index, wanted.bps)
            case Relist():
                self._relist(wanted)
            case EndOrders():
                coin = self._coin(wanted.coin)
                return {"ended": core.end_orders(wanted.user, coin.index, wanted.status)}
            case SetFees():
                core.set_fees(wanted.maker, wanted.taker)
                self._fees.update(maker=wanted.maker, taker=wanted.taker)
            case Deposit():
                core.deposit(wanted.user, _signed_micros(wanted.usd))
        return {}

    def _relist(self, wanted: Relist) -> None:
        core, coins, coin = self._desk.core, self._desk.coins, self._coin(wanted.coin)
        decimals = wanted.size_decimals
        if decimals is None:
            decimals = coins.listing(coin).size_decimals
        coins.relist(coin, Listing(size_decimals=decimals, is_delisted=wanted.delisted))
        if wanted.delisted:
            for user in core.users():
                core.end_orders(user, coin.index, "delistedCanceled")

    def _coin(self, name: str) -> Coin:
        coin = self._desk.coins.named(name)
        if coin is None:
            raise UsageError(f"no coin {name}")
        return coin

    async def _on_sockets(self, wanted: Drop | Frame) -> int:
        """Act on the sockets of a user, or on all; return how many."""
        meant = [
            socket
            for socket in self._sockets()
            if wanted.user is None or wanted.user in socket.users
        ]
        for socket in meant:
            if isinstance(wanted, Frame):
                socket.send_raw(wanted.text)
            elif wanted.how == "abort":
                socket.abort()
            elif wanted.how == "half_open":
                socket.is_half_open = True
            else:
                await socket.close(wanted.code)
        return len(meant)

    def _audit(self, wanted: Audit) -> Reply:
        if wanted.cloid is not None:
            return {"accepted": self._desk.core.accepted(wanted.user, wanted.cloid)}
        found: Reply = json.loads(self._desk.core.audit(wanted.user))
        return found

    def _status(self) -> Reply:
        return {
            "time": ms(self._desk.now),
            "users": self._desk.core.users(),
            "sockets": len(list(self._sockets())),
            "faults": self._faults.struck,
            "mids": {coin.name: dec(self._desk.mark(coin), 8) for coin in self._desk.coins},
        }


def _row(coin: Coin, row: Row) -> dict[str, Any]:
    try:
        px, qty = to_units(row.px, coin.px_decimals), to_units(row.sz, coin.size_decimals)
    except ValueError as error:
        raise UsageError(f"{coin.name}: {error}") from None
    return {"kind": row.kind, "side": row.side, "px": px, "qty": qty}


def _signed_micros(text: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        raise UsageError(f"usd: {error}") from None
