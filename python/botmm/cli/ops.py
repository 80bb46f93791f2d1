"""Ops — the group of the commands that keep a server going."""

from __future__ import annotations

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.tree import CONTEXT, LazyGroup, Lines

_OPS: Lines = {
    "monitor": ("ops_monitor", "Look once at disk, freshness, API, memory and gaps, and tell."),
    "sync": ("ops_sync", "Upload closed segments to S3, and delete those proven there."),
    "tell": ("ops_tell", "Send an alert."),
}


@click.group(
    "ops",
    cls=LazyGroup,
    lazy=_OPS,
    context_settings=CONTEXT,
    epilog=examples(
        "botmm ops monitor --capture data/capture --json",
        "botmm ops sync --capture data/capture --to s3://BUCKET/HOST",
    ),
)
@output_options
def ops() -> None:
    """Watch a server that records or trades, and bring its segments to S3."""
