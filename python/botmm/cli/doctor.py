"""Doctor — check installation, configuration, machine and venue; each finding with its cure."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm import __version__
from botmm.cli.options import config_options, examples, json_option, load_config, output_options
from botmm.cli.terminal import terminal
from botmm.errors import BotmmError, CheckError
from botmm.observe.findings import Finding, Level, fail, guarded, ok, skipped

if TYPE_CHECKING:
    from botmm.config import Live, Settings

DOTENV = Path(".env")
_MARKS = {
    Level.OK: "[green]ok  [/]",
    Level.SKIPPED: "[dim]–   [/]",
    Level.LOOK: "[yellow]look[/]",
    Level.FAIL: "[red]FAIL[/]",
}
_NAME = 11


@click.command(
    epilog=examples(
        "botmm doctor",
        "botmm doctor --config my.toml --json",
        "botmm doctor --set live.mode=testnet",
    )
)
@output_options
@json_option
@config_options
def doctor(*, config: tuple[Path, ...], overrides: tuple[str, ...], as_json: bool) -> None:
    """Check installation, configuration, machine and venue, a line each with its cure.

    `look` is for a person to judge, `–` was not asked; only FAIL gives exit code 7.
    """
    findings = []
    for finding in check_up(config, overrides):
        findings.append(finding)
        if not as_json:
            show(finding)
    if as_json:
        terminal().json([_row(finding) for finding in findings])
    failed = failures(findings)
    if failed:
        raise CheckError(f"failed: {failed}", cure="see the arrows above")
    if not as_json:
        terminal().out().print(f"\nNext: {_next(config, overrides)}")


def failures(findings: list[Finding]) -> str:
    """Return the names of what failed."""
    names = [finding.name for finding in findings if finding.level is Level.FAIL]
    return ", ".join(dict.fromkeys(names))


def show(finding: Finding) -> None:
    """Print a finding, and its cure where it asks for one."""
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(width=_NAME)
    table.add_column()
    table.add_row(_MARKS[finding.level], finding.name, escape(finding.found))
    if finding.cure and finding.level is not Level.OK:
        table.add_row("", "", f"[bold]→[/] {escape(finding.cure)}")
    terminal().out().print(table)


def _row(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.name,
        "level": finding.level.name.lower(),
        "ok": finding.level is not Level.FAIL,
        "found": finding.found,
        "cure": finding.cure,
    }


def check_up(config: tuple[Path, ...], overrides: tuple[str, ...]) -> Iterator[Finding]:
    """Yield a finding for each check, in the order in which they are worth mending."""
    from botmm.live import checkup

    yield guarded("core", _core)
    yield guarded("config", lambda: _config(config, overrides))
    try:
        settings = load_config(config, overrides).settings
    except BotmmError:
        yield skipped("live", "not asked: the configuration does not load")
        return
    store = Path(settings.store.dir)
    yield guarded("store", lambda: _store(store))
    yield guarded("disk", lambda: checkup.disk(store))
    yield guarded("time", checkup.time_service)
    yield from _live(settings)


def _live(settings: Settings) -> Iterator[Finding]:
    """Yield what concerns trading: folders, keys, guard, alerts, and what the venue says."""
    from botmm.clock import SystemClock
    from botmm.exchanges.hyperliquid.sign import address_of
    from botmm.exchanges.public_accounts import is_test_address
    from botmm.live import checkup

    live, clock = settings.live, SystemClock()
    folder = Path(live.state_dir)
    ring = checkup.Keyring(
        environ=os.environ, dotenv=DOTENV, address_of=address_of, is_public=is_test_address
    )
    yield guarded("state", lambda: checkup.state_folder(folder))
    yield guarded("latches", lambda: checkup.daemon(folder, clock))
    yield guarded("secrets", lambda: checkup.dotenv_mode(DOTENV))
    findings, agents = checkup.keys(live, ring, os.environ.get("BOTMM_GUARD_AGENT"))
    yield from findings
    yield guarded("guard", lambda: checkup.guard_life(live, folder, clock))
    yield guarded("arming", lambda: checkup.arming(live, folder, clock))
    yield guarded("alerts", lambda: checkup.alerts(live, ring))
    yield from _venue(settings, agents)


def _venue(settings: Settings, agents: dict[str, str]) -> Iterator[Finding]:
    """Yield what the venue says, where there is one to ask."""
    from botmm.clock import SystemClock
    from botmm.exchanges.hyperliquid.checkup import Subject, examine
    from botmm.exchanges.hyperliquid.hosts import URLS, check_world, host_of, listens
    from botmm.exchanges.public_accounts import test_account
    from botmm.live.thrift import RESERVE

    live = settings.live
    url = live.url or URLS[live.mode]
    try:
        host = host_of(url)
        check_world(live.mode, host)
    except BotmmError as error:
        yield fail("venue", error.message, error.cure)
        return
    account = test_account(0).address if live.mode == "paper" else live.account
    if live.mode == "paper" and not live.url and not listens(url):
        yield skipped(
            "venue",
            f"no local exchange on {url}: `botmm-live --paper` starts its own",
            "`botmm emulate` runs one that stays",
        )
        return
    if not account:
        yield skipped("venue", f"{url} is not asked: no account is configured")
        return
    subject = Subject(
        host=host,
        account=account,
        agents=agents,
        symbols=live.names,
        leverage=live.leverage,
        capital_usd=settings.account.capital_usd,
        budget_least=RESERVE,
    )
    yield from asyncio.run(examine(subject, SystemClock()))


def _core() -> Finding:
    """Check that the compiled core loads and is of this version."""
    import botmm.core  # noqa: F401 — a core of another version is refused at its door

    return ok("core", f"package and core are version {__version__}")


def _config(config: tuple[Path, ...], overrides: tuple[str, ...]) -> Finding:
    """Check that the configuration loads; where there is none, say how to make one."""
    from botmm.config import DEFAULT_FILE

    settings = load_config(config, overrides).settings
    live = settings.live
    words = f"{live.mode}, {live.symbols} on {settings.account.venue}"
    capital = f"capital {settings.account.capital_usd:,.0f} USD"
    if not config and not Path(DEFAULT_FILE).is_file():
        return skipped(
            "config",
            f"no {DEFAULT_FILE} here: defaults ({words}, {capital})",
            "`botmm init` writes one",
        )
    named = ", ".join(str(path) for path in config) or DEFAULT_FILE
    return ok("config", f"{named}: {words}, {capital}")


def _store(store: Path) -> Finding:
    """Check that the store, or the folder it will be made in, can be written to."""
    from botmm.live.checkup import nearest

    with tempfile.TemporaryFile(dir=nearest(store)):
        pass
    tapes = sum(1 for _ in (store / "tape").glob("*/*/*.parquet"))
    return ok("store", f"{store} is writable, {tapes} tapes")


def _next(config: tuple[Path, ...], overrides: tuple[str, ...]) -> str:
    """Return what to run next when nothing failed."""
    from botmm.config import DEFAULT_FILE

    if not config and not overrides and not Path(DEFAULT_FILE).is_file():
        return (
            "`botmm init` writes botmm.toml here; `botmm-live --paper` trades on paper without it"
        )
    live: Live = load_config(config, overrides).settings.live
    if live.mode == "paper":
        return "`botmm-live --paper`, and `botmm status` beside it"
    if live.mode == "mainnet":
        return "`botmm arm`, then `botmm-guard` and `botmm-live`"
    return "`botmm-guard`, then `botmm-live`"
