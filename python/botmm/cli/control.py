"""Control — pause, resume, kill and flatten the running daemon."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from botmm.cli.options import config_options, examples, load_config, output_options
from botmm.cli.terminal import terminal
from botmm.errors import VenueError

_Command = TypeVar("_Command", bound=Callable[..., Any])


def state_option(command: _Command) -> _Command:
    """Add --state as `state: str | None`."""
    return click.option("--state", metavar="DIR", help="Folder of the daemon. [default: state]")(
        command
    )


def state_folder(state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]) -> Path:
    """Return the daemon's folder: the option's, or the configured one."""
    loaded = load_config(config, overrides, options={"--state": {"live.state_dir": state}})
    return Path(loaded.settings.live.state_dir)


@click.command(epilog=examples("botmm pause"))
@output_options
@config_options
@state_option
def pause(*, state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Withdraw every quote and stop quoting until `botmm resume`."""
    from botmm.live.control import ask

    ask(state_folder(state, config, overrides), "pause", who=getpass.getuser())
    terminal().say("paused; positions stay as they are")


@click.command(
    epilog=examples(
        "botmm resume",
        "botmm resume --lift 'lift KILLED'",
        "botmm resume --lift 'lift KILLED' --lift 'lift HALTED'",
    )
)
@output_options
@config_options
@state_option
@click.option(
    "--lift", "typed", multiple=True, metavar="PHRASE", help="What lifts a latch. Repeatable."
)
def resume(
    *,
    typed: tuple[str, ...],
    state: str | None,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
) -> None:
    """Quote again after a pause; behind latches only with the phrase of each.

    Where no daemon runs the phrases lift latches for its next start.
    """
    from botmm.clock import SystemClock
    from botmm.live.control import ask
    from botmm.live.latches import lift_stopped

    folder, shown = state_folder(state, config, overrides), terminal()
    try:
        ask(folder, "resume", who=getpass.getuser(), typed=typed)
        shown.say("resumed")
    except VenueError:
        if not typed:
            raise
        left = lift_stopped(folder, SystemClock(), typed=typed)
        shown.say("lifted; no daemon runs" + (f", and {', '.join(left)} stays" if left else ""))
        if (folder / "KILL").exists():
            shown.say(f"{folder / 'KILL'} is still there and kills the next start: remove it, too")


@click.command(epilog=examples("botmm kill", "botmm kill --reason 'odd fills'"))
@output_options
@config_options
@state_option
@click.option("--reason", default="command", help="Kept with the latch.")
def kill(
    *, reason: str, state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]
) -> None:
    """Withdraw every order and stay stopped, over restarts, until a person lifts the latch."""
    from botmm.live.control import ask

    folder = state_folder(state, config, overrides)
    try:
        ask(folder, "kill", who=getpass.getuser(), reason=reason)
    except VenueError:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "KILL").touch(mode=0o600)
        raise VenueError(
            f"no daemon answers; {folder / 'KILL'} was made and kills one that is busy or starts",
            cure="look at the venue's page whether orders rest; remove the file to trade again",
        ) from None
    terminal().say("killed; `botmm status` shows what is left")


@click.command(epilog=examples("botmm flatten"))
@output_options
@config_options
@state_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def flatten(
    *, yes: bool, state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]
) -> None:
    """Withdraw every order and close the positions with reduce-only orders."""
    from botmm.live.control import ask

    if not yes:
        click.confirm("Close every position at the market's price?", abort=True, err=True)
    ask(state_folder(state, config, overrides), "flatten", who=getpass.getuser())
    terminal().say("closing; `botmm status` shows what is left")
