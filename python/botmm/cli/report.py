"""Report — the group of what a daemon's results are shown by."""

from __future__ import annotations

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.tree import CONTEXT, LazyGroup, Lines

_REPORT: Lines = {
    "daily": ("report_daily", "Show what each UTC day of the daemon brought."),
}


@click.group(
    "report",
    cls=LazyGroup,
    lazy=_REPORT,
    context_settings=CONTEXT,
    epilog=examples("botmm report daily", "botmm report daily --days 7 --json"),
)
@output_options
def report() -> None:
    """Show what a daemon did."""
