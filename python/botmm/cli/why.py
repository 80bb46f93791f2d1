"""Why — the terms of every quote of a run at a time, or the reason of its absence."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.options import examples, json_option, output_options
from botmm.cli.terminal import terminal

if TYPE_CHECKING:
    from botmm.research.why import Moment, Quote


def _asked(command: Any) -> Any:
    """Add the options that both commands share."""
    for option in (
        click.option("--symbol", metavar="SYMBOL", help="One of the run's symbols. [default: all]"),
        click.option(
            "--run",
            "folder",
            required=True,
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Folder of a run, as `botmm replay --out` wrote it.",
        ),
        click.option("--at", required=True, metavar="TIME", help="UTC, as 2026-02-12T08:30:00."),
        json_option,
        output_options,
    ):
        command = option(command)
    return command


@click.command(epilog=examples("botmm why --at 2026-02-12T08:30:00 --run runs/BTC --symbol BTC"))
@_asked
def why(**options: Any) -> None:
    """Print the terms of every quote at a time; they add up to its price exactly.

    The run is played on from its last keyframe before that time, over the same tapes; from its
    beginning where it has none, or none of this version.
    """
    for moment in _explained(options):
        click.echo(_head(moment))
        for quote in moment.quotes:
            click.echo(_quote(moment, quote))
        _say_absent(moment, also_present=False)


@click.command(
    "why-not", epilog=examples("botmm why-not --at 2026-02-12T08:30:00 --run runs/BTC --symbol BTC")
)
@_asked
def why_not(**options: Any) -> None:
    """Print why a side had no quote at a time, or a smaller one."""
    for moment in _explained(options):
        click.echo(_head(moment))
        _say_absent(moment, also_present=True)


def _explained(options: dict[str, Any]) -> list[Moment]:
    """Return the moments to print; none where JSON was asked for and is printed."""
    from botmm.core import Replay
    from botmm.research.why import explain

    moments = explain(options["folder"], options["at"], options["symbol"], Replay)
    if options["as_json"]:
        terminal().json([dataclasses.asdict(moment) for moment in moments])
        return []
    return moments


def _head(moment: Moment) -> str:
    """Return the line above a symbol's quotes."""
    from botmm.units import time_text

    facts = moment.facts
    return (
        f"{moment.symbol} at {time_text(moment.ts)}: spread {facts['spread_bps']:.2f} bps, "
        f"volatility {facts['sigma_bps']:.2f} bps, inventory {facts['rho']:+.0%} of the greatest"
    )


def _quote(moment: Moment, quote: Quote) -> str:
    """Return a quote with its terms."""
    decimals, scale = int(moment.facts["term_decimals"]), int(moment.facts["px_decimals"])
    px = _decimal(quote.px, scale)
    left = _decimal(quote.left, int(moment.facts["size_decimals"]))
    lines = [f"  {quote.side[:-1]} {quote.level}: {px} for {left}, {quote.state}"]
    lines += [f"    {_decimal(value, decimals):>24}  {name}" for name, value in quote.terms]
    if quote.terms:
        lines.append(f"    {'= ' + px:>24}")
    else:
        lines.append("    no target claims it: it is being withdrawn")
    return "\n".join(lines)


def _say_absent(moment: Moment, *, also_present: bool) -> None:
    """Print what is missing on each side."""
    for side, reason in moment.absent.items():
        if reason is not None:
            click.echo(f"  no {side[:-1]}: {reason}")
        elif also_present:
            count = sum(quote.side == side for quote in moment.quotes)
            click.echo(f"  {side}: {count} on their way or on the book")
        for cap in moment.caps[side]:
            click.echo(f"  {side}: {cap}")


def _decimal(value: int, decimals: int) -> str:
    """Return a fixed-point integer as a decimal text, exactly."""
    whole, part = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}.{part:0{decimals}d}" if decimals else f"{sign}{whole:,}"
