"""Daemon start tests — an outage is waited out, a key that may not trade is refused before it signs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from botmm.clock import SystemClock
from botmm.errors import ConfigError
from botmm.exchanges.emulator import Emulator, EmulatorConfig, test_account
from botmm.exchanges.hyperliquid.hosts import host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.live.__main__ import _check_key
from botmm.units import SECOND_NS
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.processes import Trader, exchange, trader, wait_until

AGENT = test_account(50)


def test_a_429_at_the_start_is_waited_out_and_told(folder: Path) -> None:
    with exchange() as there:
        there.control(do="fault", kind="status", status=429, only="meta", count=1)
        there.control(do="fault", kind="refuse_socket", status=503, count=1)
        with trader(there, folder) as one:
            one.quoting()
            wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
            assert one.end(signal.SIGTERM) == 0
            assert one.process.stderr is not None
            said = one.process.stderr.read()
        assert "meta: HTTP 429: trying again in 1 s" in said
        assert there.audit()["open"] == 0


def test_status_says_that_a_start_waits_for_where_the_account_stands(folder: Path) -> None:
    with exchange() as there:
        only = "clearinghouseState"
        there.control(do="fault", kind="status", status=429, only=only, count=1_000)
        with trader(there, folder) as one:
            found = wait_until(lambda: waiting_for(one, only), "told")
            assert found["state"] == "starting"
            there.control(do="clear")
            one.quoting()
            assert one.end(signal.SIGTERM) == 0


def waiting_for(one: Trader, what: str) -> dict[str, Any] | None:
    """Return the status once it names what is waited for."""
    found = one.status()
    return found if str(found.get("complaint", "")).startswith(what) else None


def with_venue(agent: str, script: Callable[[HyperliquidVenue, Emulator], Awaitable[None]]) -> None:
    """Enter a venue for the first account with the key of the test agent."""

    async def run() -> None:
        config = EmulatorConfig(symbols=("BTC",), limits=GENEROUS, warm_up_s=5)
        async with Emulator(config) as emulator:
            host = host_of(emulator.url)
            owner = emulator.accounts[0]
            spec = VenueSpec(host=host, account=owner.address, symbols=("BTC",))
            key = owner.key if agent == "owner" else AGENT.key
            address = owner.address if agent == "owner" else AGENT.address
            signer = Signer(key, agent=address, host=host)
            async with HyperliquidVenue(
                spec, signer, Nonces(0, lambda upto: None), SystemClock()
            ) as venue:
                await script(venue, emulator)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_an_agent_of_the_account_may_trade_until_it_is_revoked() -> None:
    async def script(venue: HyperliquidVenue, emulator: Emulator) -> None:
        with pytest.raises(ConfigError, match="knows no agent"):
            await _check_key(venue, "testnet")
        approve(emulator)
        await _check_key(venue, "testnet")
        role = await venue.key_role()
        assert (role.name, role.master) == ("daemon", False)
        emulator.desk.core.revoke_agent(venue.account, "daemon")
        with pytest.raises(ConfigError, match="knows no agent"):
            await _check_key(venue, "testnet")

    with_venue("agent", script)


def test_an_agent_that_has_expired_is_refused() -> None:
    async def script(venue: HyperliquidVenue, emulator: Emulator) -> None:
        approve(emulator, until_ns=emulator.desk.now + SECOND_NS // 2)
        await _check_key(venue, "testnet")
        await asyncio.sleep(0.8)
        with pytest.raises(ConfigError, match=r"expired|knows no agent"):
            await _check_key(venue, "testnet")

    with_venue("agent", script)


def test_an_agent_of_another_account_is_refused() -> None:
    async def script(venue: HyperliquidVenue, emulator: Emulator) -> None:
        approve(emulator, account=1)
        other = emulator.accounts[1].address
        with pytest.raises(ConfigError, match=f"trades for {other}"):
            await _check_key(venue, "testnet")

    with_venue("agent", script)


def test_the_accounts_own_key_trades_on_paper_alone() -> None:
    async def script(venue: HyperliquidVenue, emulator: Emulator) -> None:
        await _check_key(venue, "paper")
        with pytest.raises(ConfigError, match="could move its money"):
            await _check_key(venue, "mainnet")

    with_venue("owner", script)


def approve(emulator: Emulator, *, account: int = 0, until_ns: int | None = None) -> None:
    owner = emulator.accounts[account].address
    assert emulator.desk.core.approve_agent(owner, AGENT.address, "daemon", until_ns) == ""
