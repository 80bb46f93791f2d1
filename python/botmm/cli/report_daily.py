"""Report daily — fills, volume and profit of each UTC day, from the daemon's state file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.control import state_folder, state_option
from botmm.cli.options import config_options, examples, json_option, output_options
from botmm.cli.terminal import terminal
from botmm.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

DAYS = 30
_TEXT = ("day", "symbol")
_COLUMNS = {
    "fills": "{:,}",
    "volume_usd": "{:,.2f}",
    "gross_usd": "{:+,.2f}",
    "fees_usd": "{:,.2f}",
    "funding_usd": "{:+,.2f}",
    "net_usd": "{:+,.2f}",
    "maker_share": "{:.0%}",
    "fills_per_order": "{:.3f}",
    "fills_per_hour": "{:.1f}",
}


@click.command("daily", epilog=examples("botmm report daily", "botmm report daily --days 7 --json"))
@output_options
@json_option
@config_options
@state_option
@click.option(
    "--days", type=click.IntRange(1), default=DAYS, show_default=True, help="How many days."
)
def daily(
    *,
    days: int,
    state: str | None,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what each symbol brought on each UTC day, and all of them together.

    The days are cuts of the engine's ledger: they sum to it exactly. It works beside a daemon that
    runs, too.
    """
    from contextlib import closing

    from botmm.live.days import shown, summed
    from botmm.live.latches import STATE_FILE
    from botmm.store.state import StateStore

    path = state_folder(state, config, overrides) / STATE_FILE
    if not path.is_file():
        raise UsageError(f"{path} is not there", cure="name the daemon's folder with --state")
    with closing(StateStore(path, read_only=True)) as store:
        found = store.buckets()
    names = sorted({one.day for one in found})[-days:]
    kept = [one for one in found if one.day in names]
    rows = [shown(one) for one in kept]
    console = terminal()
    if as_json:
        console.json(rows)
    elif not rows:
        console.out().print("no day yet: the daemon writes them while it runs")
    else:
        console.out().print(table([*rows, shown(summed(kept, day="all", symbol=""))]))


def table(rows: list[dict[str, Any]]) -> Table:
    """Return days as a table; a rate of nothing is a dash."""
    from rich.table import Table

    made = Table(box=None, header_style="bold")
    for name in (*_TEXT, *_COLUMNS):
        made.add_column(name.replace("_", " "), justify="left" if name in _TEXT else "right")
    for row in rows:
        cells = [
            "-" if row[name] is None else form.format(row[name]) for name, form in _COLUMNS.items()
        ]
        made.add_row(*(row[name] for name in _TEXT), *cells)
    return made
