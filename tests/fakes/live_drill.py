"""Live drill — the real daemon on a local exchange in one process, and a judge who asks the exchange.

The judge adds up the exchange's own fills; nothing of the daemon's books is believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from botmm.clock import SystemClock
from botmm.config import Settings, load
from botmm.exchanges.emulator import Emulator, EmulatorConfig, test_account
from botmm.exchanges.emulator.faults import FaultPlan
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.live.daemon import Daemon, Place
from botmm.live.deadman import Deadman, Pace
from botmm.live.heartbeat import Heartbeat
from botmm.live.latches import STATE_FILE, Latches
from botmm.live.operator import Operator
from botmm.live.runner import OPERATOR, Runner
from botmm.live.watch import Alarm, Watch, meet, pay
from botmm.store.state import StateStore
from botmm.units import UnixNanos
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.pipe import Pipe
from tests.fakes.signed import signed

LIMIT_MICRO = 500_000_000
SETS = (
    "mode=fixed",
    "toxicity=false",
    "bias_strength=0.0",
    f"max_position_usd={LIMIT_MICRO / 1e6}",
    "live.reconcile_s=2.0",
)
AGENT = test_account(50)
SHOCK_BPS = 15
RUN_S = 50.0
WAIT_S = 15.0

HOUR_NS = 3_600 * 10**9
SWITCH = {"schedule_cancel_volume_usd": 0, "schedule_cancel_ahead_ns": 10**9}

Script = Callable[["Drill"], Awaitable[None]]


class AheadClock(SystemClock):
    """The machine's clock, set ahead so that an hour is full in some seconds."""

    def __init__(self, hour_in_s: float) -> None:
        self._ahead = -int(super().now()) % HOUR_NS - round(hour_in_s * 1e9)

    def now(self) -> UnixNanos:
        return UnixNanos(super().now() + self._ahead)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What an account's fills add up to: lots, micro-dollars, counts."""

    position: int
    cash: int
    fees: int
    volume: int
    fills: int


