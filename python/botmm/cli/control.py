"""Control — pause, resume, kill and flatten the running daemon."""

from __future__ import annotations

import contextlib
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


@click.command(epilog=examples("botmm resume", "botmm resume --lift 'lift KILLED'"))
@output_options
@config_options
@state_option
@click.option("--lift", "typed", default="", metavar="PHRASE", help="What lifts a latch.")
def resume(
    *, typed: str, state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]
) -> None:
    """Quote again after a pause; behind a latch only with its phrase.

    A latch can be lifted while no daemon runs, too: it does not start behind one.
    """
    from botmm.live.control import ask

    folder = state_folder(state, config, overrides)
    try:
        ask(folder, "resume", who=getpass.getuser(), typed=typed)
    except VenueError:
        if not typed or not _lift(folder, typed):
            raise
        terminal().say("lifted; no daemon answers: start it to trade")
    else:
        terminal().say("resumed")


def _lift(folder: Path, typed: str) -> bool:
    """Lift the latches of a daemon that does not run; whether one was set."""
    from botmm.clock import SystemClock
    from botmm.live.latches import STATE, Latches
    from botmm.store.state import StateStore

    if not (folder / STATE).exists():
        return False
    with contextlib.closing(StateStore(folder / STATE)) as store:
        latches = Latches(store, SystemClock())
        active = latches.active()
        for row in active:
            latches.clear(row.name, typed=typed)
        return bool(active)


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
