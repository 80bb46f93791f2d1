"""History — what a journal tells of each run: its orders, fills and holds, and its market frames.

Read in one pass; the frames themselves are handed on and not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from botmm.errors import DataError
from botmm.live.engine import Kind
from botmm.live.parity import Record

_TIMER = b'{"kind":"timer"}'


class OrderTime(Protocol):
    """When something became of an order, by the venue's clock."""

    @property
    def cloid(self) -> str:
        """Our id of it."""
        ...

    @property
    def word(self) -> Literal["placed", "cancelled", "over"]:
        """What became of it."""
        ...

    @property
    def venue_ns(self) -> int:
        """When."""
        ...


class ToldFill(Protocol):
    """An execution as the venue tells it; units as in `botmm.ports`."""

    @property
    def coin(self) -> str:
        """The market."""
        ...

    @property
    def tid(self) -> int:
        """The trade's id."""
        ...

    @property
    def cloid(self) -> str | None:
        """Our id of the order, where it has one."""
        ...

    @property
    def side(self) -> Literal["bid", "ask"]:
        """Which side was ours."""
        ...

    @property
    def px(self) -> int:
        """Price."""
        ...

    @property
    def size(self) -> int:
        """Lots."""
        ...

    @property
    def fee(self) -> int:
        """What was paid, micro-dollars."""
        ...

    @property
    def crossed(self) -> bool:
        """Whether we took."""
        ...

    @property
    def time_ms(self) -> int:
        """The venue's time."""
        ...


class Teller(Protocol):
    """Reads the frames of one venue."""

    def is_market(self, frame: bytes) -> bool:
        """Whether a frame tells of a market rather than of an account."""
        ...

    def orders(self, frame: bytes) -> Sequence[OrderTime]:
        """Return what a frame tells of our orders."""
        ...

    def fills(self, frame: bytes) -> Sequence[ToldFill]:
        """Return the fills that a frame tells; each may come again."""
        ...


@dataclass(slots=True, kw_only=True)
class SentOrder:
    """One order of a run; a time of 0 is never, or not told.

    `placed`, `cancelled` and `over` are by the venue's clock, every other time by ours, all in ns.
    """

    symbol: int
    cloid: str
    side: Literal["bid", "ask"]
    px: int
    size: int
    sent: int
    placed: int = 0
    heard: int = 0
    cancel_sent: int = 0
    cancelled: int = 0
    cancel_heard: int = 0
    over: int = 0
    refused: int = 0
    """When we heard that it was not taken."""
    doubted: bool = False
    """Whether it was in doubt: it left, and no answer came."""
    lost: bool = False
    """Whether it is proven that the venue never had it."""


@dataclass(slots=True, kw_only=True)
class Hold:
    """A time in which every quote was withdrawn for one reason."""

    by: str
    since: int
    until: int = 0


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a daemon, as far as the journal goes."""

    number: int
    spec: Mapping[str, Any]
    first_ns: int
    last_ns: int = 0
    frames: int = 0
    orders: dict[str, SentOrder] = field(default_factory=dict)
    fills: dict[tuple[str, int], ToldFill] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    funding: list[tuple[int, int, int]] = field(default_factory=list)
    """Time, symbol and micro-dollars received."""
    positions: dict[int, int] = field(default_factory=dict)
    """Lots by symbol that the run began with."""
    corrected: int = 0
    """Positions that were taken from the venue's word later."""
    told: dict[str, int] = field(default_factory=dict)
    """How often each kind of event came that nothing above holds: params, patience, halt, flatten."""

    @property
    def symbols(self) -> list[str]:
        """Return the names in the order of their numbers."""
        return [str(row["symbol"]) for row in self.spec["symbols"]]


OnFrame = Callable[[Run, int, bytes], None]
MakeTeller = Callable[[Mapping[str, int]], Teller]


def runs(
    records: Iterable[Record], make_teller: MakeTeller, on_frame: OnFrame | None = None
) -> Iterator[Run]:
    """Yield each run when its records are over.

    Args:
        records: a journal.
        make_teller: makes the reader of frames from the size decimals of each symbol.
        on_frame: told of each market frame: its run, our time in ns, its bytes.

    Raises:
        DataError: the journal does not begin with the description of a run.
    """
    reading: _Reading | None = None
    number = 0
    for record in records:
        if record.kind == Kind.NOTE:
            if reading is not None:
                yield reading.done()
            number += 1
            reading = _Reading(number, record, make_teller)
        elif reading is None:
            raise DataError(
                "the journal does not begin with the description of a run",
                cure="name the folder that the daemon wrote, with its first segment",
            )
        else:
            reading.take(record, on_frame)
    if reading is not None:
        yield reading.done()