class Drill:
    """A daemon that trades, and what a test does to it."""

    def __init__(
        self, emulator: Emulator, daemon: Daemon, operator: Operator, deadman: Deadman
    ) -> None:
        self.emulator, self.daemon, self.deadman = emulator, daemon, deadman
        self.owner = emulator.accounts[0]
        self.alarms: list[tuple[str, str]] = []
        self.operator = operator
        self.guard_lives = True
        self._shocks = 0

    @property
    def runner(self) -> Runner:
        return self.daemon.runner

    async def do(self, what: str, **more: Any) -> dict[str, Any]:
        return await self.emulator.control({"do": what, **more})

    async def fault(self, kind: str, **more: Any) -> None:
        await self.do("fault", kind=kind, **more)

    async def until(
        self, condition: Callable[[], object], what: str, seconds: float = WAIT_S
    ) -> None:
        """Wait for a condition."""
        async with self._within(seconds, what):
            while not condition():
                await asyncio.sleep(0.02)

    @contextlib.asynccontextmanager
    async def _within(self, seconds: float, what: str) -> AsyncIterator[None]:
        """Bound a wait, and tell how the daemon stood where it took too long."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            said = {k: v for k, v in self.daemon.status().items() if k != "changes"}
            raise AssertionError(f"after {seconds} s still not: {what}; {said}") from None

    def alarmed(self, key: str) -> list[str]:
        """Return what a person was told under a key."""
        return [words for one, words in self.alarms if one.split(" ")[0] == key]

    async def beat(self) -> None:
        """Show the life of a guard that withdraws nothing, until it dies."""
        sign = Heartbeat(self.daemon.place.folder / "guard.beat", SystemClock())
        while self.guard_lives:
            sign.beat()
            await asyncio.sleep(0.2)

    def row(self) -> dict[str, Any]:
        """Return the engine's report of the first symbol."""
        row: dict[str, Any] = self.runner.report()["symbols"][0]
        return row

    def resting(self) -> list[dict[str, Any]]:
        return self.emulator.desk.rows("orders", self.owner.address)

    async def quoting(self) -> None:
        """Wait until the daemon holds nothing back and orders rest at the exchange."""
        await self.until(
            lambda: not self.runner.health.holds and len(self.resting()) >= 2, "quoting"
        )

    async def trade(self, fills: int, seconds: float = WAIT_S) -> None:
        """Move the market through the quotes until there are so many more fills."""
        wanted = self.audit()["fills"] + fills
        async with self._within(seconds, f"{wanted} fills"):
            while self.audit()["fills"] < wanted:
                self._shocks += 1
                await self.do("shock", coin="BTC", bps=SHOCK_BPS * (-1) ** self._shocks)
                await asyncio.sleep(0.25)

    async def sent(self, orders: int) -> None:
        """Trade until so many orders were accepted."""
        async with self._within(WAIT_S, f"{orders} orders"):
            while self.audit()["accepted"] < orders:
                await self.trade(1)

    async def halted(self, words: str) -> None:
        """Wait until everything is stopped for good, and see that it is."""
        for shocks in range(200):
            if self.operator.status()["latches"]:
                break
            await self.do("shock", coin="BTC", bps=15 * (-1) ** shocks)
            await asyncio.sleep(0.1)
        (latch,) = self.operator.status()["latches"]
        assert words in latch
        assert self.alarmed("halt")
        # What had left before the halt may still be on its way; it is withdrawn when it answers.
        await self.until(
            lambda: not self.resting() and not self.row()["orders"],
            "nothing rests, nothing is on its way",
        )
        ours = self.placed()
        await self.do("shock", coin="BTC", bps=50)
        await asyncio.sleep(0.5)
        assert self.placed() == ours, "an order after the halt"

    async def struck(self, kind: str, times: int) -> None:
        """Trade until a fault has struck so often."""
        async with self._within(WAIT_S, f"{kind} struck {times} times"):
            while self.emulator.faults.struck.get(kind, 0) < times:
                await self.trade(1)

    async def send(self, action: dict[str, Any]) -> dict[str, Any]:
        """Send an action as the account's owner, a client that the daemon knows nothing of."""
        async with (
            ClientSession() as session,
            session.post(
                f"{self.emulator.url}/exchange", json=signed(self.owner.key, action)
            ) as reply,
        ):
            found: dict[str, Any] = await reply.json()
            return found

    def audit(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.emulator.desk.core.audit(self.owner.address))
        return found

    def placed(self) -> set[str]:
        """Return the client ids of every order: those by which the venue liquidates have none."""
        rows = [*self.emulator.desk.rows("history", self.owner.address, 2_000), *self.resting()]
        return {row["cloid"] for row in rows if row["cloid"]}

    def ledger(self) -> Ledger:
        """Add up the exchange's fills of the first symbol."""
        found = self.emulator.desk.rows("fills", self.owner.address, 0, 10_000)
        rows = [row for row in found if row["coin"] == 0]
        signed_lots = [row["size"] * (1 if row["side"] == "bid" else -1) for row in rows]
        return Ledger(
            position=sum(signed_lots),
            cash=-sum(lots * row["px"] for lots, row in zip(signed_lots, rows, strict=True)),
            fees=sum(row["fee"] for row in rows),
            volume=sum(row["size"] * row["px"] for row in rows),
            fills=len(rows),
        )

    async def settle(self) -> None:
        """Pause, and wait until every order is gone and every fill is told."""
        self.runner.hold(OPERATOR, on=True)
        await self.until(
            lambda: not self.resting() and not self.row()["orders"], "paused without orders"
        )
        await self.until(lambda: self.row()["proven"] == self.ledger().position, "position proven")

    def judge_books(self) -> None:
        """Compare the daemon's books with the exchange's fills, to the micro-dollar."""
        row, truth = self.row(), self.ledger()
        assert row["proven"] == truth.position == row["position"]
        assert row["maker_fills"] + row["taker_fills"] == truth.fills
        assert row["volume"] == truth.volume
        assert row["fees2"] == 2 * truth.fees
        # What is earned, less what was paid and received, is the position at one price: the last
        # one that a decision saw.
        worth2 = row["capture2"] + row["inventory2"] - 2 * truth.cash
        if row["position"] == 0:
            assert worth2 == 0
            return
        mid2, rest = divmod(worth2, row["position"])
        assert rest == 0
        assert mid2 == pytest.approx(row["bid"] + row["ask"], rel=0.005)

    def judge(self, *, orders: int, fills: int, alone: bool = True) -> None:
        """Judge what no fault may break, by the exchange's word.

        Args:
            alone: whether nobody else traded the account, whose limit nobody but us keeps.
        """
        found = self.audit()
        assert found["accepted"] >= orders, found
        assert found["fills"] >= fills, found
        assert found["doubled"] == [], "an order was accepted twice"
        assert found["ledger_sum"] == 0
        assert found["open"] == 0, "an order outlived the daemon"
        history = self.emulator.desk.rows("history", self.owner.address, 2_000)
        lowest = min(row["px"] for row in history if row["cloid"])
        for one in found["exposure"]:
            assert not alone or max(one["long"], one["short"]) * lowest <= LIMIT_MICRO, one
        print(f"orders {found['accepted']}, fills {found['fills']}, {self.emulator.faults.struck}")


