"""Drive — rounds of faults, healing and judgement over simulated hours, all drawn from one seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from botmm.clock import Clock, SystemClock
from botmm.config import load
from botmm.exchanges.emulator import Emulator, EmulatorConfig
from botmm.exchanges.hyperliquid import stream
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.live import runner
from tests.campaign import virtual
from tests.campaign.bot import AGENT, Bot, lift
from tests.campaign.judge import MS_NS, GuiltyError, Judge
from tests.campaign.trouble import drawn
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.live_drill import LIMIT_MICRO

SETS = (
    "mode=fixed",
    "toxicity=false",
    "bias_strength=0.0",
    # What is traded is small for the capital, and a day may lose some 1,800 dollars over all its
    # runs: a bot that only reduces is no trial of anything else.
    "account.capital_usd=10000",
    "order_size_usd=15",
    f"max_position_usd={LIMIT_MICRO / 1e7}",
    "daily_reduce_frac=0.5",
    "daily_halt_frac=0.5",
    "drawdown_reduce_frac=1.0",
    "drawdown_halt_frac=1.0",
)
VOLUME_USD = "100000000"
DEPOSIT_USD = 100_000
"""A week's trading costs more than the 10,000 of a test account: after them every order is refused."""
"""What the account has traded before: it has the venue's switch, and requests to spend."""
START_NS = 1_780_272_000_000_000_000
"""1 June 2026, midnight UTC: before any file of a run is written, by the time of the disk."""
HEAL_S = 60.0
"""Pauses between connections double up to 30 s; then records are compared."""
NEAR_LIMIT = 0.6
"""Beyond this share of the limit an order of the side that adds need not fit any more."""
ANEW = 0.25
"""How often a person stops the bot before a round, and starts it again."""
CLOSE_S = 240.0
BOOKS_S = 150.0
"""Fills that were never told and cancel out are read again each two minutes."""
STOP_S = 30.0
SHOCK_EVERY_S = 10.0
SHOCK_BPS = 6.0
LOOK_S = 20.0
"""How soon a person looks at a bot that stopped itself."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One campaign; `rounds` of `round_s` simulated seconds each, the half of it with faults."""

    rounds: int
    round_s: float
    block_ms: int = 70
    seed: int = 1
    thin: bool = False
    minutes: float | None = None
    """Real ones, after which no round begins."""
    venue_type: type[HyperliquidVenue] = HyperliquidVenue

    def rounds_in_time(self) -> Iterator[None]:
        """Yield before each round that begins in time."""
        began = SystemClock().monotonic()
        for _ in range(self.rounds):
            if self.minutes is not None and SystemClock().monotonic() - began >= 60 * self.minutes:
                return
            yield


@dataclass
class Record:
    """What a campaign was like."""

    rounds: int = 0
    orders: list[int] = field(default_factory=list)
    """Accepted in each round."""
    heal_s: list[float] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)
    """Simulated days and resident bytes, after each round."""
    last: dict[str, Any] = field(default_factory=dict)


