"""Guard main — what `botmm-guard` is built of: whose account, which key, where alerts go."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sqlite3
from pathlib import Path

import rich_click as click

from botmm.clock import SystemClock
from botmm.config import Live, load
from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.hosts import URLS, host_of
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.public_accounts import is_test_address
from botmm.live.guard import FAR_STALE_S, STALE_S, Guard, GuardSpec
from botmm.live.guard_venue import GuardVenue
from botmm.live.lock import Lock
from botmm.live.relay import Relay
from botmm.live.secrets import agent_key, secret_text
from botmm.observe.logging import logger, set_up
from botmm.observe.notifier import Notifier, Severity
from botmm.store.state import StateStore

KEY_NAME = "BOTMM_GUARD_KEY"
URL_NAME = "BOTMM_ALERT_URL"

_log = logger(__name__)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n$ botmm-guard --agent 0x…\n\n"
    "$ botmm-guard --beats 'ssh botmm@server botmm beats'",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="TOML file; later ones win. Repeatable. [default: botmm.toml]",
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="One value. Repeatable."
)
@click.option(
    "--agent",
    envvar="BOTMM_GUARD_AGENT",
    required=True,
    metavar="ADDRESS",
    help="Address of its key; the variable BOTMM_GUARD_AGENT does the same.",
)
@click.option("--max-loss", type=float, metavar="USD", help="A day's loss that kills the daemon.")
@click.option(
    "--beats",
    metavar="COMMAND",
    help="The daemon runs on another machine; this prints its heartbeat, as `ssh HOST botmm beats`.",
)
@click.option(
    "--after",
    type=click.FloatRange(1.0, 300.0),
    metavar="SECONDS",
    help=f"Silence that counts as death. [default: {STALE_S:g}; with --beats {FAR_STALE_S:g}]",
)
def guard(
    *,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
    agent: str,
    max_loss: float | None,
    beats: str | None,
    after: float | None,
) -> None:
    """Withdraw every order of the account when the daemon shows no life.

    SIGUSR2 acknowledges its alerts, which are repeated until then.
    """
    set_up(level="info")
    live = load(config, overrides).settings.live
    if not live.account:
        raise ConfigError("no account is configured", cure="set live.account")
    if max_loss is not None and not 0 < max_loss < math.inf:
        raise ConfigError(f"--max-loss {max_loss}", cure="give a positive amount in USD")
    if after is not None and math.isnan(after):
        raise ConfigError("--after nan: no silence is as long", cure="give seconds")
    if beats is not None and max_loss is not None:
        raise ConfigError(
            "--max-loss with --beats", cure="a limit of loss is for the guard beside the daemon"
        )
    if beats is not None and not beats.split():
        raise ConfigError("--beats is empty", cure="as in: --beats 'ssh HOST botmm beats'")
    loss = None if max_loss is None else round(max_loss * 1e6)
    stale_s = after or (STALE_S if beats is None else FAR_STALE_S)
    spec = GuardSpec(state=Path(live.state_dir), loss_micro=loss, stale_s=stale_s)
    asyncio.run(_watch(live, agent, spec, beats))


async def _watch(live: Live, agent: str, spec: GuardSpec, beats: str | None) -> None:
    clock, state = SystemClock(), spec.state
    host = host_of(live.url or URLS[live.mode])
    if host.mainnet != (live.mode == "mainnet"):
        raise ConfigError(
            f"mode {live.mode} does not go with {host.base}", cure="name both of one world"
        )
    if live.mode != "paper":
        _refuse_test_keys(live.account, agent)
    signer = Signer(agent_key(KEY_NAME).reveal(), agent=agent, host=host)
    url = secret_text(URL_NAME, environ=os.environ, dotenv=Path(".env"))
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(Lock(state, f"guard-{live.account}"))
        store = stack.enter_context(contextlib.closing(StateStore(state / "guard.sqlite")))
        notifier = stack.enter_context(Notifier(clock, [url] if url else []))
        rest = await stack.enter_async_context(Rest(host))
        reserved = store.reserved_nonce(signer.address)
        nonces = Nonces(reserved, lambda upto: reserve(store, signer.address, upto))
        venue = GuardVenue(rest, signer, nonces, clock, account=live.account)
        watched = Guard(
            venue,
            spec,
            store,
            clock,
            lambda key, words: notifier.tell(Severity.P1, key, words),
            Relay(beats, state, clock) if beats is not None else None,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, watched.stop)
        loop.add_signal_handler(signal.SIGUSR2, notifier.acknowledge)
        await watched.run()


def _refuse_test_keys(*addresses: str) -> None:
    """Refuse the keys that everybody knows.

    Raises:
        ConfigError: one of the addresses is such a key's.
    """
    if any(is_test_address(one) for one in addresses):
        raise ConfigError(
            "a public test key would sign for real",
            cure="give the guard an agent of its own; test keys are known to everybody",
        )


def reserve(store: StateStore, signer: str, upto: int) -> None:
    """Reserve nonces; on a full disk cancels go out all the same, numbered by the clock."""
    try:
        store.reserve_nonces(signer, upto)
    except sqlite3.Error as error:
        _log.error("nonces not reserved", why=str(error))