def run(
    folder: Path,
    script: Script,
    *,
    sets: tuple[str, ...] = (),
    deadline_s: float = 1.0,
    venue_type: type[HyperliquidVenue] = HyperliquidVenue,
    mode: str = "paper",
    most_s: float = RUN_S,
    symbols: tuple[str, ...] = ("BTC",),
    listing_s: float = 3_600.0,
    deadman: Pace | None = None,
    hour_in_s: float | None = None,
    pipe: Pipe | None = None,
    plan: FaultPlan | None = None,
) -> Drill:
    """Run a daemon with a script beside it; it is stopped at the script's end.

    Args:
        mode: what the daemon takes its world for; the exchange is always a local one.
        listing_s: how often the listing is read.
        deadman: how the venue's switch is set; the exchange grants it then, a second ahead.
        hour_in_s: when an hour is full, for exchange and daemon alike; the machine's time if None.
        pipe: through which the daemon hears the exchange.
        plan: what is wrong with the exchange from its start.
    """
    settings = load((), (*SETS, *sets)).settings
    spec = _Spec(deadline_s, venue_type, mode, symbols, listing_s, deadman, hour_in_s, pipe, plan)
    running = _run(folder, script, settings, spec)
    return asyncio.run(asyncio.wait_for(running, most_s))


@dataclass(frozen=True)
class _Spec:
    """What a run is made of beside its settings."""

    deadline_s: float
    venue_type: type[HyperliquidVenue]
    mode: str
    symbols: tuple[str, ...]
    listing_s: float
    deadman: Pace | None
    hour_in_s: float | None
    pipe: Pipe | None
    plan: FaultPlan | None


def _line(pipe: Pipe | None, emulator: Emulator) -> AbstractAsyncContextManager[str]:
    """Return the way to the exchange."""
    return contextlib.nullcontext(emulator.url) if pipe is None else pipe.to(emulator.url)


async def _run(
    folder: Path,
    script: Script,
    settings: Settings,
    wanted: _Spec,
) -> Drill:
    clock = SystemClock() if wanted.hour_in_s is None else AheadClock(wanted.hour_in_s)
    config = EmulatorConfig(
        symbols=wanted.symbols,
        limits=GENEROUS,
        warm_up_s=5,
        rules=SWITCH if wanted.deadman else {},
        faults=wanted.plan or FaultPlan(),
    )
    with closing(StateStore(folder / STATE_FILE)) as store:
        async with (
            Emulator(config, clock) as emulator,
            _line(wanted.pipe, emulator) as url,
        ):
            owner, host = emulator.accounts[0].address, host_of(url)
            assert emulator.desk.core.approve_agent(owner, AGENT.address, "daemon") == ""
            spec = VenueSpec(
                host=host,
                account=owner,
                symbols=wanted.symbols,
                deadline_s=wanted.deadline_s,
                fees_s=1.0,
            )
            signer = Signer(AGENT.key, agent=AGENT.address, host=host)
            async with wanted.venue_type(
                spec, signer, Nonces(0, lambda upto: None), clock
            ) as venue:
                place = Place(folder=folder, mode=wanted.mode, account=owner, url=emulator.url)
                told: list[tuple[str, str]] = []
                alarm: Alarm = lambda key, words: told.append((key, words))  # noqa: E731
                daemon = Daemon(settings, venue, place, clock, alarm=alarm, kept=store.buckets())
                operator = Operator(Latches(store, clock), folder / "arm.json", lambda: None)
                deadman = Deadman(venue.schedule_cancel, clock, alarm, wanted.deadman)
                drill = Drill(emulator, daemon, operator, deadman)
                drill.alarms = told
                switch = (
                    lambda: deadman.run(venue.fired_since),
                    lambda: deadman.hear(venue.firings()),
                )
                watch = Watch(daemon, operator, clock, alarm)

                async def beside() -> None:
                    await drill.quoting()
                    await script(drill)
                    daemon.runner.stopping.set()

                await daemon.run(
                    lambda: operator.lead(daemon.runner, daemon.status),
                    beside,
                    lambda: meet(daemon, venue.incidents(), operator, alarm),
                    lambda: pay(daemon, venue.payments()),
                    watch.reload,
                    lambda: watch.listing(wanted.listing_s),
                    watch.guard,
                    watch.key,
                    drill.beat,
                    *(switch if wanted.deadman else ()),
                )
            return drill
