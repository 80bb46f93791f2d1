"""Daemon — one run from its folder to its last order: what is built, in which order it ends.

It is given a venue that is entered already; it does not know which.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from botmm.clock import Clock
from botmm.config import Settings
from botmm.data.capture.writer import Writer
from botmm.live import warm
from botmm.live.books import USD, Books, Teller
from botmm.live.days import Days, earned, shown
from botmm.live.desk_spec import Known, desk_spec
from botmm.live.engine import Engine
from botmm.live.insist import insist
from botmm.live.latches import STATE_FILE
from botmm.live.metadata import Listed, Lister
from botmm.live.reload import overlay, scales
from botmm.live.runner import Runner
from botmm.live.status import status_of
from botmm.live.tags import tag_of
from botmm.live.warm import SIGNALS
from botmm.observe.logging import logger
from botmm.ports import Standing, Venue
from botmm.store.rows import Bucket, Leg
from botmm.store.state import StateStore
from botmm.units import day_of

JOURNAL = "journal"
SAVE_S = 60.0

_log = logger(__name__)


class ListedVenue(Venue, Teller, Lister, Protocol):
    """A venue that lists what it trades, and reads its own frames for the books."""

    def unread(self, frame: bytes, why: str) -> None:
        """Take note that a frame could not be read."""
        ...

    async def disowned(self) -> None:
        """Wait until the venue refuses the key itself, whatever it signed."""
        ...

    async def key_role(self) -> object:
        """Ask what the key may do that signs.

        Raises:
            ConfigError: the venue does not let it trade for this account.
            VenueError: no answer that can be trusted.
        """
        ...

    @property
    def instruments(self) -> Sequence[Listed]:
        """Return what is traded, in the order of the symbols."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run keeps its things, and what it says of itself."""

    folder: Path
    mode: str
    account: str
    url: str


class Daemon:
    """A run on a venue; `status` can be asked while it lasts."""

    def __init__(
        self,
        settings: Settings,
        venue: ListedVenue,
        place: Place,
        clock: Clock,
        *,
        alarm: Callable[[str, str], object],
        kept: Iterable[Bucket] = (),
        waits: Callable[[str], object] = lambda words: None,
    ) -> None:
        """Take what the run is made of; nothing is sent before `run`.

        Args:
            kept: what earlier runs did on each day.
            alarm: told of what a person should know: a key for repeats, and words.
            waits: told why a start waits, too.
        """
        self.settings, self.venue, self.place = settings, venue, place
        self._alarm, self._waits = alarm, waits
        self._clock = clock
        earlier = list(kept)
        today = [one for one in earlier if one.day == str(day_of(int(clock.now())))]
        self.days = Days(today)
        self._retained, self._today = earned(earlier), sum(earned(today).values())
        self._books: Books | None = None
        self._runner: Runner | None = None
        self.transferred = 0
        """Micro-dollars that came in since the start and are no profit; negative went out."""
        self._warmth = ""
        self._started = int(clock.now())

    @property
    def runner(self) -> Runner:
        """Return what drives the engine."""
        if self._runner is None:
            raise RuntimeError("invariant: the daemon runs")
        return self._runner

    def status(self) -> dict[str, Any]:
        """Return what a status screen shows."""
        about = {
            "mode": self.place.mode,
            "account": self.place.account,
            "url": self.place.url,
            "started_ns": self._started,
            "signals_from": self._warmth,
        }
        today = [shown(one) for one in self.days.of(str(day_of(int(self._clock.now()))))]
        return {
            **status_of(self.runner, about),
            "today": today,
        }

    async def run(self, *others: Callable[[], Any]) -> None:
        """Trade until told to stop.

        Raises:
            BotmmError: what ended it; orders were withdrawn before, where that could be.
        """
        standing = await insist(self.venue.standing, self._clock, self._wait)
        names = [one.name for one in self.venue.instruments]
        scales(self.settings, names)  # a bad file is refused before anything is sent
        tag = tag_of(self._started)
        spec = partial(self._spec, standing, tag)
        known = await self._known(names, cold=lambda: spec(Known()))
        state = self.place.folder / STATE_FILE
        with (
            contextlib.closing(Writer(self.place.folder / JOURNAL, self._clock)) as journal,
            contextlib.closing(Books(journal, state, self.venue)) as books,
        ):
            self._books = books
            self._runner = Runner(
                Engine(spec(known)),
                self.venue,
                books,
                self._clock,
                tag=tag,
                reconcile_s=self.settings.live.reconcile_s,
                cancel_foreign=self.settings.live.foreign_orders == "cancel",
                alarm=self._alarm,
            )
            self._runner.unread = self.venue.unread
            self._runner.records.audit.transferred = lambda: self.transferred
            stop = self._runner.stopping.set
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            try:
                await self._runner.run(self._save_forever, *others)
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)
                self._save()
                self.keep()

    def _wait(self, words: str) -> None:
        self._alarm("start", words)
        self._waits(words)

    def _spec(self, standing: Standing, tag: int, known: Known) -> str:
        """Return the run's description."""
        return desk_spec(
            self.settings,
            self.venue.instruments,
            tag=tag,
            now=self._started,
            rates=(standing.maker_rate, standing.taker_rate),
            overlay=overlay(self.settings),
            known=known,
        )

    async def _known(self, names: Sequence[str], *, cold: Callable[[], str]) -> Known:
        """Return what the run begins with."""
        start = warm.Start(now=self._started, names=names, cold=cold)
        saved, earlier = self.place.folder / SIGNALS, self.place.folder / JOURNAL
        known = await warm.begin(start, self.venue, saved, earlier)
        self._warmth = known.source
        _log.info("signals begin from " + known.source)
        return replace(known, retained=self._retained, today=self._today)

    @property
    def books(self) -> Books:
        """Return what the run is written down in."""
        if self._books is None:
            raise RuntimeError("invariant: the daemon runs")
        return self._books

    def transfer(self, micro: int) -> None:
        """Take note of money that came in and is no profit; negative went out."""
        self.transferred += micro
        at = int(self._clock.now())
        legs = [Leg(account=name, unit=USD, amount=x) for name, x in _sides(micro)]
        self.books.put(lambda store: store.book(f"transfer {at}", legs, ts_ns=at))

    def forget(self, before_ns: int) -> None:
        """Drop orders that nothing was heard of since a time."""
        self.books.put(lambda store: store.forget_orders(before_ns))

    def keep(self) -> str:
        """Put down what the ledger has come to; return what is wrong with the state file."""
        report, books = self.runner.report(), self.books
        buckets = self.days.look(report, books.placed)
        books.put(lambda store: _keep(store, report["now"], report["equity"], buckets))
        return books.failure

    async def _save_forever(self) -> None:
        """Keep what the signals know, so that the next start begins warm."""
        while True:
            await asyncio.sleep(SAVE_S)
            self._save()

    def _save(self) -> None:
        """Write what the signals know once all are ready; another run never sees half a file."""
        if warm.waits(self.runner.engine, int(self._clock.now())):
            return
        place = self.place.folder / SIGNALS
        part = place.with_suffix(".part")
        with contextlib.suppress(OSError):
            part.write_bytes(self.runner.engine.desk.signals())
            part.rename(place)


def _sides(micro: int) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("cash", micro), ("transfers", -micro)


def _keep(store: StateStore, now: int, equity: int, buckets: Sequence[Bucket]) -> None:
    """Put down the equity, and the days that changed."""
    store.put_equity(now, equity)
    for bucket in buckets:
        store.put_bucket(bucket)
