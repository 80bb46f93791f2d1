"""Venue — Hyperliquid as a place to trade: the pure parts, tied to sockets and requests.

async with HyperliquidVenue(spec, signer, nonces, clock) as venue:
    async for frame in venue.frames(): ...
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from botmm.clock import Clock
from botmm.errors import UsageError, VenueError
from botmm.exchanges.base import Instrument, Trade
from botmm.exchanges.hyperliquid import encode, entries, standing, subscriptions
from botmm.exchanges.hyperliquid.account import FillRow
from botmm.exchanges.hyperliquid.actions import Actions
from botmm.exchanges.hyperliquid.answers import Answer, invalid
from botmm.exchanges.hyperliquid.book_times import BOOKS, BookTimes
from botmm.exchanges.hyperliquid.budgets import KEPT_URGENT, AddressBudget, WeightLedger
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.hosts import Host
from botmm.exchanges.hyperliquid.inbox import Inbox
from botmm.exchanges.hyperliquid.key_role import KeyRole, key_role
from botmm.exchanges.hyperliquid.mirror import Mirror
from botmm.exchanges.hyperliquid.news import News
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.questions import Questions
from botmm.exchanges.hyperliquid.readings import FEES_S, Readings
from botmm.exchanges.hyperliquid.recalled import Recalled
from botmm.exchanges.hyperliquid.replies import done, refusal
from botmm.exchanges.hyperliquid.rest import DEADLINE_S, Rest
from botmm.exchanges.hyperliquid.session import VOID_MS
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.stream import Stream, StreamSpec
from botmm.observe.logging import logger
from botmm.ports import (
    Cancel,
    CancelAll,
    Command,
    Event,
    Incident,
    Minute,
    Place,
    RestingOrder,
    Standing,
)
from botmm.store.rows import Told
from botmm.units import MS_NS, SECOND_NS

UP_S = 15.0
MARKET_MAX = 1 << 20
PRIVATE_MAX = 8 << 20
MARKET_PING_NS = 30 * SECOND_NS
PRIVATE_PING_NS = 5 * SECOND_NS
"""The account's socket may be silent for long; only its pongs show that it lives."""
PROOF_WINDOW_MS = 600_000
"""How far back the fills of an order are read whose end was not heard."""
USED_S = 1.0
RESERVE_S = 1.0
OUTLIVE_S = 0.1
"""Pause between questions after the venue's time, which may stand still."""
PROOF_WEIGHT = 5
"""Of its time, its fence and its question."""
PROOFS_A_SECOND = 3
"""Questions after single orders: each weighs as much as two orders."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSpec:
    """Where and what is traded; `symbols` as a person writes them, `seed` for pauses.

    `deadline_s` bounds each request, from its first byte to the last of its reply; `fees_s` is how
    long fee rates are good enough.
    """

    host: Host
    account: str
    symbols: tuple[str, ...]
    seed: int = 1
    deadline_s: float = DEADLINE_S
    fees_s: float = FEES_S


class HyperliquidVenue:
    """Implements `ports.Venue`; alive between `async with` and its end."""

    def __init__(self, spec: VenueSpec, signer: Signer, nonces: Nonces, clock: Clock) -> None:
        """Take what it is made of; nothing is connected before it is entered."""
        self.spec = spec
        self.account = spec.account.lower()
        self.instruments: tuple[Instrument, ...] = ()
        self.inbox = Inbox()
        self.weights = WeightLedger()
        self.address = AddressBudget()
        self._signer, self._nonces, self._clock = signer, nonces, clock
        self._born_ms = int(clock.now()) // MS_NS
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._rest = Rest(spec.host, deadline_s=spec.deadline_s)
        self._ask = Questions(self._rest, self.account, self.weights, clock)
        self._mirror = Mirror(())
        self._proofs: deque[int] = deque(maxlen=PROOFS_A_SECOND)
        self._misfits: set[int] = set()
        self._misfitting = asyncio.Event()
        self._switched = asyncio.Event()
        self._linking = asyncio.Event()
        self._streams: tuple[Stream, ...] = ()

    async def __aenter__(self) -> Self:
        """Read the metadata, connect and subscribe.

        Raises:
            ConfigError: a symbol that the venue does not list.
            VenueError: it does not answer, or its clock is another than ours.
        """
        await self._rest.__aenter__()
        try:
            self._universe = await self._ask.universe()
            self.instruments = self.resolve(self.spec.symbols)
            self._mirror = Mirror(
                self.instruments, misfit=self._misfit, switched=self._switched.set
            )
            began_ms = await self._in_step()
            self.book_times = BookTimes(began_ms, self._monotonic())
            self._news = News(self.account, self.instruments, began_ms, self._clock)
            self._recalled = Recalled(self._ask, self._clock, began_ms, self._recall)
            self._readings = Readings(
                self._ask, self.address, self.instruments, self._clock, fees_s=self.spec.fees_s
            )
            await self._readings.observe_budget()
            self._make()
            await self._group.__aenter__()
        except BaseException:
            await self._rest.__aexit__(None, None, None)
            raise
        running = (
            self._reserve_forever,
            self._recalled.run,
            *(stream.run for stream in self._streams),
        )
        self._tasks = [self._group.create_task(one()) for one in running]
        try:
            await self._until_up()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; a socket's task that died is raised here."""
        for task in self._tasks:
            task.cancel()
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if group.exceptions != (error,):
                raise
            # Nothing but the caller's own error: it goes on as it is.
        finally:
            await self._rest.__aexit__(None, None, None)

    def _make(self) -> None:
        market = StreamSpec(
            name="market",
            url=self.spec.host.ws,
            subscriptions=subscriptions.market(self.instruments),
            silences=subscriptions.silences(self.instruments),
            size_max=MARKET_MAX,
            ping_ns=MARKET_PING_NS,
        )
        private = StreamSpec(
            name="account",
            url=self.spec.host.ws,
            subscriptions=subscriptions.private(self.account),
            silences={},
            size_max=PRIVATE_MAX,
            ping_ns=PRIVATE_PING_NS,
        )
        self._streams = tuple(
            Stream(
                one,
                self._clock,
                seed=self.spec.seed + offset,
                take=self._take,
                lost=self._doubt,
                changed=self._linking.set,
            )
            for offset, one in enumerate((market, private))
        )
        self._ask.stream = self._streams[1]
        self.actions = Actions(
            self._signer,
            self._nonces,
            self._clock,
            rest=self._rest,
            stream=self._streams[1],
            weights=self.weights,
            address=self.address,
            listing=self.instruments,
        )
        self.actions.distrust = self._news.distrust

    async def _in_step(self) -> int:
        """Return the venue's time in ms, which has to be ours."""
        step = await self._ask.step()
        if not step.is_kept:
            raise VenueError(
                f"the venue's clock is {step.off / 1e3:+,.1f} s from ours, so that it would refuse "
                "our requests: let a time service keep ours; a local exchange runs at speed 1"
            )
        return step.venue

    async def _until_up(self) -> None:
        try:
            async with asyncio.timeout(UP_S):
                while not self.up:
                    await self.relinked()
        except TimeoutError:
            why = "; ".join(f"{s.spec.name}: {s.why}" for s in self._streams if not s.up)
            raise VenueError(
                f"{self.spec.host.base}: not connected: {why}",
                cure="check the address and the network, then start again",
            ) from None

    def _take(self, channel: str, frame: bytes) -> bool:
        """Hear a frame of either socket; whether there was room for it."""
        if channel in subscriptions.CONTROL:
            return True
        if channel in BOOKS and not self._timely(frame):
            return True
        if channel == "orderUpdates":
            self._mirror.heard(frame)
        elif channel == "userFundings":
            self._news.pay(frame)
        elif channel == "userFills":
            self._news.fill(frame)
        elif channel == subscriptions.LEDGER:
            self._news.transfer(frame)
            return True  # it moves no position, so no decision follows from it
        return self.inbox.put(frame, private=channel in subscriptions.PRIVATE)

    def _timely(self, frame: bytes) -> bool:
        """Whether a book bears a time that can be its own; after too many the socket is given up."""
        now = self._monotonic()
        fits = self.book_times.fit(frame, now)
        if self.book_times.worn_out(now):
            off_s = round(self.book_times.off_ms / 1e3, 1)
            words = "late, or its clock or ours runs at another speed" if off_s < 0 else "early"
            _log.warning("books of another time", off_s=off_s, why=words)
            self._streams[0].drop("books bear times that cannot be theirs")
        return fits

    async def _reserve_forever(self) -> None:
        """Keep nonces ahead; where that fails, the request that needs one says so."""
        while True:
            try:
                self._nonces.keep_ahead(int(self._clock.now()) // MS_NS)
            except (OSError, sqlite3.Error) as error:
                _log.warning("no nonces were reserved", why=str(error))
            await asyncio.sleep(RESERVE_S)

    def _doubt(self, why: str) -> None:
        """After a socket was lost, trust no other before it shows that it lives."""
        del why
        for stream in self._streams:
            stream.doubt()

    def _recall(self, channel: str, frame: bytes) -> None:
        """Hear money that moved without news of it."""
        if channel == subscriptions.LEDGER:
            self._news.transfer(frame)
        elif self._news.lacks(frame):
            _log.warning("funding whose news was lost")
            self._take(channel, frame)

    def unread(self, frame: bytes, why: str) -> None:
        """Take note that a frame could not be read."""
        self._news.unread(frame, why)

    async def incidents(self) -> AsyncIterator[Incident]:
        """Yield what the venue does to the account beside its orders, each thing once."""
        while True:
            yield await self._news.met.get()

    def _misfit(self, symbol: int) -> None:
        self._misfits.add(symbol)
        self._misfitting.set()

    async def misfits(self) -> set[int]:
        """Wait for symbols that the venue seems to list otherwise than we know; return them."""
        await self._misfitting.wait()
        self._misfitting.clear()
        found, self._misfits = self._misfits, set()
        return found

    async def listing(self) -> list[Instrument | None]:
        """Return each symbol as the venue lists it now, None where it does not.

        Raises:
            VenueError: no answer that can be trusted.
        """
        names = (await self._ask.listed()).by_name
        return [names.get(one.name) for one in self.instruments]

    async def payments(self) -> AsyncIterator[Event]:
        """Yield funding of this run as events of the core, each payment once."""
        while True:
            yield await self._news.paid.get()

    @property
    def link(self) -> int:
        """Return how often the sockets were connected."""
        return sum(stream.links for stream in self._streams)

    @property
    def up(self) -> bool:
        """Whether every socket is connected and subscribed."""
        return bool(self._streams) and all(stream.up for stream in self._streams)

    async def relinked(self) -> None:
        """Wait until a socket came up or went down since the last call."""
        await self._linking.wait()
        self._linking.clear()

    @property
    def complaint(self) -> str:
        """Return the last thing that the venue refused, in its words."""
        return self.actions.complaint

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield what the sockets say, in order of arrival, over reconnects."""
        while True:
            yield await self.inbox.get()

    def resolve(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Return the instruments that a person means.

        Raises:
            ConfigError: the venue does not list one; the cure suggests another.
        """
        return tuple(self._universe.resolve(name) for name in names)

    async def act(self, commands: Sequence[Command]) -> list[Event]:
        """Send commands; return what is proven of each: never raises for a doubt."""
        trades, answers = self._checked(commands)
        for place in trades:
            if isinstance(place, Place):
                self._mirror.sent(place)
        for batch in encode.batches(trades, self.instruments):
            answers += await self.actions.trade(batch)
        return [self._told(answer) for answer in answers]

    def _checked(self, commands: Sequence[Command]) -> tuple[list[Trade], list[Answer]]:
        """Return what can be sent, and what the venue would refuse whatever its book."""
        trades: list[Trade] = []
        answers: list[Answer] = []
        for command in commands:
            match command:
                case CancelAll():
                    ids = self._mirror.ids(command.symbol)
                    trades += [Cancel(symbol=symbol, cloid=cloid) for symbol, cloid in ids]
                case Cancel():
                    trades.append(command)
                case Place():
                    try:
                        encode.order(command, self.instruments[command.symbol])
                    except UsageError as error:
                        answers.append(invalid(command.symbol, command.cloid, error.message))
                    else:
                        trades.append(command)
        return trades, answers

    def _told(self, answer: Answer) -> Event:
        self._mirror.answered(answer)
        return answer.event()

    async def prove(self, symbol: int, cloid: str) -> Event | None:
        """Ask what became of an order; None while there is no proof.

        What the account's stream told is not asked again, and few are asked after in a second.
        """
        session = self.actions.session
        told = self._mirror.told(cloid, rests=session.placing(cloid))
        if told is not None:
            session.settle(cloid)
            return self._told(told)
        now = self._monotonic()
        if len(self._proofs) == PROOFS_A_SECOND and now - self._proofs[0] < SECOND_NS:
            return None
        if not self.weights.may(PROOF_WEIGHT, now, kept=KEPT_URGENT):
            return None
        venue_ms = await self._readings.venue_ms()
        nonce = session.fence(cloid, now, venue_ms)
        if nonce is not None:
            await self.actions.fence(nonce)
        ask = session.ask(symbol, cloid, self._monotonic(), venue_ms)
        if ask is None:
            return None
        self._proofs.append(ask.asked_ns)
        answer = session.status(
            ask, await self._ask.raw(ask.request(self.account), kept=KEPT_URGENT)
        )
        if answer is None:
            return None
        # What it filled is taken in before the order is closed.
        over = answer.word in ("filled", "cancelled") and answer.filled > 0
        if over and not await self.retell_fills():
            return None
        return self._told(answer)

    async def resting(self) -> list[RestingOrder]:
        """Ask what rests, for a stop or a start: it may use up what all else leaves of the weight.

        Raises:
            VenueError: no answer that can be trusted.
        """
        return standing.resting_of(await self._ask.orders(kept=0.0), self.instruments)

    async def retell_fills(self, reaching: Standing | None = None) -> bool:
        """Hand on the account's last fills once more, as a frame; whether that was taken in.

        False, too, where they do not lead to the positions of `reaching`: some are missing.
        """
        since = int(self._clock.now()) // MS_NS - PROOF_WINDOW_MS
        try:
            fills = await self._ask.fills(since)
        except ReplyError:
            return False
        frame = standing.fills_frame(self.account, fills)
        self._news.fill(frame)
        if not self.inbox.put(frame, private=True):
            return False
        used = await self.inbox.used(within_s=USED_S)
        return used and (reaching is None or self._reach(fills, reaching))

    def _reach(self, fills: Sequence[FillRow], there: Standing) -> bool:
        """Whether fills lead to the positions of a standing that was asked for before them."""
        at_ms = there.at_ns // MS_NS + standing.MARGIN_MS
        for ix, one in enumerate(self.instruments):
            rows = [fill for fill in fills if fill.coin == one.name]
            if not standing.lead_to(rows, there.positions.get(ix, 0), at_ms):
                _log.warning("fills are missing", symbol=one.name, fills=len(rows))
                return False
        return True

    @property
    def settled(self) -> bool:
        """Whether nothing that was sent can be executed from now on: a next run need not wait."""
        return self.actions.session.settled

    async def outlive(self) -> None:
        """Wait until nothing that an earlier run sent can be executed any more.

        Raises:
            VenueError: the venue does not tell its time.
        """
        last_ms = min(self._nonces.inherited, self._born_ms)
        while last_ms:
            left_ms = last_ms + VOID_MS - await self._ask.venue_ms()
            if left_ms < 0:
                return
            await asyncio.sleep(max(OUTLIVE_S, left_ms / 1e3))

    async def standing(self) -> Standing:
        """Ask where the account stands.

        Raises:
            VenueError: no answer that can be trusted.
        """
        there = await self._readings.standing()
        self.book_times.told(there.at_ns // MS_NS + standing.MARGIN_MS, self._monotonic())
        self._mirror.shown({one.cloid for one in there.orders}, self._monotonic())
        return there

    async def withdraw(self, orders: Sequence[RestingOrder]) -> None:
        """Cancel orders by the venue's ids, ours or not; what is gone shows in the standing."""
        pairs = [(self.instruments[one.symbol].asset, one.oid) for one in orders]
        for action in encode.cancel_by_oid(pairs):
            await self.actions.bare(action)

    def is_own(self, frame: bytes) -> bool:
        """Whether a frame is of the account."""
        return entries.is_own(frame)

    def told(self, frame: bytes, recv_ns: int) -> list[Told]:
        """Return what a frame of the account tells of the instruments that are traded.

        Raises:
            VenueError: it cannot be read; nothing of it is told.
        """
        return entries.read_told(frame, self.instruments, recv_ns)

    async def minutes(self, symbol: int, count: int) -> list[Minute]:
        """Return the last closed minutes of a symbol, oldest first.

        Raises:
            VenueError: no answer that can be trusted.
        """
        return await self._ask.minutes(self.instruments[symbol].name, count)

    async def set_leverage(self, symbol: int, *, leverage: int, cross: bool) -> None:
        """Set a symbol's leverage.

        Raises:
            VenueError: it was refused, or there is no proof that it was done.
        """
        action = encode.update_leverage(self.instruments[symbol], leverage=leverage, cross=cross)
        reply = await self.actions.bare(action)
        if not done(reply):
            raise VenueError(f"leverage: {refusal(reply) or reply.why or 'no proof'}")

    async def schedule_cancel(self, at_ms: int | None) -> str:
        """Set the dead man's switch at a Unix time in ms, or take it off; empty where that is done.

        Otherwise the venue's words: an account that has traded too little does not have it.
        """
        reply = await self.actions.bare(encode.schedule_cancel(at_ms))
        return "" if done(reply) else refusal(reply) or reply.why or "no proof"

    async def firings(self) -> AsyncIterator[None]:
        """Yield when the dead man's switch withdrew orders, at least once a firing."""
        while True:
            await self._switched.wait()
            self._switched.clear()
            yield

    async def fired_since(self, since_ms: int) -> int:
        """Return how often the dead man's switch withdrew orders since a time.

        Raises:
            VenueError: no answer that can be trusted.
        """
        return await self._ask.fired_since(since_ms)

    async def disowned(self) -> None:
        """Wait until the venue refuses the key itself, whatever it signed."""
        await self.actions.disowned.wait()
        self.actions.disowned.clear()

    async def key_role(self) -> KeyRole:
        """Ask what the key may do that signs here.

        Raises:
            ConfigError: the venue does not let it trade for this account.
            VenueError: no answer that can be trusted.
        """
        now_ms = await self._ask.venue_ms()
        agent = self._signer.address
        return await key_role(self._ask.answer, account=self.account, agent=agent, now_ms=now_ms)

    async def venue_time(self) -> int:
        """Return the venue's own time in ns.

        Raises:
            VenueError: no answer that can be trusted.
        """
        return await self._ask.venue_ms() * MS_NS

    def _monotonic(self) -> int:
        return round(self._clock.monotonic() * SECOND_NS)
