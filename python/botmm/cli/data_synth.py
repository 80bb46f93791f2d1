"""Data synth — simulate a market and record it as a tape."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.data_import import size_text, store_folder
from botmm.cli.options import (
    examples,
    json_option,
    output_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.observe.spellings import symbols_option

# A century; no date of the calendar is left behind.
_HOURS_MAX = 876_000

if TYPE_CHECKING:
    from botmm.data.synth_plan import SynthOutcome, SynthPlan


@click.command(
    "synth",
    epilog=examples(
        "botmm data synth --symbol BTC --hours 2 --store demo",
        "botmm data synth --symbols BTC ETH SOL --days 14 --seed 7",
        "botmm data synth --symbols BTC ETH SOL --days 90 --model plain",
        "botmm data synth --streams full --hours 1 --truth ghosts.parquet",
    ),
)
@symbols_option
@click.option("--hours", type=float, metavar="H", help="Length, from 0.01. [default: 2]")
@click.option("--days", type=click.IntRange(1), metavar="N", help="Length in whole days.")
@click.option(
    "--date", "day", default="2026-01-05", show_default=True, metavar="DAY", help="First UTC day."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, metavar="N")
@click.option(
    "--model",
    type=click.Choice(["orders", "plain"]),
    default="orders",
    show_default=True,
    help="Order by order, or plain: levels and takers without orders, each day made alone, on all "
    "cores, in larger files; for months of data.",
)
@click.option(
    "--streams",
    type=click.Choice(["classic", "modern", "full"]),
    default="classic",
    show_default=True,
    help="Recorded streams: 20 levels each 0.5 s, touch and trades; 20 levels each 5.4 s, "
    "5 levels each 0.54 s, touch and trades; or every level change and trades.",
)
@click.option(
    "--latency-ms",
    type=click.IntRange(0),
    metavar="MS",
    help="Constant feed latency. [default: random, 0.25 to 0.4 s]",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write hypothetical orders with their true queue positions and fills (Parquet).",
)
@store_options
@json_option
@output_options
def synth(**options: Any) -> None:
    """Simulate an exchange and record it as Hyperliquid's streams would show it.

    The market is seeded: the same options give the same rows. Symbols of one seed move together.
    The result is synthetic and says so in its metadata, in reports and here.
    """
    from botmm.data.synth import make
    from botmm.observe.progress import progress

    shown = terminal()
    plan = _plan(options)
    with progress("synth", unit="rows", enabled=shown.progress) as tracker:
        outcome = make(plan, tracker)
    if options["as_json"]:
        shown.json(
            {
                "synthetic": True,
                "seed": plan.seed,
                "written": [tape.as_dict() for tape in outcome.written],
                "kept": [str(path) for path in outcome.kept],
                "ghosts": outcome.ghosts,
            }
        )
    else:
        _show(plan, outcome)


def _plan(options: dict[str, Any]) -> SynthPlan:
    """Return what the options ask for."""
    from botmm.data.synth_plan import SYMBOLS, SynthPlan
    from botmm.errors import UsageError
    from botmm.units import DAY_NS, SECOND_NS, day_start, parse_date

    if options["hours"] is not None and options["days"] is not None:
        raise UsageError("--hours and --days are both lengths", cure="give one of them")
    symbols = options["symbols"] or ("BTC",)
    unknown = [symbol for symbol in symbols if symbol not in SYMBOLS]
    if unknown:
        raise UsageError(
            f"no synthetic market for {', '.join(unknown)}", cure=f"there are {', '.join(SYMBOLS)}"
        )
    try:
        start = day_start(parse_date(options["day"]))
    except ValueError as error:
        raise UsageError(f"--date: {error}") from None
    hours = 2.0 if options["hours"] is None else options["hours"]
    if not 0.01 <= hours <= _HOURS_MAX:  # holds for NaN too
        raise UsageError(f"--hours {hours:g}: must be between 0.01 and {_HOURS_MAX:,}")
    days = options["days"]
    return SynthPlan(
        store=store_folder(options["store"]),
        symbols=symbols,
        venue=options["venue"] or "hyperliquid",
        start=start,
        length_ns=round(hours * 3600) * SECOND_NS if days is None else days * DAY_NS,
        seed=options["seed"],
        streams=options["streams"],
        model=options["model"],
        latency_ms=options["latency_ms"],
        truth=options["truth"],
    )


def _show(plan: SynthPlan, outcome: SynthOutcome) -> None:
    """Print what was written."""
    from rich.table import Table

    out = terminal().out()
    if outcome.written:
        table = Table(box=None, header_style="bold")
        for name in ("symbol", "rows", "size", "tape"):
            table.add_column(name, justify="right" if name in {"rows", "size"} else "left")
        for tape in outcome.written:
            size = size_text(tape.size_bytes)
            table.add_row(tape.symbol, f"{tape.rows:,}", size, str(tape.path))
        out.print(table)
    for path in outcome.kept:
        out.print(f"{path}: there already, made by the same seed and options")
    if plan.truth is not None:
        out.print(f"{plan.truth}: {outcome.ghosts:,} hypothetical orders and their true queues")
    out.print(f"These markets are synthetic (seed {plan.seed}), not recordings.")
