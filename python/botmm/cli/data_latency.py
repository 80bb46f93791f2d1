"""Data latency — what the requests of a daemon took, as a file that replay reads."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.journal import corrupt, damaged, journal_option, open_journal
from botmm.cli.options import examples, json_option, output_options
from botmm.cli.terminal import terminal
from botmm.errors import FileSystemError

NS_MS = 1e-6


@click.command(
    "latency",
    epilog=examples(
        "botmm data latency --journal state -o latency.parquet",
        "botmm replay --symbol BTC --days 1 --latency latency.parquet",
    ),
)
@output_options
@journal_option
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("latency.parquet"),
    show_default=True,
    metavar="FILE",
    help="Where to write; CSV where the name ends so, Parquet otherwise.",
)
@json_option
def latency(*, journal: Path, out: Path, as_json: bool) -> None:
    """Take the latency of every request from a daemon's journal.

    A row is a decision, the venue's time of it, and the first news, in ns by our clock; the middle
    is 0 where the venue never had the request. `botmm replay --latency FILE` reads it.
    """
    import numpy as np

    from botmm.exchanges.hyperliquid.told import Told
    from botmm.live.history import runs
    from botmm.live.latency import latencies, write_latencies

    if not out.parent.is_dir():
        raise FileSystemError(f"{out.parent}: no such folder", cure="make it, or name another")
    reader = open_journal(journal)
    found = [latencies(run) for run in runs(reader, Told)]
    if wrong := corrupt(reader):
        raise damaged(wrong[0])
    rows = [row for one in found for row in one.rows]
    write_latencies(out, rows)
    table = np.asarray([row for row in rows if row[1]], dtype=np.int64).reshape(-1, 3)
    ways = {"entry_ms": table[:, 1] - table[:, 0], "response_ms": table[:, 2] - table[:, 1]}
    told = {
        "file": str(out),
        "runs": len(found),
        "rows": len(rows),
        "lost": sum(one.lost for one in found),
        "bent": sum(one.bent for one in found),
        "clock_offset_ms": [one.offset_ns * NS_MS for one in found],
    }
    for name, values in ways.items():
        middle, tail = np.percentile(values * NS_MS, [50, 99]) if len(values) else (0.0, 0.0)
        told |= {f"{name}_p50": round(float(middle), 3), f"{name}_p99": round(float(tail), 3)}
    if as_json:
        terminal().json(told)
        return
    offsets = ", ".join(f"{one.offset_ns * NS_MS:+,.0f}" for one in found if one.offset_ns)
    terminal().out().print(
        f"Wrote {out}: {len(rows):,} requests of {len(found)} runs, {told['lost']} lost.\n"
        f"  decision to venue   p50 {told['entry_ms_p50']:,.1f} ms, p99 {told['entry_ms_p99']:,.1f} ms\n"
        f"  venue to first news p50 {told['response_ms_p50']:,.1f} ms, p99 {told['response_ms_p99']:,.1f} ms"
        + (f"\n  the venue's clock is {offsets} ms from ours; taken off" if offsets else "")
    )
