"""Data export — tapes as CSV, as Parquet, or for hftbacktest."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.data_check import wanted_tapes
from botmm.cli.options import (
    examples,
    output_options,
    range_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.observe.spellings import symbols_option


@click.command(
    "export",
    epilog=examples(
        "botmm data export --symbol BTC --date 2026-02-12 --format hft --out btc.npz",
        "botmm data export --symbol BTC --format parquet --out events.parquet",
        "botmm data export data/tape/hyperliquid/BTC/2026-02-12.parquet --format csv --out btc.csv",
    ),
)
@output_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "parquet", "native", "hft"]),
    required=True,
    help="csv: rows in decimals; parquet: neutral events; native: rows as on tape; hft: npz.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@symbols_option
@range_options
@store_options
def export_command(  # noqa: PLR0913
    *,
    paths: tuple[Path, ...],
    kind: str,
    out: Path,
    force: bool,
    symbols: tuple[str, ...],
    date: str | None,
    since: str | None,
    until: str | None,
    days: int | None,
    store: str | None,
    venue: str | None,
) -> None:
    """Write the tapes of one symbol to one file."""
    from botmm.data.export import export
    from botmm.errors import UsageError
    from botmm.observe.progress import progress

    if out.exists() and not force:
        raise UsageError(f"{out} is there already", cure="name another with --out, or add --force")
    tapes = wanted_tapes(paths, symbols, (date, since, until, days), (store, venue))
    kinds = {(tape.venue, tape.symbol) for tape in tapes}
    if len(kinds) != 1:
        names = ", ".join(f"{a}/{b}" for a, b in sorted(kinds))
        raise UsageError(f"one file holds one symbol; found {names}", cure="give --symbol, --venue")
    total, done = sum(tape.rows for tape in tapes), 0
    shown = terminal()
    with progress("export", unit="rows", enabled=shown.progress) as tracker:

        def on_rows(count: int) -> None:
            nonlocal done
            done += count
            tracker.update(done / max(total, 1), done)

        rows = export(tapes, out, kind, on_rows=on_rows)
    shown.out().print(f"{out}: {rows:,} rows, {out.stat().st_size:,} bytes")
