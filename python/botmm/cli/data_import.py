"""Data import — recordings and archives to tapes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.options import (
    examples,
    json_option,
    load_config,
    output_options,
    range_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from botmm.data.ingest import Outcome, Request
    from botmm.data.writing import Written


@click.command(
    "import",
    epilog=examples(
        "botmm data import recordings/2026-02-12/",
        "botmm data import archive/ --symbol BTC --from 2026-02-01 --to 2026-02-14",
        "botmm data import events.parquet --venue binance --symbol BTCUSDT",
        "botmm data import dump.csv.gz --map my_columns.toml",
        "botmm data import --formats",
    ),
)
@output_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "format_name", metavar="NAME", help="Format, where the content does not tell."
)
@click.option("--formats", is_flag=True, help="List the formats and stop.")
@click.option(
    "--map",
    "mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Column mapping (TOML or JSON) of tables that no shipped format knows.",
)
@symbols_option
@range_options
@store_options
@click.option("--size-decimals", type=click.IntRange(0, 9), metavar="N", help="Decimals of sizes.")
@click.option("--px-decimals", type=click.IntRange(0, 9), metavar="N", help="Decimals of prices.")
@click.option("--force", is_flag=True, help="Make tapes anew that are there already.")
@json_option
def import_command(**options: Any) -> None:
    """Turn recordings and archives into tapes, one a venue, symbol and UTC day.

    Files are recognised by their content; folders are searched. Compressed files (gzip, zstd,
    LZ4, zip) are read as they are. What is imported already is skipped; an import that was
    interrupted goes on where it stopped.
    """
    from botmm.data.importers.recognise import formats
    from botmm.data.ingest import run
    from botmm.errors import UsageError
    from botmm.observe.progress import progress

    shown = terminal()
    if options["formats"]:
        if options["as_json"]:
            shown.json(formats())
        else:
            for name, about in formats().items():
                shown.out().print(f"{name:16} {about}")
        return
    if not options["paths"]:
        raise UsageError("nothing to import", cure="name files or folders")
    request = _request(options)
    with progress("import", unit="rows", enabled=shown.progress) as tracker:
        outcome = run(request, tracker)
    for text in [*outcome.ignored, *outcome.kept]:
        shown.say(text)
    if options["as_json"]:
        shown.json(
            {
                "written": [tape.as_dict() for tape in outcome.written],
                "kept": outcome.kept,
                "ignored": outcome.ignored,
                "failed": [{"error": e.message, "cure": e.cure} for e in outcome.failed],
            }
        )
    else:
        show(outcome)
    refuse(outcome)


def refuse(outcome: Outcome) -> None:
    """Raise where a file or symbol failed; of several, each is told."""
    from botmm.errors import DataError

    if len(outcome.failed) == 1:
        raise outcome.failed[0]
    if outcome.failed:
        for error in outcome.failed:
            click.echo(f"error: {error.message}\n  → {error.cure}", err=True)
        raise DataError(
            f"{len(outcome.failed)} files or symbols were not imported; the others were",
            cure="mend what is named above and import again: what is finished is skipped",
        )


def _request(options: dict[str, Any]) -> Request:
    """Return what the options ask for."""
    from botmm.data.importers.mapping import load
    from botmm.data.importers.recognise import Wish
    from botmm.data.ingest import Request
    from botmm.research.plan import select_range
    from botmm.units import day_of

    wanted = select_range(
        day=options["date"],
        since=options["since"],
        until=options["until"],
        days=options["days"],
    )
    first = None if wanted.since is None else day_of(wanted.since)
    last = None if wanted.until is None else day_of(wanted.until - 1)
    mapping = options["mapping"]
    return Request(
        paths=options["paths"],
        store=store_folder(options["store"]),
        wish=Wish(
            format=options["format_name"],
            venue=options["venue"],
            symbols=options["symbols"],
            mapping=None if mapping is None else load(mapping),
        ),
        days=(first, last),
        px_decimals=options["px_decimals"],
        size_decimals=options["size_decimals"],
        force=options["force"],
    )


def store_folder(store: str | None) -> Path:
    """Return the data folder: told, or the configuration's."""
    return Path(store) if store is not None else Path(load_config((), ()).settings.store.dir)


def show(outcome: Outcome) -> None:
    """Print a table of what was written, and what was remarkable in it."""
    from rich.table import Table

    out = terminal().out()
    if not outcome.written:
        if not outcome.failed:
            out.print("nothing new to import")
        return
    table = Table(box=None, header_style="bold")
    for name in ("venue", "symbol", "day", "rows", "size", "tier", "gaps", "clock"):
        right = name in {"rows", "size", "gaps", "clock"}
        table.add_column(name, justify="right" if right else "left")
    for tape in outcome.written:
        offset = f"{tape.clock_offset_ns / 1e6:+.0f} ms" if tape.clock_offset_ns else ""
        table.add_row(
            tape.venue,
            tape.symbol,
            tape.day.isoformat(),
            f"{tape.rows:,}",
            size_text(tape.size_bytes),
            tape.tier,
            str(len(tape.gaps) or ""),
            offset,
        )
    out.print(table)
    for line in _remarks(outcome.written):
        out.print(line, soft_wrap=not out.is_terminal)


def _remarks(written: list[Written]) -> list[str]:
    """Return what a reader of the table should know: gaps, and once a symbol the rest."""
    from botmm.data.catalogue import defects_of, defects_text
    from botmm.units import time_text

    groups: dict[str, list[Written]] = {}
    for tape in written:
        groups.setdefault(f"{tape.venue}/{tape.symbol}", []).append(tape)
    lines = []
    for name, tapes in groups.items():
        for start, end in (gap for tape in tapes for gap in tape.gaps):
            lines.append(f"{name}: gap of {(end - start) * 1e-9:.1f} s from {time_text(start)}")
        lines += [
            f"{name}: the recorder's clock ran {offset / 1e9:.3f} s behind the venue's; receive "
            "times are corrected by that constant"
            for offset in sorted({tape.clock_offset_ns for tape in tapes} - {0})
        ]
        counted = sum((Counter(tape.quality) for tape in tapes), Counter[str]())
        if defects := defects_of(counted):
            lines.append(f"{name}: {defects_text(defects)}")
        notes = {key: text for tape in tapes for key, text in tape.notes.items()}
        lines += [f"{name}: {key.replace('_', ' ')}: {text}" for key, text in notes.items()]
    return lines


def size_text(count: float) -> str:
    """Return bytes with a unit, as 3.4 MB."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