class Campaign:
    """An exchange, a bot and a judge, and what happens to them."""

    def __init__(
        self, plan: Plan, emulator: Emulator, bot: Bot, say: Callable[[str], object]
    ) -> None:
        """Take who is in it; `say` hears a line after each round."""
        self.plan, self.emulator, self.bot, self.say = plan, emulator, bot, say
        self.record = Record()
        self.judge = Judge(emulator, emulator.accounts[0].address, LIMIT_MICRO)
        self._rng = np.random.default_rng(plan.seed)
        self._looked = 0.0
        self._closing = False

    async def run(self) -> None:
        """Play every round.

        Raises:
            GuiltyError: something that no fault may break was broken.
        """
        self.judge.listen()
        self.bot.start()
        await self._until(self._quotes, "the first quotes", HEAL_S)
        for _ in self.plan.rounds_in_time():
            if self._rng.random() < ANEW:
                await self._begin_anew()
            await self._round()
        self._count_unknown()
        await self.bot.stop()
        await self._until(lambda: not self._resting(), "no order after the stop", STOP_S)
        self.record.last = self.judge.audit()

    async def _begin_anew(self) -> None:
        """Stop the bot as a person does, and start it again."""
        self._count_unknown()
        await self.bot.stop()
        await self._until(lambda: not self._resting(), "no order after a stop", STOP_S)
        self.bot.start()
        await self._until(self._quotes, "quotes after a start", HEAL_S)

    async def _round(self) -> None:
        orders = self.judge.orders
        kinds = await self._trouble()
        began = self._now()
        await self._until(self._quotes, f"quotes after {kinds}", HEAL_S)
        self.record.heal_s.append(self._now() - began)
        await self._calm(self.plan.round_s / 2)
        await self._close(kinds)
        self.judge.audit()
        self.judge.forget(self.bot.life)
        self.record.rounds += 1
        self.record.orders.append(self.judge.orders - orders)
        self.record.memory.append((self._now() / 86_400, resident()))
        self.say(
            f"{self._now() / 3600:7.2f} h  healed in {self.record.heal_s[-1]:4.1f} s  "
            f"orders {self.judge.orders}  fills {self.judge.executions}  "
            f"{resident() / 2**20:.1f} MiB  {' '.join(kinds)}"
        )

    async def _trouble(self) -> list[str]:
        """Let some kinds of faults strike for half a round; return which."""
        trouble = drawn(self._rng, self.plan.round_s / 2)
        before = Counter(self.emulator.faults.struck)
        for fault in trouble.faults:
            await self._do("fault", **fault)
        for wait_s, moment in trouble.moments:
            await self._calm(wait_s)
            await self._moment(moment)
        await self._calm(trouble.rest_s)
        await self._do("clear")
        self.record.struck += Counter(self.emulator.faults.struck) - before
        self.record.struck.update(moment for _, moment in trouble.moments)
        return trouble.kinds

    async def _moment(self, what: str) -> None:
        match what:
            case "freeze":
                await self._do("freeze", seconds=float(self._rng.uniform(1, 20)))
            case "shock":
                await self._do("shock", coin="BTC", bps=float(self._rng.choice([-120, 120])))
            case "kill":
                self._count_unknown()
                await self.bot.kill()
                await asyncio.sleep(float(self._rng.uniform(0.5, 10)))
                self.bot.start()
            case _:
                await self._do("drop", how=what)

    async def _calm(self, seconds: float) -> None:
        """Let time pass while the market moves."""
        end = self._now() + seconds
        while self._now() < end:
            await asyncio.sleep(min(SHOCK_EVERY_S, end - self._now()))
            bps = float(self._rng.normal(0, SHOCK_BPS))
            await self._do("shock", coin="BTC", bps=bps)
            self._lift()

    def _lift(self) -> None:
        """Let a person look at the bot now and then."""
        self.judge.require_innocence()
        life = self.bot.life
        if life is None or self._now() < self._looked + LOOK_S:
            return
        cause = lift(life)
        if cause:
            self._looked = self._now()
            self.record.halts[cause] += 1
            if self._closing:
                life.operator.flatten(who="a person")

    async def _close(self, kinds: list[str]) -> None:
        """Let the bot close its position, and judge its books while it holds none."""
        assert self.bot.life is not None
        trading, self._closing = self.bot.life.daemon.runner, True
        trading.event({"kind": "flatten", "on": True})
        await self._until(lambda: self._pauses_flat(trading), "a closed position", CLOSE_S)
        self._closing = False
        wrong = ""
        end = self._now() + BOOKS_S
        while self._now() < end:
            wrong = self.judge.books(self.bot.life)
            if not wrong:
                break
            await asyncio.sleep(0.5)
        if wrong:
            raise GuiltyError(f"seed {self.plan.seed}, after {kinds}: {wrong}")
        trading.event({"kind": "flatten", "on": False})
        trading.hold("operator", on=False)

    def _pauses_flat(self, trading: runner.Runner) -> bool:
        """Pause the bot once it holds nothing; whether nothing rests and nothing is held then.

        What was on its way when it was flat may still trade: then it goes on closing.
        """
        is_flat = self.judge.position == 0
        trading.hold("operator", on=is_flat)
        return is_flat and not self._resting()

    def _quotes(self) -> bool:
        """Whether what is due rests by the exchange's word.

        Both sides are due, near the limit the one that closes.
        """
        held = self.judge.position
        if self.bot.life is None:
            return False
        sides = {row["side"] for row in self._resting()}
        if abs(held) * self._mid() < NEAR_LIMIT * LIMIT_MICRO:
            return sides == {"bid", "ask"}
        return ("ask" if held > 0 else "bid") in sides

    def _mid(self) -> int:
        """Return the price in the units of orders, by the exchange's mark."""
        return self.emulator.desk.mark(self.emulator.desk.coins[0]) // 10_000_000

    def _resting(self) -> list[dict[str, Any]]:
        return self.emulator.desk.rows("orders", self.judge.user)

    def _count_unknown(self) -> None:
        if self.bot.life is not None:
            self.record.unknown += self.bot.life.daemon.runner.gateway.sent.unknown

    async def _until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        end = self._now() + seconds
        while not condition():
            self._lift()
            if self._now() >= end:
                life = self.bot.life
                said = {} if life is None else life.daemon.status()
                told = {k: said.get(k) for k in ("state", "holds", "complaint", "changes")}
                told["desk"] = {} if life is None else life.daemon.runner.report()["symbols"]
                raise GuiltyError(
                    f"seed {self.plan.seed}, {self._now():.0f} s: after {seconds:g} s still not: {what}; {told}"
                )
            await asyncio.sleep(0.05)

    async def _do(self, what: str, **more: Any) -> None:
        await self.emulator.control({"do": what, **more})

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def resident(process: int | str = "self") -> int:
    """Return the bytes of a process that are in memory."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def play(plan: Plan, folder: Path, say: Callable[[str], object] = lambda line: None) -> Campaign:
    """Play a campaign in simulated time and return it."""
    if plan.thin:
        thin_timers()
    return virtual.run(_play(plan, folder, say))


def thin_timers() -> None:
    """Let timers that only look whether something is to be done look less often."""
    runner.TIMER_S, stream.TICK_S = 1.0, 0.5


def exchange(plan: Plan, clock: Clock) -> Emulator:
    """Return the exchange of a plan, which `admit` opens to the bot."""
    config = EmulatorConfig(
        symbols=("BTC",),
        limits=GENEROUS,
        warm_up_s=5,
        seed=plan.seed,
        block_ns=plan.block_ms * 1_000_000,
        deposit_usd=DEPOSIT_USD,
    )
    return Emulator(config, clock)


async def admit(emulator: Emulator) -> str:
    """Let the bot's key trade, on an account that traded before; return whose it is."""
    owner = emulator.accounts[0].address
    assert emulator.desk.core.approve_agent(owner, AGENT.address, "daemon") == ""
    await emulator.control({"do": "limits", "user": owner, "volume_usd": VOLUME_USD})
    return owner


async def _play(plan: Plan, folder: Path, say: Callable[[str], object]) -> Campaign:
    clock = virtual.VirtualClock(asyncio.get_running_loop(), START_NS)
    async with exchange(plan, clock) as emulator:
        bot = Bot(
            url=emulator.url,
            owner=await admit(emulator),
            venue_ms=lambda: emulator.desk.now // MS_NS,
            settings=load((), SETS).settings,
            folder=folder,
            clock=clock,
            venue_type=plan.venue_type,
        )
        campaign = Campaign(plan, emulator, bot, say)
        await campaign.run()
        return campaign
