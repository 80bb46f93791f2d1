"""Ops tell — send an alert from a script or a unit."""

from __future__ import annotations

import rich_click as click

from botmm.cli.options import examples, output_options


@click.command(epilog=examples("botmm ops tell --about disk 'the disk was changed'"))
@output_options
@click.option("--about", default="ops", show_default=True, help="What it is about.")
@click.option(
    "--severity",
    type=click.Choice(["P1", "P2", "P3"]),
    default="P1",
    show_default=True,
    help="P1 asks for a person now.",
)
@click.argument("words")
def tell(*, words: str, about: str, severity: str) -> None:
    """Send WORDS to the target of BOTMM_ALERT_URL."""
    from botmm.clock import SystemClock
    from botmm.observe.notifier import Severity
    from botmm.ops.alert import alert
    from botmm.ops.monitor import Finding

    alert([Finding(about, Severity[severity], words)], SystemClock())
