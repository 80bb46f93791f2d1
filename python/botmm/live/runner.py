"""Runner — the daemon's tasks around the one loop: sockets, clock, venue, operator, watchdogs.

Every task that hears something puts it through the loop, one after the other; there is no queue
between a frame and the decision that follows from it. A task that dies ends the daemon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botmm.clock import Clock
from botmm.errors import BotmmError, VenueError
from botmm.live.engine import TIMER, Engine
from botmm.live.gateway import VenueGateway
from botmm.live.loop import Loop
from botmm.live.reconcile import baseline, compare
from botmm.live.tags import is_of_program
from botmm.live.thrift import RESERVE, Thrift
from botmm.ports import Event, Journal, RestingOrder, Standing, Venue

TIMER_S = 0.1
LINK_EVERY_S = 0.05
LINK = "link"
OPERATOR = "operator"
BUDGET = "budget"
RECORDS = "records"
FOREIGN = "foreign"

STOP_S = 8.0
"""How long a stop may take to see every order gone."""
EXPLAINED_TRIES = 8
"""Questions after a reconnect until a position is taken from the venue's word."""
RETELL_EVERY = 12
"""Comparisons after which recent fills are read again, whatever the positions say."""
ANEW_FIRST_S = 0.5
ANEW_LAST_S = 8.0
"""Pauses after a reconnect at which the venue does not say where we stand."""
BLIND_MAX = 3
"""Comparisons that may fail in a row before quotes are withdrawn."""


@dataclass(slots=True)
class Health:
    """What the watch over the daemon shows."""

    reconnects: int = 0
    reconciled: int = 0
    failed_reconciles: int = 0
    corrected_positions: int = 0
    foreign_orders: int = 0
    loop_lag_ms: float = 0.0
    patience_s: float = 0.0
    standing: Standing | None = None
    complaint: str = ""
    holds: set[str] = field(default_factory=set)


