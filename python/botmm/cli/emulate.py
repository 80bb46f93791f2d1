"""Emulate — run a local exchange that speaks Hyperliquid: for paper trading, tests and drills."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.options import examples, json_option, output_options
from botmm.cli.terminal import Terminal, terminal
from botmm.errors import UsageError
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from rich.console import Console

    from botmm.exchanges.emulator import Emulator, EmulatorConfig

_STATUS_S = 0.5


@click.command(
    epilog=examples(
        "botmm emulate",
        "botmm emulate --symbols BTC ETH --speed 60 --seed 7",
        "botmm emulate --tape data/tape/hyperliquid/BTC/2026-02-12.parquet",
        "botmm emulate --live https://api.hyperliquid.xyz --symbols BTC --entry-ms 150",
        "botmm emulate --faults faults.toml --state state/exchange.bin",
    )
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=3001,
    show_default=True,
    metavar="N",
    help="Port on 127.0.0.1; 3001 is the SDK's local address, 0 any free one.",
)
@symbols_option
@click.option(
    "--tape",
    "tapes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Play a recorded tape, from its first row on. Repeatable: days, symbols.",
)
@click.option(
    "--live", metavar="URL", help="Play the public feed of a venue: real prices, paper orders."
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="How fast time passes; botmm-live and --live need 1.",
)
@click.option(
    "--entry-ms",
    type=click.IntRange(0, 60_000),
    default=0,
    show_default=True,
    metavar="MS",
    help="How long actions are on their way; a block's wait comes on top.",
)
@click.option(
    "--response-ms",
    type=click.IntRange(0, 60_000),
    default=0,
    show_default=True,
    metavar="MS",
    help="How long replies are on their way back.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, metavar="N")
@click.option(
    "--accounts",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    metavar="N",
    help="Test accounts with money; their keys are public.",
)
@click.option(
    "--deposit",
    type=click.IntRange(0, 1_000_000_000),
    default=10_000,
    show_default=True,
    metavar="USD",
    help="Money of each account.",
)
@click.option(
    "--faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML plan of what goes wrong, and when; docs/RELIABILITY.md.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Go on from this file if it is there, and save to it at the end.",
)
@click.option("--show-keys", is_flag=True, help="Print the public keys of the test accounts.")
@json_option
@output_options
def emulate(**options: Any) -> int:
    """Run a Hyperliquid on this machine: REST, WebSocket, signatures, limits and faults.

    Its market is synthetic, recorded (--tape) or a venue's public feed (--live). It listens on
    127.0.0.1 alone and trades play money; Ctrl-C ends it. Any Hyperliquid client works with its
    address, the official SDK among them.
    """
    from botmm.observe import logging

    shown = terminal()
    logging.set_up(level="info" if shown.verbose else "warning", color=shown.color)
    config = _config(options)
    asyncio.run(_serve(config, shown, options))
    return 0


def _config(options: dict[str, Any]) -> EmulatorConfig:
    """Return what the options ask for."""
    from botmm.exchanges.emulator import EmulatorConfig, FaultPlan, read_plan

    tapes = _tapes(options["tapes"])
    if tapes and options["live"] is not None:
        raise UsageError("--tape and --live are both markets", cure="give one of them")
    symbols = options["symbols"] or tuple(tapes) or ("BTC", "ETH", "SOL")
    return EmulatorConfig(
        symbols=symbols,
        port=options["port"],
        speed=options["speed"],
        seed=options["seed"],
        tapes=tapes,
        live=None if options["live"] is None else options["live"].rstrip("/"),
        accounts=options["accounts"],
        deposit_usd=options["deposit"],
        entry_ms=options["entry_ms"],
        response_ms=options["response_ms"],
        faults=FaultPlan() if options["faults"] is None else read_plan(options["faults"]),
        state=options["state"],
    ).checked()


def _tapes(paths: tuple[Path, ...]) -> dict[str, tuple[Path, ...]]:
    """Return tapes by the symbol that they name, in order of their names."""
    from botmm.data.catalogue import read_tape

    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(paths):
        symbol = read_tape(path).meta["symbol"]
        found[symbol] = (*found.get(symbol, ()), path)
    return found


async def _serve(config: EmulatorConfig, shown: Terminal, options: dict[str, Any]) -> None:
    """Run until a signal comes."""
    from botmm.exchanges.emulator import Emulator

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Emulator(config) as emulator:
        _greet(emulator, shown, options)
        if shown.progress and sys.stderr.isatty():
            await _watch(emulator, stop)
        else:
            await stop.wait()
    if config.state is not None:
        shown.say(f"saved to {config.state}; the same command goes on from there")


def _greet(emulator: Emulator, shown: Terminal, options: dict[str, Any]) -> None:
    """Print where the exchange is, what it plays and who has money on it."""
    keys = options["show_keys"]
    if options["as_json"]:
        rows = [
            {"address": one.address, **({"key": one.key} if keys else {})}
            for one in emulator.accounts
        ]
        # One line, so that a script can read it while the exchange runs.
        click.echo(json.dumps({"url": emulator.url, "accounts": rows}))
        sys.stdout.flush()
        return
    out = shown.out()
    out.print(f"[bold]Local exchange[/bold] on [bold cyan]{emulator.url}[/bold cyan]")
    out.print(f"  market    {_market(emulator)}")
    out.print(f"  speed     {emulator.config.speed:g}×")
    faults = emulator.config.faults
    if faults.fault or faults.event:
        out.print(f"  faults    {len(faults.fault)} rules, {len(faults.event)} events planned")
    if emulator.restored:
        out.print(f"  state     restored from {emulator.config.state}")
    _print_accounts(out, emulator)
    if keys:
        for one in emulator.accounts:
            out.print(f"key of {one.address}: {one.key}", soft_wrap=True)
        out.print("These keys are public: never send real money to these addresses.")
    else:
        out.print("--show-keys prints the public keys of these accounts.")
    out.print("Ctrl-C ends the exchange.")
    sys.stdout.flush()


def _market(emulator: Emulator) -> str:
    config, names = emulator.config, " ".join(emulator.config.symbols)
    if config.live is not None:
        return f"{names}, the public feed of {config.live}"
    if config.tapes:
        count = sum(len(paths) for paths in config.tapes.values())
        return f"{names}, {count} tapes from their first row on"
    return f"{names}, synthetic, seed {config.seed}"


def _print_accounts(out: Console, emulator: Emulator) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("account")
    table.add_column("value", justify="right")
    for one in emulator.accounts:
        value = emulator.desk.account(one.address)["value"] / 1e6
        table.add_row(one.address, f"{value:,.2f} USD")
    out.print(table)


async def _watch(emulator: Emulator, stop: asyncio.Event) -> None:
    """Keep a line of what goes on, until the end."""
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        while not stop.is_set():
            live.update(_status(emulator), refresh=True)
            try:
                await asyncio.wait_for(stop.wait(), _STATUS_S)
            except TimeoutError:
                continue


def _status(emulator: Emulator) -> str:
    from botmm.units import time_text

    desk, server = emulator.desk, emulator.server
    mids = "  ".join(f"{coin.name} {desk.mark(coin) / 1e8:,.6g}" for coin in desk.coins)
    struck = sum(emulator.faults.struck.values())
    return (
        f"{time_text(desk.now)} UTC  {mids}  sockets {len(server.sockets)}"
        f"  requests {server.requests:,}" + (f"  faults {struck}" if struck else "")
    )
