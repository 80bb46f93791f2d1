"""Beats — print the daemon's heartbeat for a guard on another machine."""

from __future__ import annotations

import select
import sys
from pathlib import Path

import rich_click as click

from botmm.cli.control import state_folder, state_option
from botmm.cli.options import config_options, examples, output_options


@click.command(
    epilog=examples(
        "botmm beats",
        "botmm-guard --beats 'ssh -o ServerAliveInterval=5 botmm@server botmm beats'",
    )
)
@output_options
@config_options
@state_option
def beats(*, state: str | None, config: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Print a line a second while the daemon lives, or once it stopped in order; else nothing.

    A guard on another machine runs this over ssh and withdraws every order when no more comes.
    """
    from botmm.clock import SystemClock
    from botmm.live.relay import EVERY_S, line

    folder, clock = state_folder(state, config, overrides), SystemClock()
    reader = select.poll()
    reader.register(sys.stdout.fileno(), 0)
    # Silent while the daemon is, it would not notice otherwise that nobody listens any more.
    while not reader.poll(EVERY_S * 1e3):
        said = line(folder, clock)
        if said is not None:
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
