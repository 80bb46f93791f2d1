"""Cli — the `botmm` command tree; commands are imported when they are named."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import rich_click as click

from botmm import __version__
from botmm.cli.options import examples, output_options
from botmm.cli.terminal import Terminal
from botmm.cli.tree import CONTEXT, LazyGroup, Lines
from botmm.errors import BotmmError, StoppedError, UsageError, from_any
from botmm.observe.memory import give_back

_ROOT: Lines = {
    "init": ("init", "Write a commented botmm.toml."),
    "doctor": ("doctor", "Check installation, configuration, machine and venue."),
    "demo": ("demo", "Replay a small synthetic market and write its report."),
    "sweep": ("sweep", "Play many parameter sets over recorded order books in one pass."),
    "replay": ("replay", "Replay recorded order books and report what a maker would have earned."),
    "status": ("status", "Show what the running daemon does."),
    "pause": ("control", "Withdraw quotes and stop quoting until resumed."),
    "resume": ("control", "Quote again after a pause."),
    "kill": ("control", "Withdraw every order and stay stopped."),
    "flatten": ("control", "Withdraw every order and close positions."),
    "beats": ("beats", "Print the daemon's heartbeat for a guard on another machine."),
    "arm": ("arm", "Allow an account to trade with money from this host."),
    "why": ("why", "Print the terms of every quote of a run at a time."),
    "why-not": ("why", "Print why a side had no quote at a time."),
    "record": ("record", "Record a venue's public streams around the clock."),
    "report": ("report", "Show a daemon's days, or compare its run with a replay."),
    "data": ("data", "Import, list, check, export and synthesise market data."),
    "emulate": ("emulate", "Run a local exchange that speaks Hyperliquid."),
    "ops": ("ops", "Watch a server, and bring its segments to S3."),
    "config": ("config", "Show or validate the configuration."),
    "verify": ("verify", "Run vector files through the shipped functions."),
}


@click.group(
    cls=LazyGroup,
    lazy=_ROOT,
    context_settings=CONTEXT,
    epilog=examples(
        "botmm demo",
        "botmm data import recordings/ && botmm data ls",
        "botmm replay --symbol BTC --date 2026-02-12",
    ),
)
@click.version_option(__version__, prog_name="botmm", message="%(prog)s %(version)s")
@output_options
def cli() -> None:
    """A market maker for crypto perpetuals: one engine in replay, paper and live."""


def run(args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; every error becomes a message."""
    shown = Terminal()
    try:
        code = cli.main(args=args, prog_name="botmm", standalone_mode=False, obj=shown)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        return _report(UsageError(error.format_message(), cure=_usage_cure(error)), shown)
    except (KeyboardInterrupt, click.Abort):
        return _report(StoppedError("interrupted", exit_code=130), shown)
    except BrokenPipeError:
        # The reader of a pipe left; what it wanted to see, it saw.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 — the top of the process: every error gets a message
        return _report(from_any(error), shown)


def _usage_cure(error: click.ClickException) -> str:
    """Return where the right usage is written."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if isinstance(ctx, click.Context) else "botmm"
    return f"`{path} --help` shows what there is"


def _report(error: BotmmError, shown: Terminal) -> int:
    """Say what went wrong and how to cure it; the traceback only where asked for."""
    if shown.verbose:
        import traceback

        traceback.print_exc(file=sys.stderr)
    red, bold, off = ("\x1b[31m", "\x1b[1m", "\x1b[0m") if _colored(shown) else ("", "", "")
    click.echo(f"{red}{bold}error:{off} {error.message}", err=True)
    if error.cure:
        click.echo(f"  {bold}→{off} {error.cure}", err=True)
    return error.exit_code


def _colored(shown: Terminal) -> bool:
    """Whether stderr takes colours."""
    return shown.color and sys.stderr.isatty()


def _terminate(signum: int, frame: Any) -> NoReturn:
    """Turn SIGTERM into an error that commands can answer."""
    raise StoppedError("terminated", exit_code=143)


def main() -> NoReturn:
    """Entry of the `botmm` command."""
    hand_over(*sys.argv[1:])


def hand_over(*args: str) -> NoReturn:
    """Run a command line and leave with its exit code; what files in scripts/ call."""
    signal.signal(signal.SIGTERM, _terminate)
    give_back()
    sys.exit(run(args))
