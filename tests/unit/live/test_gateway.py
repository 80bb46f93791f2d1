"""Tests of the gateway — what leaves, what waits, and what an order that never left may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

from botmm.live.gateway import PAUSE_FIRST_S, VenueGateway
from botmm.ports import Cancel, CancelAll, Command, Event, Place, Venue
from tests.campaign import virtual

LOST = {"Rejected": {"reason": "Lost"}}


class Refusing:
    """A venue that refuses every new order, and that has heard of none that is cancelled."""

    def __init__(self) -> None:
        self.acts: list[Command] = []

    async def act(self, commands: Sequence[Command]) -> list[Event]:
        self.acts += commands
        return [
            {
                "kind": "answer",
                "symbol": 0,
                "cloid": one.cloid,
                "answer": LOST if isinstance(one, Place) else "CancelRefused",
            }
            for one in commands
            if not isinstance(one, CancelAll)
        ]


def place(number: int) -> Place:
    """Return a new order."""
    return Place(
        symbol=0, cloid=f"{number:#x}", side="bid", px=1, size=1, tif="alo", reduce_only=False
    )


class Case:
    """A gateway at a refusing venue, in simulated time."""

    def __init__(self) -> None:
        self.venue = Refusing()
        self.heard: list[Event] = []

    def play(self, script: Callable[[VenueGateway], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with asyncio.TaskGroup() as tasks:
                loop = asyncio.get_running_loop()
                venue = cast("Venue", self.venue)
                await script(VenueGateway(venue, tasks, self.heard.append, loop.time))

        virtual.run(whole())

    def fates(self) -> dict[str, Any]:
        """Return the last answer of each order."""
        return {str(event["cloid"]): event["answer"] for event in self.heard}


async def paused(gateway: VenueGateway) -> None:
    """Let refusals bring about a pause, and let an order wait in it."""
    gateway.send([place(1)])
    await asyncio.sleep(PAUSE_FIRST_S)
    gateway.send([place(2)])
    await asyncio.sleep(PAUSE_FIRST_S)
    gateway.send([place(3)])
    await asyncio.sleep(0.01)


def test_an_order_that_waits_in_a_pause_is_withdrawn_without_a_request() -> None:
    case = Case()

    async def script(gateway: VenueGateway) -> None:
        await paused(gateway)
        gateway.send([Cancel(symbol=0, cloid=place(3).cloid)])
        await asyncio.sleep(5)
        assert gateway.doubtful == 0

    case.play(script)
    assert case.venue.acts == [place(1), place(2)]
    assert case.fates() == {place(n).cloid: LOST for n in (1, 2, 3)}
    assert len(case.heard) == 3


def test_an_order_that_nobody_withdrew_is_given_up_when_the_pause_ends() -> None:
    case = Case()

    async def script(gateway: VenueGateway) -> None:
        await paused(gateway)
        assert place(3).cloid not in case.fates()
        await asyncio.sleep(5)

    case.play(script)
    assert case.venue.acts == [place(1), place(2)]
    assert case.fates()[place(3).cloid] == LOST


def test_nothing_that_waits_leaves_after_a_cancel_of_everything() -> None:
    case = Case()

    async def script(gateway: VenueGateway) -> None:
        gateway.send([place(1)])
        gateway.send([place(2)])
        gateway.send([CancelAll(symbol=None)])
        await asyncio.sleep(5)

    case.play(script)
    assert case.venue.acts == [place(1), CancelAll(symbol=None)]
    assert case.fates()[place(2).cloid] == LOST


def test_nothing_that_waits_leaves_after_the_end_of_a_run() -> None:
    case = Case()

    async def script(gateway: VenueGateway) -> None:
        await paused(gateway)
        gateway.send([Cancel(symbol=0, cloid=place(1).cloid)])
        gateway.close()
        gateway.send([Cancel(symbol=0, cloid=place(2).cloid), CancelAll(symbol=None)])
        await asyncio.sleep(5)

    case.play(script)
    assert case.venue.acts == [place(1), place(2)]
    assert place(3).cloid not in case.fates()


def test_where_a_run_has_failed_nothing_leaves_any_more() -> None:
    case = Case()

    async def whole() -> None:
        tasks = asyncio.TaskGroup()
        async with tasks:
            pass
        venue, loop = cast("Venue", case.venue), asyncio.get_running_loop()
        gateway = VenueGateway(venue, tasks, case.heard.append, loop.time)
        for number in (1, 2):
            gateway.send([place(number)])
        await asyncio.sleep(10)
        assert (gateway.sent.requests, case.venue.acts) == (0, [])

    virtual.run(whole())
