"""Gateway — commands to requests, answers to events; what is not proven is asked after.

Cancels go before new orders, and the kinds travel apart. An order of which the venue's answer was
lost stays UNKNOWN in the engine; it is asked after until something is proven.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from botmm.ports import Cancel, CancelAll, Command, Event, Place, Venue

ACTIONS_MAX = 40
"""Commands of one request: more would weigh more at the venue."""
IN_FLIGHT_MAX = 64
"""Requests under way at once; beyond it new orders are given up, cancels never."""
PROOF_EVERY_S = 1.0
WINDOW_S = 0.25
"""Requests leave at most this often, new orders and cancels each."""
PAUSE_FIRST_S = 0.5
PAUSE_MOST_S = 4.0
"""The longest pause after refusals: shorter than the engine waits for an answer."""

RECENT = 20
SLOW_MS = 1_000.0
"""Answers as late as this are of another market than their orders."""

C = TypeVar("C", bound=Command)


@dataclass(slots=True)
class Sent:
    """What went out and what came of it."""

    requests: int = 0
    places: int = 0
    cancels: int = 0
    given_up: int = 0
    unknown: int = 0
    proofs: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def slow_s(self) -> float:
        """Return how long the slowest but one of the last answers took; 0 below a second."""
        late = sorted(self.latencies_ms[-RECENT:])[-2:-1]
        return late[0] / 1e3 if late and late[0] > SLOW_MS else 0.0


class VenueGateway:
    """Sends commands in tasks of a group; each answer comes back as an event."""

    def __init__(
        self,
        venue: Venue,
        tasks: asyncio.TaskGroup,
        hear: Callable[[Event], None],
        monotonic: Callable[[], float],
    ) -> None:
        """Send to the venue; `hear` takes the events."""
        self._venue = venue
        self._tasks = tasks
        self._hear = hear
        self._monotonic = monotonic
        self._in_flight = 0
        self._doubtful: dict[str, int] = {}
        self._cancels: dict[str, Cancel] = {}
        self._places: dict[str, Place] = {}
        self._resting: dict[str, Place] = {}
        """New orders that a pause keeps here."""
        self._flush_due: asyncio.TimerHandle | None = None
        self._closed = False
        self._last_flush = float("-inf")
        self.window_s = WINDOW_S
        self._pause_s = 0.0
        self._pause_end = float("-inf")
        self.sent = Sent()

    def send(self, commands: Sequence[Command]) -> None:
        """Hand commands to the venue; returns before anything is sent.

        The first leave at once, later ones together with those of the same window: a venue counts
        requests, and takes them in by blocks anyway. Once closed, none leave.
        """
        if self._closed:
            return
        for command in commands:
            match command:
                case Place():
                    self._places[command.cloid] = command
                case Cancel():
                    self._withdraw(command)
                case CancelAll():
                    self._keep_here(command)
                    self._begin([command])
        if self._flush_due is None:
            wait = self._last_flush + self.window_s - self._monotonic()
            loop = asyncio.get_running_loop()
            if wait <= 0:
                self._flush()
            else:
                self._flush_due = loop.call_later(wait, self._flush)

    def close(self) -> None:
        """Send nothing any more, what still waits neither: the run is over, and so are its tasks."""
        self._closed = True
        if self._flush_due is not None:
            self._flush_due.cancel()
        for waiting in (self._places, self._cancels, self._resting):
            waiting.clear()

    def _withdraw(self, command: Cancel) -> None:
        """Queue a cancel; an order that is still here never leaves."""
        place = self._places.pop(command.cloid, None) or self._resting.pop(command.cloid, None)
        if place is None:
            self._cancels[command.cloid] = command
        else:
            self._give_up([place])

    def _keep_here(self, command: CancelAll) -> None:
        """Give up what waits here: it would leave after everything was withdrawn."""
        for waiting in (self._places, self._resting):
            here = [p for p in waiting.values() if command.symbol in (None, p.symbol)]
            for place in here:
                del waiting[place.cloid]
            self._give_up(here)

    def _flush(self) -> None:
        """Send what waits, cancels first, the kinds apart."""
        self._flush_due = None
        self._last_flush = self._monotonic()
        cancels, places = list(self._cancels.values()), list(self._places.values())
        self._cancels.clear()
        self._places.clear()
        for withdrawn in _batches(cancels):
            self._begin(withdrawn)
        if places and self._last_flush < self._pause_end:
            self._rest(places)
            return
        makers = [p for p in places if p.tif == "alo"]
        takers = [p for p in places if p.tif != "alo"]
        for batch in (*_batches(makers), *_batches(takers)):
            if self._in_flight < IN_FLIGHT_MAX:
                self._begin(batch)
            else:
                self._give_up(batch)

    def _rest(self, places: Sequence[Place]) -> None:
        """Keep orders that would be refused again until the pause is over, then give them up."""
        self._resting.update((place.cloid, place) for place in places)
        wait = self._pause_end - self._last_flush
        asyncio.get_running_loop().call_later(wait, self._wake, places)

    def _wake(self, places: Sequence[Place]) -> None:
        """Give up what rested and was not withdrawn since; the engine then thinks anew."""
        self._give_up([p for p in places if self._resting.pop(p.cloid, None) is not None])

    def _learn(self, batch: Sequence[Command], events: Sequence[Event]) -> None:
        """Pause for longer each time that nothing but refusals comes back."""
        answers = [event["answer"] for event in events if event["kind"] == "answer"]
        if not any(isinstance(command, Place) for command in batch) or not answers:
            return
        if all(isinstance(one, dict) and "Rejected" in one for one in answers):
            self._pause_s = min(PAUSE_MOST_S, max(PAUSE_FIRST_S, self._pause_s * 2))
            self._pause_end = self._monotonic() + self._pause_s
        else:
            self._pause_s = 0.0

    def _begin(self, batch: Sequence[Command]) -> None:
        request = self._request(batch)
        try:
            self._tasks.create_task(request)
        except RuntimeError:  # the run failed a moment ago: everything is withdrawn now
            request.close()
            self.close()
            return
        self._in_flight += 1
        self.sent.requests += 1
        self.sent.places += sum(isinstance(c, Place) for c in batch)
        self.sent.cancels += sum(isinstance(c, Cancel) for c in batch)

    def _give_up(self, batch: Sequence[Place]) -> None:
        """An order that was not sent was never placed: that is proven."""
        self.sent.given_up += len(batch)
        # Heard later: this may be within a record.
        loop = asyncio.get_running_loop()
        for place in batch:
            event = {
                "kind": "answer",
                "symbol": place.symbol,
                "cloid": place.cloid,
                "answer": {"Rejected": {"reason": "Lost"}},
            }
            loop.call_soon(self._hear, event)

    async def _request(self, batch: Sequence[Command]) -> None:
        began = self._monotonic()
        try:
            events = await self._venue.act(batch)
        finally:
            self._in_flight -= 1
        self.sent.latencies_ms.append((self._monotonic() - began) * 1e3)
        del self.sent.latencies_ms[:-1000]
        self._learn(batch, events)
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """Hear an event; an order that it leaves in doubt is asked after."""
        if event["kind"] == "answer":
            cloid = str(event["cloid"])
            if event["answer"] in ("Unknown", "CancelRefused"):
                self.sent.unknown += event["answer"] == "Unknown"
                self._doubtful[cloid] = int(event["symbol"])
            else:
                self._doubtful.pop(cloid, None)
        self._hear(event)

    def doubt(self, orders: Iterable[tuple[int, str]]) -> None:
        """Ask after orders that the engine holds for UNKNOWN, by symbol and id."""
        for symbol, cloid in orders:
            self._doubtful.setdefault(cloid, symbol)

    @property
    def doubtful(self) -> int:
        """Return how many orders are in doubt."""
        return len(self._doubtful)

    async def prove_forever(self) -> None:
        """Ask after every order in doubt, once a second, until something is proven."""
        while True:
            await asyncio.sleep(PROOF_EVERY_S)
            for cloid, symbol in list(self._doubtful.items()):
                event = await self._venue.prove(symbol, cloid)
                self.sent.proofs += 1
                if event is not None:
                    self.take(event)


def _batches(commands: Sequence[C]) -> list[Sequence[C]]:
    """Return commands in requests of at most so many."""
    return [commands[at : at + ACTIONS_MAX] for at in range(0, len(commands), ACTIONS_MAX)]
