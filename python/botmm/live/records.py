"""Records — own records against the venue's word: at a start, after a connect, and on a timer.

Fills that were missed are asked for and explain most differences; only what they do not explain is
taken from the venue's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.live.audit import Audit
from botmm.live.gateway import VenueGateway
from botmm.live.health import Health
from botmm.live.reconcile import baseline, compare
from botmm.live.tags import is_of_program
from botmm.live.thrift import RESERVE, Thrift
from botmm.ports import Event, RestingOrder, Standing, Venue

BUDGET = "budget"
RECORDS = "records"
FOREIGN = "foreign"

EXPLAINED_TRIES = 8
"""Questions after a reconnect until a position is taken from the venue's word."""
CLEARED_TRIES = 4
CLEARED_AGAIN_S = 0.25
"""Until orders of earlier runs are looked for again."""
RETELL_EVERY = 12
"""Comparisons after which recent fills are read again, whatever the positions say."""
SLOW_PATIENCE = 3.0
"""Quotes stay for so many times as long as slow answers take."""
ANEW_FIRST_S = 0.5
ANEW_LAST_S = 8.0
"""Pauses after a reconnect at which the venue does not say where we stand."""
BLIND_MAX = 3
"""Comparisons that may fail in a row before quotes are withdrawn."""


class Run(Protocol):
    """What a comparison reads and answers."""

    venue: Venue
    health: Health

    @property
    def gateway(self) -> VenueGateway:
        """Return what asks after orders in doubt."""
        ...

    def report(self) -> dict[str, Any]:
        """Return the engine as it stands."""
        ...

    def event(self, event: Event) -> None:
        """Put an event through the loop."""
        ...

    def hold(self, by: str, *, on: bool) -> None:
        """Withdraw every quote for a reason, or let go of that reason."""
        ...


