"""Data watch — what the recorder does now: rates, ages, gaps, bytes a day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.data_compact import captures
from botmm.cli.data_import import size_text, store_folder
from botmm.cli.options import examples, json_option, output_options, store_options
from botmm.cli.terminal import follow, terminal

if TYPE_CHECKING:
    from rich.console import Group

EVERY_S = 0.5
STALE_S = 5.0


@click.command(
    "watch",
    epilog=examples("botmm data watch", "botmm data watch --once", "botmm data watch --json"),
)
@output_options
@store_options
@click.option("--once", is_flag=True, help="Print once instead of keeping the screen up to date.")
@json_option
def watch_command(*, store: str | None, venue: str | None, once: bool, as_json: bool) -> None:
    """Show each stream that a recorder hears, its gaps, and how much it writes.

    Exit code 3 with --once or --json where no recorder runs.
    """
    from botmm.errors import DataError

    folder, shown = store_folder(store), terminal()
    found = read(folder, venue)
    console = shown.out()
    if as_json:
        shown.json(found)
    elif once or not console.is_terminal:
        console.print(screen(found))
    else:
        follow(lambda: screen(read(folder, venue)), EVERY_S)
    if not any(one["alive"] for one in found):
        raise DataError("no recorder runs", cure="start one: botmm record --symbols BTC")


def read(store: Path, venue: str | None) -> list[dict[str, Any]]:
    """Return the last status of each venue's recorder, with its age and whether it is alive.

    Raises:
        DataError: nothing was recorded.
    """
    from botmm.clock import SystemClock
    from botmm.errors import DataError

    found = []
    for place in captures(store, venue):
        try:
            status = json.loads((place / "status.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        status["status_age_s"] = (int(SystemClock().now()) - status["now_ns"]) * 1e-9
        status["alive"] = status["running"] and status["status_age_s"] < STALE_S
        found.append(status)
    if not found:
        raise DataError(f"{store}: no recorder ran", cure="run `botmm record` first")
    return found


def screen(found: list[dict[str, Any]]) -> Group:
    """Return the screen: a head and a table for each venue."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = []
    for status in found:
        parts += [Text(line) for line in _head(status)]
        table = Table(box=None, header_style="bold")
        for name in ("symbol", "channel", "frames", "bytes", "per s", "age"):
            table.add_column(name, justify="left" if name in {"symbol", "channel"} else "right")
        for row in status["streams"]:
            age = row["age_s"] + status["status_age_s"]
            table.add_row(
                Text(row["symbol"]),
                Text(row["channel"]),
                f"{row['frames']:,}",
                size_text(row["bytes"]),
                f"{row['rate']:.2f}",
                f"{age:.1f} s",
            )
        parts.append(table)
    return Group(*parts)


def _head(status: dict[str, Any]) -> list[str]:
    state = "records" if status["alive"] else f"stopped {status['status_age_s']:,.0f} s ago"
    lines = [
        f"{status['venue']}  {status['url']}  {state}  process {status['pid']}",
        f"{status['records']:,} records  {size_text(status['bytes_a_day'])} a day"
        f"{'' if status.get('packed') else ' before packing'}  "
        f"{status['gaps']} gaps{'  last ' + status['last_gap'] if status['last_gap'] else ''}  "
        f"{size_text(status['free_bytes'])} free  {size_text(status['pending_bytes'])} waiting",
    ]
    for name, words in (("not_heard", "not heard"), ("not_recorded", "not recorded")):
        lines += [f"{words}: {', '.join(status[name])}"] if status[name] else []
    lines += [f"{status['lost_records']:,} records lost"] if status["lost_records"] else []
    lines += [f"failing: {status['failure']}"] if status["failure"] else []
    return lines
