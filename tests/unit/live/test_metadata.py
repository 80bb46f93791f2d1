"""Tests of the listing that is read again — what changed is held, what is as before is let go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from botmm.clock import ManualClock
from botmm.errors import VenueError
from botmm.exchanges.base import Instrument
from botmm.live.metadata import STALE, Metadata, change

ONE = Instrument(
    name="ETH", asset=1, size_decimals=4, px_decimals=2, max_leverage=25, only_isolated=False,
    delisted=False,
)  # fmt: skip
OTHER = replace(ONE, name="BTC", asset=0, size_decimals=5, px_decimals=1)
EVERY_S = 100.0


class Lister:
    """A venue of two coins whose listing the test decides."""

    def __init__(self) -> None:
        self.instruments = (OTHER, ONE)
        self.now: list[Instrument | None] | None = [OTHER, ONE]

    async def listing(self) -> list[Instrument | None]:
        if self.now is None:
            raise VenueError("no answer")
        return self.now

    async def misfits(self) -> set[int]:
        await asyncio.Event().wait()
        return set()


class Watched:
    """A watch over it, driven look by look."""

    def __init__(self) -> None:
        self.venue, self.clock = Lister(), ManualClock(10**12)
        self.held: set[int] = set()
        self.alarms: list[str] = []
        self._metadata = Metadata(
            self.venue, self._tell, lambda _, words: self.alarms.append(words), self.clock,
            every_s=EVERY_S,
        )  # fmt: skip

    def _tell(self, event: Any) -> None:
        (self.held.add if event["on"] else self.held.remove)(event["symbol"])

    def look(self, *struck: int, after_s: float = 1.0) -> None:
        self.clock.advance(after_s)
        asyncio.run(self._metadata._look(set(struck)))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (ONE, ""),
        (replace(ONE, max_leverage=5), ""),
        (None, "lists it no more"),
        (replace(ONE, delisted=True), "delisted it"),
        (replace(ONE, asset=2), "number from 1 to 2"),
        (replace(ONE, size_decimals=3), "size decimals from 4 to 3"),
        (replace(ONE, px_decimals=3), "price decimals from 2 to 3"),
    ],
)
def test_a_market_is_the_same_by_its_number_and_its_steps(
    now: Instrument | None, words: str
) -> None:
    found = change(ONE, now)
    assert words in found
    assert bool(found) == bool(words)


def test_what_changed_is_held_and_told_once_until_it_is_as_before() -> None:
    watched = Watched()
    watched.venue.now = [OTHER, replace(ONE, size_decimals=3)]
    watched.look(after_s=EVERY_S)
    watched.look(after_s=EVERY_S)
    assert watched.held == {1}
    assert len(watched.alarms) == 1
    watched.venue.now = [OTHER, ONE]
    watched.look(after_s=EVERY_S / 2)  # another coin's refusal asks: this one waits for its time
    assert watched.held == {1}
    watched.look(after_s=EVERY_S)
    assert watched.held == set()


def test_a_second_refusal_under_the_same_listing_holds_until_the_next_interval() -> None:
    watched = Watched()
    watched.look(1)
    assert watched.held == set()
    watched.look(1)
    assert watched.held == {1}
    assert "its listing is as it was" in watched.alarms[0]
    watched.look(after_s=EVERY_S)
    assert watched.held == set()


def test_a_listing_that_cannot_be_read_holds_what_was_refused_and_in_time_all() -> None:
    watched = Watched()
    watched.venue.now = None
    watched.look()
    assert watched.held == set()
    watched.look(1)
    assert watched.held == {1}
    watched.look(after_s=STALE * EVERY_S)
    assert watched.held == {0, 1}
    watched.venue.now = [OTHER, ONE]
    watched.look(after_s=EVERY_S)
    assert watched.held == set()
