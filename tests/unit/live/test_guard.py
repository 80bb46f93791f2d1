"""Guard tests — no order rests long after the last heartbeat, and a healthy daemon is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from eth_account import Account

from botmm.clock import SystemClock
from botmm.errors import VenueError
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.live import heartbeat
from botmm.live.guard import Guard, GuardSpec
from botmm.live.guard_main import reserve
from botmm.live.guard_venue import GuardVenue
from botmm.live.heartbeat import Heartbeat
from botmm.store.state import StateStore

KEY = "11" * 32
WITHIN_S = 3.0
ACCOUNT = "0x" + "ab" * 20


class Venue:
    """Orders that rest, and faults on request."""

    def __init__(self) -> None:
        self.orders = {(0, oid): "BTC" for oid in range(1, 46)}
        self.value = "1000.0"
        self.cancels = self.asked = 0
        self.refuse = 0
        self.agent = True
        self.words = ""
        self.ledger: list[dict[str, Any]] = []
        self.comes_late = False
        self.empty_at: float | None = None

    async def info(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked += 1
        if asked["type"] == "meta":
            row = {"name": "BTC", "szDecimals": 5, "maxLeverage": 40}
            return web.json_response({"universe": [row]})
        if asked["type"] == "userRole":
            return web.json_response(
                {"role": "agent", "data": {"user": ACCOUNT}} if self.agent else {"role": "missing"}
            )
        assert asked["user"] == ACCOUNT
        if asked["type"] == "userNonFundingLedgerUpdates":
            return web.json_response(self.ledger)
        if asked["type"] == "extraAgents":
            return web.json_response([])
        if asked["type"] == "clearinghouseState":
            return web.json_response({"marginSummary": {"accountValue": self.value}})
        rows = [{"coin": coin, "oid": oid} for (_, oid), coin in self.orders.items()]
        if not rows and self.comes_late:
            self.comes_late = False
            self.orders[0, 99] = "BTC"
        return web.json_response(rows)

    async def exchange(self, request: web.Request) -> web.Response:
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=502, text="<html>")
        if self.words:
            return web.json_response({"status": "err", "response": self.words})
        action: dict[str, Any] = (await request.json())["action"]
        assert action["type"] == "cancel"
        self.cancels += 1
        for row in action["cancels"]:
            self.orders.pop((row["a"], row["o"]), None)
        if not self.orders:
            self.empty_at = time.monotonic()
        return web.json_response({"status": "ok"})


class Rig:
    """A guard over one account."""

    def move(self, usd: str) -> None:
        """Take money out, or bring it in, and say so in the ledger."""
        kind = "withdraw" if usd.startswith("-") else "deposit"
        self.venue.value = str(float(self.venue.value) + float(usd))
        delta = {"type": kind, "usdc": usd.lstrip("-")}
        at = int(SystemClock().now()) // 1_000_000
        self.venue.ledger.append(
            {"time": at, "hash": f"0x{len(self.venue.ledger)}", "delta": delta}
        )

    def __init__(
        self, state: Path, venue: Venue, guard: Guard, alerts: list[str], store: StateStore
    ) -> None:
        self.state, self.venue, self.guard, self.alerts = state, venue, guard, alerts
        self.store = store

    async def until(self, holds: Callable[[], bool], seconds: float = 8.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def rig(state: Path, **spec: Any) -> AsyncIterator[Rig]:
    state.mkdir(exist_ok=True)
    venue, clock, alerts = Venue(), SystemClock(), []
    app = web.Application()
    app.router.add_post("/info", venue.info)
    app.router.add_post("/exchange", venue.exchange)
    store = StateStore(state / "guard.sqlite")
    async with TestServer(app) as server:
        host = host_of(f"http://127.0.0.1:{server.port}")
        async with Rest(host) as rest:
            signer = Signer(KEY, agent=Account.from_key(KEY).address, host=host)
            nonces = Nonces(0, lambda upto: reserve(store, signer.address, upto))
            reach = GuardVenue(rest, signer, nonces, clock, account=ACCOUNT)
            guard = Guard(
                reach, GuardSpec(state=state, **spec), store, clock,
                lambda key, words: alerts.append(words),
            )  # fmt: skip
            task = asyncio.create_task(guard.run())
            try:
                yield Rig(state, venue, guard, alerts, store)
            finally:
                guard.stop()
                await task
                with contextlib.suppress(sqlite3.Error):
                    store.close()


@pytest.mark.asyncio
async def test_twenty_daemons_fall_silent_and_each_account_is_empty_in_time(tmp_path):
    async def trial(number: int) -> float:
        async with rig(tmp_path / str(number)) as made:
            beat = Heartbeat(made.state / "heartbeat", SystemClock())
            for _ in range(3 + number % 5):
                await asyncio.sleep(0.1)
                beat.beat()
            last = time.monotonic()
            assert made.venue.cancels == 0
            await made.until(lambda: made.venue.empty_at is not None)
            assert made.venue.empty_at is not None
            await made.until(lambda: bool(made.alerts))
            return made.venue.empty_at - last

    took = await asyncio.gather(*(trial(number) for number in range(20)))
    assert min(took) > 1.9
    assert max(took) < WITHIN_S


BEATER = """
import sys, time
from pathlib import Path
from botmm.clock import SystemClock
from botmm.live.heartbeat import Heartbeat
beat = Heartbeat(Path(sys.argv[1]), SystemClock())
print("beats", flush=True)
while True:
    beat.beat()
    time.sleep(0.1)
