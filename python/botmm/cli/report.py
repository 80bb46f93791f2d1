"""Report — the group of commands that compare and explain what is there already."""

from __future__ import annotations

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.tree import CONTEXT, LazyGroup, Lines

_REPORT: Lines = {
    "daily": ("report_daily", "Show what each UTC day of the daemon brought."),
    "live-vs-replay": ("live_vs_replay", "Play a daemon's run again and explain the difference."),
}


@click.group(
    "report",
    cls=LazyGroup,
    lazy=_REPORT,
    context_settings=CONTEXT,
    epilog=examples("botmm report daily --days 7", "botmm report live-vs-replay --journal state"),
)
@output_options
def report() -> None:
    """Compare and explain what is there already."""