class _Reading:
    """A run while it is read."""

    def __init__(self, number: int, record: Record, make_teller: MakeTeller) -> None:
        spec = json.loads(record.payload)
        self._run = Run(number=number, spec=spec, first_ns=record.recv_ns)
        self._teller = make_teller({row["symbol"]: row["size_decimals"] for row in spec["symbols"]})
        self._held: dict[str, Hold] = {}

    def done(self) -> Run:
        """Return the run; what still held ends with it."""
        for hold in self._held.values():
            hold.until = self._run.last_ns
        return self._run

    def take(self, record: Record, on_frame: OnFrame | None) -> None:
        """Take in the next record of the run."""
        run, ts, payload = self._run, record.recv_ns, record.payload
        run.last_ns = ts
        if record.kind == Kind.FRAME:
            run.frames += 1
            if self._teller.is_market(payload):
                if on_frame is not None:
                    on_frame(run, ts, payload)
                return
            for told in self._teller.orders(payload):
                self._told(told, ts)
            for fill in self._teller.fills(payload):
                # A snapshot tells fills of earlier runs, too: their orders are not of this one.
                if fill.cloid in run.orders:
                    run.fills.setdefault((fill.coin, fill.tid), fill)
        elif record.kind == Kind.COMMAND:
            self._commands(json.loads(payload), ts)
        elif record.kind == Kind.EVENT and payload != _TIMER:
            self._event(json.loads(payload), ts)

    def _commands(self, rows: list[list[Any]], ts: int) -> None:
        for kind, symbol, *rest in rows:
            if kind == "place":
                cloid, side, px, size, _, _ = rest
                self._run.orders[cloid] = SentOrder(
                    symbol=symbol, cloid=cloid, side=side, px=px, size=size, sent=ts
                )
            elif kind == "cancel" and (order := self._run.orders.get(rest[0])) is not None:
                order.cancel_sent = order.cancel_sent or ts

    def _told(self, told: OrderTime, ts: int) -> None:
        order = self._run.orders.get(told.cloid)
        if order is None:
            return
        if told.word == "placed":
            order.placed, order.heard = order.placed or told.venue_ns, order.heard or ts
            return
        order.over = order.over or told.venue_ns
        if told.word == "cancelled":
            order.cancelled = order.cancelled or told.venue_ns
            order.cancel_heard = order.cancel_heard or ts

    def _event(self, event: Mapping[str, Any], ts: int) -> None:
        run = self._run
        match event["kind"]:
            case "answer":
                self._answer(str(event["cloid"]), event["answer"], ts)
            case "hold" if event["symbol"] is None:
                self._hold(str(event["by"]), ts, on=bool(event["on"]))
            case "baseline":
                symbol = int(event["symbol"])
                run.corrected += symbol in run.positions
                run.positions.setdefault(symbol, int(event["position"]))
            case "funding":
                run.funding.append((ts, int(event["symbol"]), int(event["received"])))
            case kind:
                run.told[kind] = run.told.get(kind, 0) + 1

    def _answer(self, cloid: str, answer: str | Mapping[str, Any], ts: int) -> None:
        order = self._run.orders.get(cloid)
        if order is None:
            return
        if answer == "Unknown":
            order.doubted = True
        elif isinstance(answer, Mapping) and "Rejected" in answer:
            order.refused = order.refused or ts
            order.lost = answer["Rejected"]["reason"] == "Lost"
        elif isinstance(answer, Mapping) and "Cancelled" in answer:
            order.cancel_heard = order.cancel_heard or ts
        else:
            order.heard = order.heard or ts

    def _hold(self, by: str, ts: int, *, on: bool) -> None:
        if on and by not in self._held:
            self._held[by] = Hold(by=by, since=ts)
            self._run.holds.append(self._held[by])
        elif not on and by in self._held:
            self._held.pop(by).until = ts