"""


@pytest.mark.asyncio
async def test_a_stalled_process_is_a_dead_one_until_it_goes_on(tmp_path):
    async with rig(tmp_path) as made:
        child = subprocess.Popen(
            [sys.executable, "-c", BEATER, str(tmp_path / "heartbeat")], stdout=subprocess.PIPE
        )
        try:
            assert child.stdout is not None
            await asyncio.to_thread(child.stdout.readline)
            await asyncio.sleep(0.3)
            assert made.venue.cancels == 0
            os.kill(child.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            await made.until(lambda: made.venue.empty_at is not None)
            assert made.venue.empty_at is not None
            assert made.venue.empty_at - stopped < WITHIN_S
            os.kill(child.pid, signal.SIGCONT)
            await made.until(lambda: "the daemon is back" in made.alerts)
        finally:
            child.kill()
            child.wait(10)


@pytest.mark.asyncio
async def test_refused_cancels_and_late_orders_are_cancelled_again(tmp_path):
    async with rig(tmp_path, stale_s=0.2) as made:
        made.venue.refuse, made.venue.comes_late = 3, True
        Heartbeat(tmp_path / "heartbeat", SystemClock())
        await made.until(lambda: not made.venue.comes_late and not made.venue.orders)
        assert made.venue.refuse == 0
    assert (tmp_path / "guard.json").exists()


@pytest.mark.asyncio
async def test_a_daemon_that_ended_in_order_or_never_ran_is_left_alone(tmp_path):
    async with rig(tmp_path, stale_s=0.1) as made:
        await asyncio.sleep(0.4)
        assert made.guard.silence() == ""
        Heartbeat(tmp_path / "heartbeat", SystemClock()).stop()
        await asyncio.sleep(0.4)
        assert made.venue.cancels == 0
        assert made.alerts == []


@pytest.mark.asyncio
async def test_a_heartbeat_that_vanishes_is_a_silent_one(tmp_path):
    async with rig(tmp_path, stale_s=0.3) as made:
        Heartbeat(tmp_path / "heartbeat", SystemClock())
        await asyncio.sleep(0.15)
        (tmp_path / "heartbeat").unlink()
        await made.until(lambda: made.venue.empty_at is not None)


@pytest.mark.asyncio
async def test_a_days_loss_over_the_limit_kills_and_withdraws(tmp_path):
    async with rig(tmp_path, loss_micro=50_000_000, equity_s=0.05) as made:
        await asyncio.sleep(0.2)
        made.venue.value = "951.0"
        await asyncio.sleep(0.2)
        assert not (tmp_path / "KILL").exists()
        made.venue.value = "949.9"
        await made.until(lambda: made.venue.empty_at is not None)
        assert (tmp_path / "KILL").exists()
        assert any("50.10" in words for words in made.alerts)


@pytest.mark.asyncio
async def test_a_guard_that_cannot_write_withdraws_all_the_same(tmp_path):
    async with rig(tmp_path, stale_s=0.2, equity_s=0.05) as made:
        (tmp_path / "guard.json").mkdir()  # the note cannot be left
        made.store.close()  # every read and write of it fails from now on
        await asyncio.sleep(0.2)
        Heartbeat(tmp_path / "heartbeat", SystemClock())
        await made.until(lambda: made.venue.empty_at is not None)


@pytest.mark.asyncio
async def test_a_days_loss_counts_on_a_disk_that_takes_nothing(tmp_path):
    async with rig(tmp_path, loss_micro=50_000_000, equity_s=0.05) as made:
        made.store.close()  # every read and write of it fails from now on
        await asyncio.sleep(0.2)
        made.venue.value = "949.9"
        await made.until(lambda: made.venue.empty_at is not None)
        assert (tmp_path / "KILL").exists()


@pytest.mark.asyncio
async def test_a_guard_whose_key_was_revoked_shows_no_life_and_says_so(tmp_path: Path) -> None:
    async with rig(tmp_path, key_s=0.05) as one:
        await one.until(lambda: (tmp_path / "guard.beat").exists())
        one.venue.agent = False
        await one.until(lambda: any("can cancel nothing" in words for words in one.alerts))
        beat = heartbeat.read(tmp_path / "guard.beat")
        await asyncio.sleep(0.3)
        assert heartbeat.read(tmp_path / "guard.beat") == beat
        one.venue.agent = True
        await one.until(lambda: heartbeat.read(tmp_path / "guard.beat") != beat)


@pytest.mark.asyncio
async def test_a_cancel_that_the_venue_refuses_is_told_with_its_words(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        one.venue.words = "User or API Wallet 0x1 does not exist."
        with pytest.raises(VenueError, match="refused: User or API Wallet"):
            await one.guard._venue.cancel([("BTC", 1)])


@pytest.mark.asyncio
async def test_a_days_loss_is_net_of_deposits_and_withdrawals(tmp_path: Path) -> None:
    async with rig(tmp_path, loss_micro=50_000_000, equity_s=0.05, moved_s=0.2) as made:
        await made.until(lambda: bool(made.store.days()))
        made.move("-400.0")
        seen = made.venue.asked
        await made.until(lambda: made.venue.asked > seen + 10)
        assert not (tmp_path / "KILL").exists(), "a withdrawal is no loss"
        made.move("1000.0")
        made.venue.value = "1549.9"  # of 1,600
        await made.until(lambda: (tmp_path / "KILL").exists())
        await made.until(lambda: made.venue.empty_at is not None)
        assert any("50.10" in words for words in made.alerts)
