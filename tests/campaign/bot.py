"""Bot — the daemon as its entry builds it, kept alive as a service manager would, and killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botmm.clock import Clock
from botmm.config import Settings
from botmm.errors import BotmmError
from botmm.exchanges.emulator import test_account
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.live.daemon import Daemon, Place
from botmm.live.deadman import Deadman
from botmm.live.latches import STATE_FILE, Latches, phrase
from botmm.live.operator import Operator
from botmm.live.watch import Watch, meet, pay
from botmm.ports import Event
from botmm.store.state import StateStore

AGENT = test_account(50)
AGAIN_S = 2.0


@dataclass
class Life:
    """One run of the daemon: what it was told of the account when it began."""

    daemon: Daemon
    operator: Operator
    since_ms: int
    """The venue's time when it came: funding from then on is its own."""
    baseline: dict[str, Any] | None = None


@dataclass
class Bot:
    """A daemon that is started again whenever it ends."""

    url: str
    owner: str
    venue_ms: Callable[[], int]
    """The exchange's own time."""
    settings: Settings
    folder: Path
    clock: Clock
    venue_type: type[HyperliquidVenue] = HyperliquidVenue
    lives: int = 0
    failed_starts: int = 0
    alarms: dict[str, int] = field(default_factory=dict)
    life: Life | None = None
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, and begin again after every end but a stop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """End as a person ends it: every order is withdrawn."""
        assert self._task is not None
        if self.life is not None:
            self.life.daemon.runner.stopping.set()
        async with asyncio.timeout(60):
            await self._task
        self.life = None

    async def kill(self) -> None:
        """End without a word to the venue."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self.life = None

    async def _keep(self) -> None:
        while True:
            try:
                await self._live()
            except BotmmError:
                self.failed_starts += 1
                self.life = None
                await asyncio.sleep(AGAIN_S)
            else:
                return

    def _alarm(self, key: str, words: str) -> None:
        self.alarms[key] = self.alarms.get(key, 0) + 1

    async def _live(self) -> None:
        owner, host = self.owner, host_of(self.url)
        async with AsyncExitStack() as ending:
            store = StateStore(self.folder / STATE_FILE)
            ending.callback(store.close)
            signer = Signer(AGENT.key, agent=AGENT.address, host=host)
            nonces = Nonces(
                store.reserved_nonce(signer.address),
                lambda upto: store.reserve_nonces(signer.address, upto),
                settled=store.is_settled(signer.address),
            )
            spec = VenueSpec(host=host, account=owner, symbols=("BTC",), seed=self.lives + 1)
            since_ms = self.venue_ms()
            venue = await ending.enter_async_context(
                self.venue_type(spec, signer, nonces, self.clock)
            )
            place = Place(folder=self.folder, mode="paper", account=owner, url=host.base)
            daemon = Daemon(
                self.settings, venue, place, self.clock, alarm=self._alarm, kept=store.buckets()
            )
            latches = Latches(store, self.clock)
            operator = Operator(latches, self.folder / "arm", lambda: None)
            deadman = Deadman(venue.schedule_cancel, self.clock, self._alarm)
            watch = Watch(daemon, operator, self.clock, self._alarm)
            life = Life(daemon=daemon, operator=operator, since_ms=since_ms)

            async def began() -> None:
                self.lives += 1
                self.life = life
                _hear_baseline(life)

            await daemon.run(
                lambda: operator.lead(daemon.runner, daemon.status),
                began,
                lambda: pay(daemon, venue.payments()),
                lambda: meet(daemon, venue.incidents(), operator, self._alarm),
                lambda: deadman.run(venue.fired_since),
                lambda: deadman.hear(venue.firings()),
                watch.keep,
                watch.key,
            )
            if venue.settled:
                store.settle_nonces(signer.address)


def lift(life: Life) -> str:
    """Do what a person does where a breaker has stopped the bot: look, and let it go on.

    Returns what had stopped it; nothing where it was not stopped.
    """
    report = life.daemon.runner.report()
    if report["symbols"][0]["state"] != "halted":
        return ""
    causes = [row["cause"] for row in report["changes"] if row["state"] == "halted"]
    latches: list[str] = life.operator.status()["latches"]
    latched = [one.removeprefix("HALTED: ") for one in latches if one.startswith("HALTED")]
    life.operator.resume(who="a person", typed=[phrase("HALTED")])
    return str([*causes, *latched][-1]).split(":")[0]


def _hear_baseline(life: Life) -> None:
    """Keep the first position that a run takes from the venue's word."""
    runner = life.daemon.runner
    event: Callable[[Event], None] = runner.event

    def noted(one: Event) -> None:
        if one["kind"] == "baseline" and life.baseline is None:
            life.baseline = dict(one)
        event(one)

    runner.event = noted  # type: ignore[method-assign]
