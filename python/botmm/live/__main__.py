"""Botmm-live — the daemon's entry: which venue, whose account, which key; then the daemon.

The only file of this package that names a venue.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import rich_click as click

from botmm import __version__
from botmm.clock import SystemClock
from botmm.config import Layer, Settings, load
from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.hosts import URLS, Host, check_world, host_of, listens
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue, VenueSpec
from botmm.exchanges.public_accounts import is_test_address, test_account
from botmm.live import garbage, selfwatch, top
from botmm.live.arm import check_arm
from botmm.live.control import ControlServer
from botmm.live.daemon import Daemon, Place
from botmm.live.deadman import Deadman
from botmm.live.heartbeat import Heartbeat
from botmm.live.insist import insist
from botmm.live.latches import STATE_FILE, Latches
from botmm.live.lock import Lock
from botmm.live.operator import Operator
from botmm.live.secrets import agent_key, secret_text
from botmm.live.watch import Watch, alarms, beat, meet, pay
from botmm.observe.logging import set_up
from botmm.observe.notifier import Notifier
from botmm.observe.spellings import symbols_option
from botmm.store.state import StateStore

ARM = "arm.json"
ALERT_URL = "BOTMM_ALERT_URL"
RECONCILE_S_MIN = 5.0
"""A comparison weighs 42 or more of the 1,200 a minute: at this pace they take half."""
SWITCH_S = 0.0005
"""How long the threads that write journals may keep the interpreter while a frame waits."""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n$ botmm-live --paper\n\n$ botmm-live --paper --symbols BTC ETH",
)
@click.option("--paper", is_flag=True, help="Trade on the local exchange, whatever is configured.")
@symbols_option
@click.option(
    "--config",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML file; later ones win. Repeatable. [default: botmm.toml]",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="One value, as order_size_usd=100 or live.state_dir=state. Repeatable.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show more of what happens.")
@click.version_option(__version__, prog_name="botmm-live", message="%(prog)s %(version)s")
def command(
    *,
    paper: bool,
    symbols: tuple[str, ...],
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
    verbose: bool,
) -> None:
    """Quote on a venue until stopped: paper unless the configuration says otherwise.

    Ctrl-C withdraws every order and ends. `botmm status` shows what it does, `botmm kill` stops it
    for good.
    """
    as_json = "JOURNAL_STREAM" in os.environ
    set_up(level="info" if verbose or as_json else "warning", as_json=as_json)
    options = [Layer(origin="--paper", values={"live.mode": "paper"})] if paper else []
    if symbols:
        options.append(Layer(origin="--symbols", values={"live.symbols": " ".join(symbols)}))
    settings = load(config, overrides, options=options).settings
    sys.setswitchinterval(SWITCH_S)
    if sys.platform == "win32":
        asyncio.run(trade(settings))
    else:
        import uvloop

        uvloop.run(trade(settings))


async def trade(settings: Settings) -> None:
    """Trade as the settings say until told to stop.

    Raises:
        BotmmError: what ended it, or kept it from beginning.
    """
    clock, live = SystemClock(), settings.live
    folder = Path(live.state_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as ending:
        store = StateStore(folder / STATE_FILE)
        ending.callback(store.close)
        latches = Latches(store, clock)
        latches.require_clear()
        url = await ending.enter_async_context(_exchange(settings))
        host = host_of(url)
        account, signer = _identity(settings, host)
        ending.enter_context(Lock(folder, account))
        alert = secret_text(ALERT_URL, environ=os.environ, dotenv=Path(".env"))
        notifier = ending.enter_context(Notifier(clock, [alert] if alert else []))
        operator = Operator(latches, folder / ARM, notifier.acknowledge)
        await ending.enter_async_context(ControlServer(folder, operator))
        warn = partial(_warn, operator)
        if host.mainnet:
            check_arm(folder / ARM, account, clock)
        nonces = Nonces(
            store.reserved_nonce(signer.address),
            lambda upto: store.reserve_nonces(signer.address, upto),
            settled=store.is_settled(signer.address),
        )
        spec = VenueSpec(host=host, account=account, symbols=live.names)
        venue = await insist(
            lambda: ending.enter_async_context(HyperliquidVenue(spec, signer, nonces, clock)),
            clock,
            warn,
        )
        await insist(lambda: _check_key(venue, live.mode), clock, warn)
        place = Place(folder=folder, mode=live.mode, account=account, url=host.base)
        alarm = alarms(notifier)
        kept = store.buckets()
        daemon = Daemon(settings, venue, place, clock, alarm=alarm, kept=kept, waits=warn)
        await insist(lambda: _set_leverage(venue, live.leverage), clock, warn)
        heartbeat = Heartbeat(folder / "heartbeat", clock)
        coins = [one.name for one in venue.instruments]
        click.echo(f"botmm-live: {live.mode} on {host.base}, account {account}, {' '.join(coins)}")
        click.echo("  botmm status shows it, botmm kill stops it for good, Ctrl-C ends it")
        deadman = Deadman(venue.schedule_cancel, clock, alarm)
        watch = Watch(daemon, operator, clock, alarm)
        await daemon.run(
            lambda: operator.lead(daemon.runner, daemon.status),
            lambda: beat(heartbeat),
            lambda: pay(daemon, venue.payments()),
            lambda: meet(daemon, venue.incidents(), operator, alarm),
            lambda: deadman.run(venue.fired_since),
            lambda: deadman.hear(venue.firings()),
            watch.keep,
            watch.reload,
            watch.listing,
            watch.upkeep,
            selfwatch.progress,
            selfwatch.files,
            garbage.collect,
            watch.guard,
            watch.key,
            watch.measure,
        )
        heartbeat.stop()
        await deadman.off()
        if venue.settled:
            store.settle_nonces(signer.address)
        brought = daemon.status()["net_usd"]
        with suppress(OSError):  # nobody may read it any more
            click.echo(f"botmm-live: stopped, no order rests; net of this run {brought:+z,.2f} USD")


@asynccontextmanager
async def _exchange(settings: Settings) -> AsyncIterator[str]:
    """Yield the venue's address; a local exchange is loaded and started where none listens."""
    live = settings.live
    url = live.url or URLS[live.mode]
    if live.mode != "paper" or live.url or listens(url):
        yield url
        return
    from botmm.exchanges.emulator import Emulator, EmulatorConfig

    click.echo(f"no local exchange listens on {url}: starting one in this process")
    async with Emulator(EmulatorConfig(symbols=live.names)) as emulator:
        yield emulator.url


