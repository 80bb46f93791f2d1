"""Data — the group of the data commands."""

from __future__ import annotations

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.tree import CONTEXT, LazyGroup, Lines

_DATA: Lines = {
    "import": ("data_import", "Turn recordings and archives into tapes."),
    "compact": ("data_compact", "Turn what the recorder wrote into tapes."),
    "verify": ("data_verify", "Check every sum of what the recorder wrote."),
    "watch": ("data_watch", "Show what the recorder does."),
    "ls": ("data_ls", "Show what is in the store."),
    "check": ("data_check", "Score the quality of tapes, minute by minute."),
    "volume": ("data_volume", "Compare traded volume with the venue's candles."),
    "export": ("data_export", "Write a tape as CSV, Parquet or for hftbacktest."),
    "latency": ("data_latency", "Take the latency of requests from a daemon's journal."),
    "synth": ("data_synth", "Simulate a market and record it as a tape."),
}


@click.group(
    "data",
    cls=LazyGroup,
    lazy=_DATA,
    context_settings=CONTEXT,
    epilog=examples("botmm data import recordings/ --symbol BTC", "botmm data ls"),
)
@output_options
def data() -> None:
    """Import, list, check, export and synthesise market data."""
