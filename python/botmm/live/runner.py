"""Runner — the daemon's tasks around the one loop: sockets, clock, venue, operator, watchdogs.

Every task that hears something puts it through the loop, one after the other; there is no queue
between a frame and the decision that follows from it. A task that dies ends the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from botmm.clock import Clock
from botmm.errors import BotmmError, VenueError, innermost
from botmm.live.ending import see_orders_gone, withdraw_all
from botmm.live.engine import TIMER, Engine
from botmm.live.gateway import VenueGateway
from botmm.live.health import Health
from botmm.live.loop import Loop
from botmm.live.records import Records
from botmm.ports import Event, Journal, Venue

TIMER_S = 0.1
LINK = "link"
OPERATOR = "operator"


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
        self.records = Records(self, clock, tag=tag, cancel_foreign=cancel_foreign, alarm=alarm)
        self.stopping = asyncio.Event()
        self._journal = journal
        self._clock = clock
        self._reconcile_s = reconcile_s
        self._alarm = alarm
        self._loop: Loop | None = None
        self._gateway: VenueGateway | None = None
        self.decided: Callable[[float], object] = lambda seconds: None
        """Told how long each frame took to become commands."""
        self.unread: Callable[[bytes, str], object] = lambda frame, why: None
        """Told of each frame that the engine could not read."""

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
            VenueError: the venue did not confirm that every order is gone.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                with contextlib.closing(self._gateway_of(tasks)) as gateway:
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
                    await see_orders_gone(lambda: self._live() + gateway.doubtful, self._clock)
                    is_empty = await self._withdraw_all()
                    for task in running:
                        task.cancel()
        except BaseExceptionGroup as group:
            await self._withdraw_all()
            known, other = group.split(BotmmError)
            if other is None and known is not None:
                raise innermost(known) from None
            raise
        if not is_empty:
            raise VenueError(
                "the venue does not confirm that every order is gone",
                cure="botmm-guard withdraws them; without it, look at the venue's own page",
            )

    def _gateway_of(self, tasks: asyncio.TaskGroup) -> VenueGateway:
        def monotonic() -> float:
            return float(self._clock.monotonic())

        self._gateway = VenueGateway(self.venue, tasks, self.event, monotonic)
        return self._gateway

    def _live(self) -> int:
        return sum(len(row["orders"]) for row in self.report()["symbols"])

    async def _withdraw_all(self) -> bool:
        return await withdraw_all(self.venue, self.health, self._alarm)

    async def _pump(self) -> None:
        loop = self._loop
        if loop is None:
            raise RuntimeError("invariant: the runner runs")
        async for payload in self.venue.frames():
            began, requests = self._clock.monotonic(), self.gateway.sent.requests
            bad = self.engine.counts.bad_frames
            loop.frame(payload)
            self.decided(self._clock.monotonic() - began)
            if self.engine.counts.bad_frames != bad:
                self.unread(payload, self.engine.complaint)
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
            if not self.venue.up or self.venue.link != seen:
                self.hold(LINK, on=True)
            while self.venue.up and self.venue.link != seen:
                link = self.venue.link
                if await self.records.begin_anew(first=seen == 0):
                    self.health.reconnects += seen != 0
                    seen = link
            if self.venue.up:
                self.hold(LINK, on=False)
            await self.venue.relinked()

    async def _reconcile_forever(self) -> None:
        while True:
            await asyncio.sleep(self._reconcile_s)
            if self.venue.up and LINK not in self.health.holds:
                await self.records.reconcile()
