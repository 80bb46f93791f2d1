"""Data volume — traded volume of tapes against the venue's own candles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm.cli.data_check import wanted_tapes
from botmm.cli.options import (
    Span,
    examples,
    json_option,
    output_options,
    range_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.errors import CheckError, UsageError
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from botmm.data.catalogue import Tape
    from botmm.data.volume import Compared

WORST = 5


@click.command(
    "volume",
    epilog=examples(
        "botmm data volume --symbols BTC ETH SOL --days 1",
        "botmm data volume --symbol BTC --date 2026-02-12 --candles btc_1m.csv",
    ),
)
@output_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@symbols_option
@range_options
@store_options
@click.option("--url", metavar="URL", help="Server to ask. [default: Hyperliquid's]")
@click.option(
    "--candles",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="One-minute candles of the symbol instead: CSV or Parquet with t,o,h,l,c,v.",
)
@click.option(
    "--min-share",
    type=Span(0, 100),
    default=99.9,
    show_default=True,
    metavar="PERCENT",
    help="Exit with 7 where fewer minutes of a tape agree.",
)
@json_option
def volume(  # noqa: PLR0913
    *,
    paths: tuple[Path, ...],
    symbols: tuple[str, ...],
    date: str | None,
    since: str | None,
    until: str | None,
    days: int | None,
    store: str | None,
    venue: str | None,
    url: str | None,
    candles: Path | None,
    min_share: float,
    as_json: bool,
) -> None:
    """Compare what tapes traded in each minute with the venue's own candles.

    Candles are counted by somebody else: a whole minute without a gap record whose volume differs
    lost trades, or holds some twice. Hyperliquid keeps the last 5,000 minutes, so ask once a day.
    """
    from botmm.data.volume import compare

    tapes = wanted_tapes(paths, symbols, (date, since, until, days), (store, venue))
    if candles is not None and len({tape.symbol for tape in tapes}) > 1:
        raise UsageError("--candles holds one symbol", cure="name one with --symbol")
    told = [compare(tape, _candles(tape, url, candles)) for tape in tapes]
    shown = terminal()
    if as_json:
        shown.json([_as_dict(one) for one in told])
    else:
        _show(told)
    for one in told:
        name = f"{one.tape.venue}/{one.tape.symbol} {one.tape.day}"
        if not one.minutes:
            raise CheckError(
                f"{name}: no whole minute that the candles cover",
                cure="record for three minutes at least, and compare while the venue has its candles",
            )
        if 100 * one.share < min_share:
            raise CheckError(
                f"{name}: {len(one.differ)} of {one.minutes} minutes differ from the venue's candles",
                cure="`botmm data verify` tells what is missing of the recording",
            )


def _candles(tape: Tape, url: str | None, path: Path | None) -> dict[int, int]:
    """Return lots by the start of each minute, from a file or from the venue."""
    decimals = int(tape.meta["size_decimals"])
    if path is not None:
        from botmm.data.candles import read_candles
        from botmm.data.quality import MINUTE_NS

        rows = read_candles(path, before_ns=tape.last_ts + MINUTE_NS, most=10**7)
        return {row[0] * 1_000_000: round(row[5] * 10**decimals) for row in rows}
    if tape.venue != "hyperliquid":
        raise UsageError(
            f"{tape.venue} is not asked for candles", cure="name a file with --candles"
        )
    import asyncio

    from hyperliquid.utils.constants import MAINNET_API_URL

    from botmm.exchanges.hyperliquid.hosts import host_of
    from botmm.exchanges.hyperliquid.volumes import volumes

    span = tape.first_ts, tape.last_ts
    return asyncio.run(volumes(host_of(url or MAINNET_API_URL), tape.symbol, span, decimals))


def _as_dict(one: Compared) -> dict[str, object]:
    from botmm.units import time_text

    return {
        "path": str(one.tape.path),
        "venue": one.tape.venue,
        "symbol": one.tape.symbol,
        "day": one.tape.day.isoformat(),
        "minutes": one.minutes,
        "left_out": one.left_out,
        "traded_lots": one.traded,
        "share": round(one.share, 6),
        "differ": [
            {"minute": time_text(d.start), "tape_lots": d.tape, "candle_lots": d.candle}
            for d in one.differ
        ],
    }


def _show(told: list[Compared]) -> None:
    from rich.table import Table

    from botmm.units import time_text

    out = terminal().out()
    table = Table(box=None, header_style="bold")
    for name in ("venue", "symbol", "day", "minutes", "left out", "traded", "agree"):
        left = name in {"venue", "symbol", "day"}
        table.add_column(name, justify="left" if left else "right")
    for one in told:
        tape = one.tape
        table.add_row(
            tape.venue, tape.symbol, tape.day.isoformat(), str(one.minutes), str(one.left_out),
            _size(tape, one.traded), f"{one.share:.2%}",
        )  # fmt: skip
    out.print(table)
    for one in told:
        name = f"{one.tape.venue}/{one.tape.symbol}"
        for d in one.differ[:WORST]:
            ours, theirs = _size(one.tape, d.tape), _size(one.tape, d.candle)
            out.print(f"{name} {time_text(d.start)}  tape {ours}, candle {theirs}")
        if len(one.differ) > WORST:
            out.print(f"{name} and {len(one.differ) - WORST} more minutes; --json has them all")


def _size(tape: Tape, lots: int) -> str:
    """Return a volume in coins."""
    from botmm.units import to_text

    return to_text(lots, int(tape.meta["size_decimals"]))
