"""Arm — a person allows an account to trade with money from this host, for some hours."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from botmm.cli.control import state_option
from botmm.cli.options import config_options, examples, load_config, output_options
from botmm.cli.terminal import terminal
from botmm.errors import CheckError, FileSystemError, UsageError


@click.command(epilog=examples("botmm arm", "botmm arm --hours 8", "botmm arm --off"))
@output_options
@config_options
@state_option
@click.option("--hours", type=float, default=24.0, show_default=True, help="For how long.")
@click.option("--off", is_flag=True, help="Void the arming at once.")
def arm(
    *,
    hours: float,
    off: bool,
    state: str | None,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
) -> None:
    """Allow trading with money; asks for the account to be typed, on a terminal only.

    What `botmm doctor` checks has to pass first.
    """
    from botmm.clock import SystemClock
    from botmm.live.arm import disarm, write_arm

    loaded = load_config(config, overrides, options={"--state": {"live.state_dir": state}})
    live, shown = loaded.settings.live, terminal()
    path = Path(live.state_dir) / "arm.json"
    if off:
        if not disarm(path):
            raise FileSystemError(f"{path} could not be removed", cure="remove it by hand")
        shown.say("disarmed; a daemon that runs goes on until it is paused or killed")
        return
    if not live.account:
        raise UsageError("no account is configured", cure="set live.account")
    if not sys.stdin.isatty():
        raise UsageError("arming asks a person", cure="run `botmm arm` on a terminal")
    from botmm.cli.doctor import check_up, failures, show
    from botmm.observe.findings import Level

    overrides = overrides if state is None else (*overrides, f'live.state_dir="{state}"')
    findings = list(check_up(config, overrides))
    for finding in findings:
        if finding.level >= Level.LOOK:
            show(finding)
    if failed := failures(findings):
        raise CheckError(f"not armed; failed: {failed}", cure="mend what the arrows above say")
    typed = click.prompt(f"Type the account that may trade, {live.account}", err=True)
    made = write_arm(path, live.account, typed=typed.strip(), hours=hours, clock=SystemClock())
    shown.say(f"armed on {made.host} for {hours:g} hours")