class Records:
    """Compares, and answers each difference with an event, a question or a hold."""

    def __init__(
        self,
        run: Run,
        clock: Clock,
        *,
        tag: int,
        cancel_foreign: bool,
        alarm: Callable[[str, str], object],
    ) -> None:
        """Take the run; `tag` is what the ids of its orders begin with."""
        self._run, self._clock, self._tag = run, clock, tag
        self._cancel_foreign, self._alarm = cancel_foreign, alarm
        self.audit = Audit(alarm)
        self._suspects: Sequence[int] = ()
        self._blind = 0
        self._comparisons = 0
        self._anew_s = ANEW_FIRST_S
        self._thrift = Thrift()
        self._rates: tuple[float, float] | None = None

    async def begin_anew(self, *, first: bool) -> bool:
        """Bring own records in line with the venue's, as at a start; whether that worked.

        After a reconnect the fills that were missed come with the subscription and join what is
        proven; only what they do not explain is taken from the venue's word.
        """
        try:
            if first:
                await self._withdraw_earlier()
                await self._run.venue.outlive()
            standing = await self._cleared(await self._run.venue.standing())
            if not first:
                standing = await self._explained(standing)
        except VenueError as error:
            self._run.health.complaint = error.message
            # A venue that is asked too often already is not asked more often for that.
            await asyncio.sleep(self._anew_s)
            self._anew_s = min(2 * self._anew_s, ANEW_LAST_S)
            return False
        self._anew_s = ANEW_FIRST_S
        for event in baseline(standing, self._differing(standing, every=first)):
            self._run.health.corrected_positions += not first
            self._run.event(event)
        self._take(standing)
        self._doubt(standing)
        return True

    async def _withdraw_earlier(self) -> None:
        """Withdraw what rests of earlier runs at once: what they have under way may come yet."""
        orders = await self._run.venue.resting()
        if old := [one for one in orders if self._is_earlier(one)]:
            await self._run.venue.withdraw(old)

    async def _cleared(self, standing: Standing) -> Standing:
        """Return a standing without orders of earlier runs, which are withdrawn.

        Raises:
            VenueError: they still rest; quotes beside them could fill to twice the limit.
        """
        for _ in range(CLEARED_TRIES):
            strangers = [one for one in standing.orders if not self._is_known(one)]
            if strangers:
                await self._meet(strangers)
            if not any(self._is_earlier(one) for one in strangers):
                return standing
            await asyncio.sleep(CLEARED_AGAIN_S)
            standing = await self._run.venue.standing()
        raise VenueError("orders of an earlier run still rest")

    async def _explained(self, standing: Standing) -> Standing:
        """Return a standing that the fills explain, or the last one after some time.

        Raises:
            VenueError: the fills could not be read, so that nothing follows from a difference.
        """
        reached: Mapping[int, int] | None = None
        for _ in range(EXPLAINED_TRIES):
            if not self._differing(standing, every=False):
                return standing
            # A socket that is dead without a word does not tell them by itself.
            unread = reached != standing.positions
            if unread and await self._run.venue.retell_fills(standing):
                reached = standing.positions
            await asyncio.sleep(0.25)
            standing = await self._run.venue.standing()
        self._require_read(standing, reached)
        return standing

    def _require_read(self, standing: Standing, reached: Mapping[int, int] | None) -> None:
        """Raise where positions differ that are not those to which fills were read."""
        if self._differing(standing, every=False) and reached != standing.positions:
            raise VenueError("the account's fills cannot be read")

    def _differing(self, standing: Standing, *, every: bool) -> list[int]:
        """Return the symbols whose position is not what the venue says, or all of them."""
        rows = enumerate(self._run.report()["symbols"])
        return [ix for ix, row in rows if every or row["proven"] != standing.positions.get(ix, 0)]

    def _is_known(self, order: RestingOrder) -> bool:
        """Whether an order is of this run."""
        return order.cloid is not None and int(order.cloid, 16) >> 64 == self._tag

    def _is_earlier(self, order: RestingOrder) -> bool:
        """Whether an order is of an earlier run."""
        return is_of_program(order.cloid) and not self._is_known(order)

    async def _meet(self, strangers: Sequence[RestingOrder]) -> None:
        """Answer orders that this run did not send: those of earlier runs go, others by policy."""
        old = [one for one in strangers if self._is_earlier(one)]
        others = [one for one in strangers if not self._is_earlier(one)]
        self._run.health.foreign_orders += len(others)
        if others and not self._cancel_foreign:
            oids = ", ".join(str(one.oid) for one in others)
            self._run.hold(FOREIGN, on=True)
            self._alarm(
                "foreign_orders", f"orders {oids} rest that we did not send; quotes are withdrawn"
            )
        gone = [*old, *(others if self._cancel_foreign else [])]
        if gone:
            await self._run.venue.withdraw(gone)

    def _take(self, standing: Standing) -> None:
        self._run.health.standing = standing
        self._run.health.reconciled += 1
        self._blind = 0
        self._run.hold(RECORDS, on=False)
        self._run.hold(BUDGET, on=standing.budget_left < RESERVE)
        self._look_at_rates((standing.maker_rate, standing.taker_rate))
        slow_s = self._run.gateway.sent.slow_s
        if slow_s:
            self._alarm("slow", f"answers take {slow_s:.1f} s: quotes are moved less often")
        thrift_s = self._thrift.take(standing.budget_left, self._clock.monotonic())
        patience_s = max(thrift_s, SLOW_PATIENCE * slow_s)
        if patience_s != self._run.health.patience_s:
            self._run.health.patience_s = patience_s
            self._run.event({"kind": "patience", "ns": round(patience_s * 1e9)})

    def _look_at_rates(self, rates: tuple[float, float]) -> None:
        """Tell of fees that changed: books take what fills say, quotes what the start was told."""
        before, self._rates = self._rates, rates
        if before is not None and rates != before:
            now, was = (" and ".join(f"{1e4 * x:g}" for x in pair) for pair in (rates, before))
            self._alarm(
                "fees",
                f"the venue's maker and taker fees are {now} bps, were {was}: they are booked as"
                " fills say, and quotes reckon with those of the start until a new one",
            )

    def _doubt(self, standing: Standing) -> None:
        report = self._run.report()
        found = compare(report, report, standing, self._suspects, self._tag)
        self._run.gateway.doubt(found.doubtful)

    async def reconcile(self) -> None:
        """Compare own records with the venue's and answer each difference."""
        try:
            asked = self._run.report()
            standing = await self._run.venue.standing()
            self._comparisons += 1
            # A fill that we were not told explains a difference, and keeps the ledger right as
            # well; those that cancel out show only when all are told again.
            due = self._comparisons % RETELL_EVERY == 0
            if due or self._differing(standing, every=False):
                if not await self._run.venue.retell_fills(standing):
                    raise VenueError("the account's fills cannot be read")
                reached, asked = standing.positions, self._run.report()
                standing = await self._run.venue.standing()
                # What was traded since may have been lost as well: that is no proof.
                self._require_read(standing, reached)
        except VenueError as error:
            # One question without an answer says nothing of the position.
            self._run.health.failed_reconciles += 1
            self._run.health.complaint = error.message
            self._blind += 1
            if self._blind >= BLIND_MAX:
                self._run.hold(RECORDS, on=True)
                self._alarm("blind", f"the venue does not say where we stand: {error.message}")
            return
        report = self._run.report()
        self.audit.look(asked, report, standing)
        found = compare(asked, report, standing, self._suspects, self._tag)
        self._take(standing)
        self._run.gateway.doubt(found.doubtful)
        if found.foreign:
            await self._meet(found.foreign)
        elif FOREIGN in self._run.health.holds:
            self._run.hold(FOREIGN, on=False)
        for event in found.agreed:
            self._run.event(event)
        for event in found.corrections:
            self._run.health.corrected_positions += 1
            self._alarm("position", f"the venue's position differs: {dict(event)}")
            self._run.event(event)
        self._suspects = found.positions