def _identity(settings: Settings, host: Host) -> tuple[str, Signer]:
    """Return whose account is traded, and what signs.

    Raises:
        ConfigError: mode, server, account and key do not belong together.
    """
    live = settings.live
    check_world(live.mode, host)
    if live.mode == "paper":
        test = test_account(0)
        return test.address, Signer(test.key, agent=test.address, host=host)
    if not live.account or not live.agent:
        raise ConfigError(
            "whose account is traded is not configured",
            cure="set live.account and live.agent to their addresses, as docs/RUNBOOK.md shows",
        )
    if live.reconcile_s < RECONCILE_S_MIN:
        raise ConfigError(
            f"live.reconcile_s = {live.reconcile_s:g} would use up what the venue lets us ask",
            cure=f"compare every {RECONCILE_S_MIN:g} s at most; less is for the local exchange",
        )
    if is_test_address(live.agent) or is_test_address(live.account):
        raise ConfigError(
            "a public test key would sign for real",
            cure="make an agent of your own; test keys are known to everybody",
        )
    return live.account, Signer(agent_key().reveal(), agent=live.agent, host=host)


async def _check_key(venue: HyperliquidVenue, mode: str) -> None:
    """Ask the venue whether the key trades for the account, before it signs anything.

    Raises:
        ConfigError: it does not, or it could move money as well.
        VenueError: no answer that can be trusted.
    """
    role = await venue.key_role()
    if role.master and mode != "paper":
        raise ConfigError(
            f"the key of {role.agent} is the account's own and could move its money",
            cure="approve an agent on the venue's page and give its key",
        )


def _warn(operator: Operator, words: str) -> None:
    click.echo(f"botmm-live: {words}", err=True)
    operator.waits(words)


async def _set_leverage(venue: HyperliquidVenue, leverage: int) -> None:
    """Set every symbol's leverage: limits hold for the account that trades, not for us alone."""
    for number, one in enumerate(venue.instruments):
        most = min(leverage, one.max_leverage)
        await venue.set_leverage(number, leverage=most, cross=not one.only_isolated)


if __name__ == "__main__":
    top.daemon()