class Runner:
    """Drives one engine on one venue until it is told to stop."""

    def __init__(
        self,
        engine: Engine,
        venue: Venue,
        journal: Journal,
        clock: Clock,
        *,
        tag: int,
        reconcile_s: float = 10.0,
        cancel_foreign: bool = False,
        alarm: Callable[[str, str], object] = lambda key, words: None,
    ) -> None:
        """Take what a run is made of.

        Args:
            tag: what the ids of this run's orders begin with.
            cancel_foreign: withdraw orders that we did not send, rather than our own quotes.
            alarm: told of what a person should know: a key for repeats, and words.
        """
        self.engine = engine
        self.venue = venue
        self.health = Health()
        self.stopping = asyncio.Event()
        self._journal = journal
        self._clock = clock
        self._tag = tag
        self._reconcile_s = reconcile_s
        self._cancel_foreign = cancel_foreign
        self._alarm = alarm
        self._loop: Loop | None = None
        self._gateway: VenueGateway | None = None
        self._suspects: Sequence[int] = ()
        self._blind = 0
        self._comparisons = 0
        self._anew_s = ANEW_FIRST_S
        self._thrift = Thrift()
        self.decided: Callable[[float], object] = lambda seconds: None
        """Told how long each frame took to become commands."""

    @property
    def gateway(self) -> VenueGateway:
        """Return what sends commands; only while the run lasts."""
        if self._gateway is None:
            raise RuntimeError("invariant: the runner runs")
        return self._gateway

    def event(self, event: Event) -> None:
        """Put an event through the loop."""
        if self._loop is None:
            raise RuntimeError("invariant: the runner runs")
        self._loop.event(event)

    def hold(self, by: str, *, on: bool) -> None:
        """Withdraw every quote for a reason, or let go of that reason."""
        if on == (by in self.health.holds):
            return
        (self.health.holds.add if on else self.health.holds.discard)(by)
        self.event({"kind": "hold", "symbol": None, "by": by, "on": on})

    def halt(self, words: str) -> None:
        """Stop everything for good: a person has to lift it."""
        self.event({"kind": "halt", "symbol": None, "on": True})
        self._alarm("halt", words)

    def report(self) -> dict[str, Any]:
        """Return the engine as it stands."""
        return self.engine.report(int(self._clock.now()))

    async def run(self, *others: Callable[[], Any]) -> None:
        """Trade until `stopping` is set; then withdraw every order and see them gone.

        Args:
            others: coroutine functions that run beside, such as a control socket.

        Raises:
            BotmmError: what ended the run; every order was withdrawn before, where that could be.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                gateway = VenueGateway(
                    self.venue, tasks, self.event, lambda: float(self._clock.monotonic())
                )
                self._gateway = gateway
                self._loop = Loop(self.engine, self._journal, gateway, self._clock)
                self.hold(LINK, on=True)
                running = [
                    tasks.create_task(one())
                    for one in (
                        self._pump,
                        self._timer,
                        self._watch_link,
                        self._reconcile_forever,
                        gateway.prove_forever,
                        *others,
                    )
                ]
                await self.stopping.wait()
                self.hold("stop", on=True)
                await self._see_orders_gone()
                for task in running:
                    task.cancel()
        except BaseExceptionGroup as group:
            await self._withdraw_all()
            known, other = group.split(BotmmError)
            if other is None and known is not None:
                raise _first(known) from None
            raise

    async def _pump(self) -> None:
        loop = self._loop
        if loop is None:
            raise RuntimeError("invariant: the runner runs")
        async for payload in self.venue.frames():
            began, requests = self._clock.monotonic(), self.gateway.sent.requests
            loop.frame(payload)
            self.decided(self._clock.monotonic() - began)
            self._notice()
            if self.gateway.sent.requests != requests:
                # What was decided leaves before the next frame is looked at.
                await asyncio.sleep(0)

    def _notice(self) -> None:
        """Answer what the engine noticed in frames."""
        for kind, symbol, oid, rests in self.engine.desk.notices():
            if kind == "foreign_fill":
                self._alarm(f"foreign_fill {symbol}", f"trade {oid} was not of an order of ours")
            elif rests:
                self._alarm(f"foreign_order {symbol}", f"order {oid} rests that we did not send")

    async def _timer(self) -> None:
        """Let time alone ask for decisions, and measure how late this task is woken."""
        while True:
            due = self._clock.monotonic() + TIMER_S
            await asyncio.sleep(TIMER_S)
            late = (self._clock.monotonic() - due) * 1e3
            self.health.loop_lag_ms = max(late, self.health.loop_lag_ms * 0.99)
            self.event(TIMER)

    async def _watch_link(self) -> None:
        """After every connect: compare first, quote then."""
        seen = 0
        while True:
            if not self.venue.up:
                self.hold(LINK, on=True)
            elif self.venue.link != seen or LINK in self.health.holds:
                link = self.venue.link
                self.hold(LINK, on=True)
                if await self._begin_anew(first=seen == 0):
                    self.health.reconnects += seen != 0
                    seen = link
                    self.hold(LINK, on=False)
            await asyncio.sleep(LINK_EVERY_S)

    async def _begin_anew(self, *, first: bool) -> bool:
        """Bring own records in line with the venue's, as at a start; whether that worked.

        After a reconnect the fills that were missed come with the subscription and join what is
        proven; only what they do not explain is taken from the venue's word.
        """
        try:
            standing = await self.venue.standing()
            strangers = [one for one in standing.orders if not self._is_known(one)]
            if strangers:
                await self._meet(strangers)
            if not first:
                standing = await self._explained(standing)
        except VenueError as error:
            self.health.complaint = error.message
            # A venue that is asked too often already is not asked more often for that.
            await asyncio.sleep(self._anew_s)
            self._anew_s = min(2 * self._anew_s, ANEW_LAST_S)
            return False
        self._anew_s = ANEW_FIRST_S
        for event in baseline(standing, self._differing(standing, every=first)):
            self.health.corrected_positions += not first
            self.event(event)
        self._take(standing)
        self._doubt(standing)
        return True

    async def _explained(self, standing: Standing) -> Standing:
        """Return a standing that the fills explain, or the last one after some time.

        Raises:
            VenueError: the fills could not be read, so that nothing follows from a difference.
        """
        told = False
        for _ in range(EXPLAINED_TRIES):
            if not self._differing(standing, every=False):
                return standing
            # A socket that is dead without a word does not tell them by itself.
            told = told or await self.venue.retell_fills()
            await asyncio.sleep(0.25)
            standing = await self.venue.standing()
        if not told:
            raise VenueError("the account's fills cannot be read")
        return standing

    def _differing(self, standing: Standing, *, every: bool) -> list[int]:
        """Return the symbols whose position is not what the venue says, or all of them."""
        rows = enumerate(self.engine.report(standing.at_ns)["symbols"])
        return [ix for ix, row in rows if every or row["proven"] != standing.positions.get(ix, 0)]

    def _is_known(self, order: RestingOrder) -> bool:
        """Whether an order is of this run."""
        return order.cloid is not None and int(order.cloid, 16) >> 64 == self._tag

    async def _meet(self, strangers: Sequence[RestingOrder]) -> None:
        """Answer orders that this run did not send: those of earlier runs go, others by policy."""
        old = [one for one in strangers if is_of_program(one.cloid)]
        others = [one for one in strangers if not is_of_program(one.cloid)]
        self.health.foreign_orders += len(others)
        if others and not self._cancel_foreign:
            oids = ", ".join(str(one.oid) for one in others)
            self.hold(FOREIGN, on=True)
            self._alarm(
                "foreign_orders", f"orders {oids} rest that we did not send; quotes are withdrawn"
            )
        gone = [*old, *(others if self._cancel_foreign else [])]
        if gone:
            await self.venue.withdraw(gone)

    def _take(self, standing: Standing) -> None:
        self.health.standing = standing
        self.health.reconciled += 1
        self._blind = 0
        self.hold(RECORDS, on=False)
        self.hold(BUDGET, on=standing.budget_left < RESERVE)
        patience_s = self._thrift.take(standing.budget_left, self._clock.monotonic())
        if patience_s != self.health.patience_s:
            self.health.patience_s = patience_s
            self.event({"kind": "patience", "ns": round(patience_s * 1e9)})

    def _doubt(self, standing: Standing) -> None:
        report = self.engine.report(standing.at_ns)
        found = compare(report, standing, self._suspects, self._tag)
        self.gateway.doubt(found.doubtful)

    async def _reconcile_forever(self) -> None:
        while True:
            await asyncio.sleep(self._reconcile_s)
            if self.venue.up and LINK not in self.health.holds:
                await self._reconcile()

    async def _reconcile(self) -> None:
        """Compare own records with the venue's and answer each difference."""
        try:
            standing = await self.venue.standing()
            self._comparisons += 1
            # A fill that we were not told explains a difference, and keeps the ledger right as
            # well; those that cancel out show only when all are told again.
            due = self._comparisons % RETELL_EVERY == 0
            if due or self._differing(standing, every=False):
                if not await self.venue.retell_fills():
                    raise VenueError("the account's fills cannot be read")
                standing = await self.venue.standing()
        except VenueError as error:
            # One question without an answer says nothing of the position.
            self.health.failed_reconciles += 1
            self.health.complaint = error.message
            self._blind += 1
            if self._blind >= BLIND_MAX:
                self.hold(RECORDS, on=True)
                self._alarm("blind", f"the venue does not say where we stand: {error.message}")
            return
        found = compare(self.report(), standing, self._suspects, self._tag)
        self._take(standing)
        self.gateway.doubt(found.doubtful)
        if found.foreign:
            await self._meet(found.foreign)
        elif FOREIGN in self.health.holds:
            self.hold(FOREIGN, on=False)
        for event in found.agreed:
            self.event(event)
        for event in found.corrections:
            self.health.corrected_positions += 1
            self._alarm("position", f"the venue's position differs: {dict(event)}")
            self.event(event)
        self._suspects = found.positions

    async def _see_orders_gone(self) -> None:
        """Wait until no order of ours rests; withdraw by the venue's ids what stays."""
        end = self._clock.monotonic() + STOP_S
        while self._clock.monotonic() < end:
            await asyncio.sleep(0.2)
            live = sum(len(row["orders"]) for row in self.report()["symbols"])
            if live == 0:
                break
        await self._withdraw_all()

    async def _withdraw_all(self) -> None:
        """Withdraw whatever of this program rests, and see that it is gone."""
        for _ in range(3):
            try:
                standing = await self.venue.standing()
                ours = [one for one in standing.orders if is_of_program(one.cloid)]
                if not ours:
                    return
                await self.venue.withdraw(ours)
            except VenueError as error:
                self.health.complaint = error.message
            await asyncio.sleep(0.3)
        self._alarm("stop", "orders may rest: the venue does not confirm that they are gone")


def _first(group: BaseExceptionGroup[BotmmError]) -> BotmmError:
    """Return the first error of a group, however deep."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def equity_difference(report: Mapping[str, Any], standing: Standing, start_value: int) -> int:
    """Return the venue's account value less our own, in micro-dollars.

    Args:
        start_value: the account's value when the run began.
    """
    earned = int(report["equity"]) - int(report["capital"])
    return standing.account_value - start_value - earned
