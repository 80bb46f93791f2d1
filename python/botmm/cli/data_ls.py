"""Data ls — what is in the store."""

from __future__ import annotations

import rich_click as click

from botmm.cli.data_import import size_text, store_folder
from botmm.cli.options import examples, json_option, output_options, store_options
from botmm.cli.terminal import terminal
from botmm.observe.spellings import symbols_option


@click.command(
    "ls", epilog=examples("botmm data ls", "botmm data ls --venue hyperliquid --symbol BTC --json")
)
@output_options
@symbols_option
@store_options
@json_option
def ls(*, symbols: tuple[str, ...], store: str | None, venue: str | None, as_json: bool) -> None:
    """Show which symbols and days the store holds, and what they cover."""
    from botmm.data.catalogue import coverage

    folder, shown = store_folder(store), terminal()
    found = coverage(folder, venue=venue, symbols=symbols)
    if as_json:
        shown.json([row.as_dict() for row in found])
        return
    if not found:
        shown.out().print(f"no tapes in {folder}; `botmm data import PATH` or `botmm data synth`")
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for name in ("venue", "symbol", "days", "", "rows", "size", "tier", "hours", "gaps"):
        right = name in {"rows", "size", "hours", "gaps"}
        table.add_column(name, justify="right" if right else "left")
    for row in found:
        gaps = f"{row.gaps} ({row.gap_seconds:.0f} s)" if row.gaps else ""
        table.add_row(
            row.venue,
            row.symbol,
            str(len(row.days)),
            f"{row.days[0]} to {row.days[-1]}" if len(row.days) > 1 else str(row.days[0]),
            f"{row.rows:,}",
            size_text(row.size_bytes),
            " ".join(row.tiers),
            f"{row.hours:.2f}",
            gaps,
        )
    shown.out().print(table)
    for row in found:
        for text in row.damaged:
            shown.say(f"damaged: {text}")
