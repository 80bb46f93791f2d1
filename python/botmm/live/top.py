"""Top — the outermost step of the daemon's programs: an error becomes a message and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import rich_click as click

from botmm.errors import BotmmError, RiskStopError, UsageError, from_any


def daemon() -> NoReturn:
    """Entry of `botmm-live`: a core that does not load is told as any other error."""

    def _load() -> Any:
        from botmm.live.__main__ import command
        from botmm.observe.memory import give_back

        give_back(for_months=True)
        return command

    if sys.platform != "win32":
        # A kill before anybody hears it must not end the process: it would be started again.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    code = run(_load, "botmm-live")
    if sys.platform != "win32" and signal.SIGUSR1 in signal.sigpending():
        killed = RiskStopError("killed by SIGUSR1 before it began", cure="start it again to trade")
        code = _say(killed)
    sys.exit(code)


def run(load: Callable[[], Any], name: str, args: list[str] | None = None) -> int:
    """Run a command under a name and return its exit code.

    Args:
        load: imports the command.
        args: words of the command line; those of the process by default.
    """
    try:
        load().main(args=args, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        cure = f"`{name} --help` shows what there is"
        return _say(UsageError(error.format_message(), cure=cure))
    except (KeyboardInterrupt, click.Abort):
        return 130
    except Exception as error:  # noqa: BLE001 — the top of the process
        return _say(from_any(error))
    return 0


def _say(error: BotmmError) -> int:
    click.echo(f"error: {error.message}", err=True)
    if error.cure:
        click.echo(f"  → {error.cure}", err=True)
    return error.exit_code
