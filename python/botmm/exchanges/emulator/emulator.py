"""Emulator — one local exchange, put together: core, clock, streams and server.

async with Emulator(EmulatorConfig(symbols=("BTC",))) as emulator:
    info = Info(emulator.url)
"""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from botmm.clock import Clock, SystemClock
from botmm.core import Exchange, base_fees
from botmm.errors import UsageError
from botmm.exchanges.emulator import state
from botmm.exchanges.emulator.asking import Asked
from botmm.exchanges.emulator.coins import Coins, listed
from botmm.exchanges.emulator.config import EmulatorConfig
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.faults import Faults
from botmm.exchanges.emulator.live import LiveFeed, fetch_coins
from botmm.exchanges.emulator.pace import STEP_NS_MAX, ScaledClock, keep_pace
from botmm.exchanges.emulator.purse import Purse
from botmm.exchanges.emulator.server import Server
from botmm.exchanges.emulator.streams import Streams
from botmm.exchanges.emulator.trading import Trading
from botmm.exchanges.public_accounts import TEST_ACCOUNTS_MAX, TestAccount, test_account
from botmm.observe.logging import logger
from botmm.units import SECOND_NS

# Open connections are not waited for longer than this when the exchange ends.
_GOODBYE_S = 0.2
_MICROS = 1_000_000
_LONG_GAP_H = 1.0

_log = logger(__name__)


class Emulator:
    """A local exchange that runs between `async with` and its end; a task that fails ends it."""

    def __init__(self, config: EmulatorConfig, clock: Clock | None = None) -> None:
        """Take what it is made of; the clock is the machine's where none is given."""
        if not 0 <= config.accounts <= TEST_ACCOUNTS_MAX:
            raise UsageError(f"accounts {config.accounts}: must be 0 to {TEST_ACCOUNTS_MAX}")
        self.config = config.checked()
        self._base = clock if clock is not None else SystemClock()
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def accounts(self) -> list[TestAccount]:
        """Return the test accounts that were funded at start."""
        return [test_account(number) for number in range(self.config.accounts)]

    async def __aenter__(self) -> Self:
        """Build or restore the exchange, warm it up and listen."""
        config = self.config
        coins = await self._coins()
        start = self._base.now()
        # From here on: what warming up takes is no difference between its time and that of others.
        self.clock = ScaledClock(self._base, speed=config.speed, start=start)
        self.restored = config.state is not None and config.state.exists()
        if self.restored and config.state is not None:
            self.desk, self.purse = state.restore(config.state, config.symbols)
            self._thaw(start)
        else:
            begin = start - config.warm_up_s * SECOND_NS
            self.desk = Desk(Exchange(json.dumps(self._spec(coins, begin))), coins)
            self.purse = Purse(self.desk)
            for account in self.accounts:
                self.desk.core.deposit(account.address, config.deposit_usd * _MICROS)
            await self._warm_up(start)
        if config.state is not None:
            # A place that takes nothing is told now, not at the end.
            state.save(config.state, self.desk, self.purse)
        self.faults = Faults(config.faults, start=start)
        self.server = self._server()
        await self._listen()
        await self._group.__aenter__()
        self._tasks.append(self._group.create_task(self._play()))
        if config.live is not None:
            self.feed = LiveFeed(config.live, self.desk, self.clock)
            self._tasks.append(self._group.create_task(self.feed.run()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, say goodbye to nobody, and save where that is asked for."""
        for task in self._tasks:
            task.cancel()
        # What the body raised goes on as it is; a task of ours that failed cancelled the body.
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        try:
            await self._group.__aexit__(*((kind, error, trace) if cancelled else (None,) * 3))
        finally:
            await self.server.close()
            if self._runner is not None:
                await self._runner.cleanup()
            if self.config.state is not None:
                state.save(self.config.state, self.desk, self.purse)

    async def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what the control endpoint would; see `control`."""
        return await self.server.control.do(request)

    async def _coins(self) -> Coins:
        if self.config.live is not None:
            return await fetch_coins(self.config.live, self.config.symbols)
        return listed(self.config.symbols)

    def _spec(self, coins: Coins, begin: int) -> dict[str, Any]:
        config = self.config
        return {
            "start_ns": begin,
            "block_ns": config.block_ns,
            "seed": config.seed,
            "queue": config.queue,
            "fees": self._fees(),
            "rules": dict(config.rules),
            "coins": [
                {
                    "name": coin.name,
                    "size_decimals": coin.size_decimals,
                    "max_leverage": coin.max_leverage,
                    "only_isolated": coin.only_isolated,
                    "source": config.source(coin.name),
                }
                for coin in coins
            ],
        }

    def _fees(self) -> dict[str, float]:
        maker, taker = base_fees("hyperliquid")
        return {"maker": maker, "taker": taker, **self.config.fees}

    async def _warm_up(self, until: int) -> None:
        """Play up to a time, in steps that let other tasks run."""
        while self.desk.now < until - self.config.block_ns:
            self.desk.step(min(self.desk.now + STEP_NS_MAX, until))
            await asyncio.sleep(0)

    def _thaw(self, now: int) -> None:
        """Let the market go on to now in one block; nobody could trade while nobody ran it."""
        hours = (now - self.desk.now) / (3_600 * SECOND_NS)
        if hours > _LONG_GAP_H:
            _log.warning("the market catches up, a second or so each hour", hours=round(hours, 1))
        self.desk.core.freeze(now)
        self.desk.step(now + self.config.block_ns)

    def _server(self) -> Server:
        asked = Asked({}, self.desk, self.purse, self._fees())
        streams = Streams(asked)
        self.desk.listeners.append(streams.publish)
        trade = Trading(self.desk, self.purse, asset_suffix=self.config.asset_suffix)
        return Server(
            asked,
            trade,
            streams=streams,
            faults=self.faults,
            config=self.config,
            clock=self.clock,
        )

    async def _listen(self) -> None:
        self._runner = web.AppRunner(
            self.server.app(), access_log=None, shutdown_timeout=_GOODBYE_S
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                f"port {self.config.port}: {error.strerror or error}",
                cure="is a local exchange running already? Choose another --port",
            ) from None
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def _play(self) -> None:
        await keep_pace(
            self.clock, block_ns=self.config.block_ns, done=self.desk.now, step=self._step
        )

    def _step(self, until: int) -> None:
        """Play up to a time; what the plan has for it happens first."""
        for event in self.faults.due(until):
            self._tasks.append(self._group.create_task(self._planned(event)))
        self._tasks = [task for task in self._tasks if not task.done()]
        self.desk.step(until)

    async def _planned(self, event: dict[str, Any]) -> None:
        await self.control(event)
