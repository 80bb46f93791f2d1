"""Data check — the quality of tapes, minute by minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm.cli.data_import import store_folder
from botmm.cli.options import (
    Span,
    examples,
    json_option,
    output_options,
    range_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from botmm.data.catalogue import Tape
    from botmm.data.quality import Report

_COMPLAINTS = {
    "gap": "gap",
    "crossed": "crossed",
    "locked": "locked",
    "time_back": "time back",
    "outside": "outside",
    "skew": "skew",
}


@click.command(
    "check",
    epilog=examples(
        "botmm data check",
        "botmm data check --symbol BTC --date 2026-02-12 --worst 10",
        "botmm data check --min-score 95 --json",
    ),
)
@output_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@symbols_option
@range_options
@store_options
@click.option(
    "--worst", type=click.IntRange(0), default=5, show_default=True, help="Minutes listed."
)
@click.option("--min-score", type=Span(0, 100), help="Exit with 7 if a tape scores below this.")
@json_option
def check(  # noqa: PLR0913
    *,
    paths: tuple[Path, ...],
    symbols: tuple[str, ...],
    date: str | None,
    since: str | None,
    until: str | None,
    days: int | None,
    store: str | None,
    venue: str | None,
    worst: int,
    min_score: float | None,
    as_json: bool,
) -> None:
    """Score tapes from 0 to 100 for every minute, and list the worst.

    Points go for silence (up to 100), crossed (60) and locked (30) books, time that runs back
    (40), trades that could not have met the book (20), and delays below zero (20). `score` is the
    mean of all minutes from the first row to the last, `recorded` of those that are not all
    silence; the other columns are the shares of time, messages or trades that cost points. What
    the import counted and mended (repeated trades, receive times that ran back) is told below the
    table; it costs no points.
    """
    from botmm.data.quality import check as score
    from botmm.errors import CheckError
    from botmm.observe.progress import progress

    tapes = wanted_tapes(paths, symbols, (date, since, until, days), (store, venue))
    shown, reports = terminal(), []
    with progress("check", unit="rows", enabled=shown.progress) as tracker:
        for number, tape in enumerate(tapes, start=1):
            reports.append(score(tape))
            tracker.update(number / len(tapes), sum(report.tape.rows for report in reports))
    if as_json:
        shown.json([_as_dict(report, worst) for report in reports])
    else:
        _show(reports, worst)
    low = [r for r in reports if min_score is not None and r.score < min_score]
    if low:
        raise CheckError(
            f"{len(low)} of {len(reports)} tapes score below {min_score:g}: {low[0].tape.path} has "
            f"{low[0].score:.1f}",
            cure="leave these days out, or mask the minutes listed",
        )


def wanted_tapes(
    paths: tuple[Path, ...],
    symbols: tuple[str, ...],
    span: tuple[str | None, str | None, str | None, int | None],
    place: tuple[str | None, str | None],
) -> list[Tape]:
    """Return the tapes that were named, or those of the store in the range.

    Raises:
        DataError: there are none.
    """
    from botmm.data.catalogue import coverage, find_tapes, nearest, read_tape
    from botmm.errors import DataError
    from botmm.research.plan import resolved, select_range

    if paths:
        return [read_tape(path) for path in paths]
    day, since, until, days = span
    wanted = select_range(day=day, since=since, until=until, days=days)
    folder, venue = store_folder(place[0]), place[1]
    found: list[Path] = []
    held = coverage(folder, venue=venue, symbols=symbols)
    for row in held:
        span_of = resolved(wanted, row.days[-1])
        found += find_tapes(folder, row.venue, row.symbol, span_of.since, span_of.until)
    if not found:
        elsewhere = nearest(folder, venue, symbols[0]) if symbols and not held else None
        cure = elsewhere or "`botmm data ls` shows what is there"
        raise DataError(f"no such tapes in {folder}", cure=cure)
    return [read_tape(path) for path in found]


def _as_dict(report: Report, worst: int) -> dict[str, object]:
    return {
        "path": str(report.tape.path),
        "venue": report.tape.venue,
        "symbol": report.tape.symbol,
        "day": report.tape.day.isoformat(),
        "score": round(report.score, 2),
        "score_recorded": round(report.score_recorded, 2),
        "minutes": len(report.minutes),
        "silent_minutes": report.silent,
        "shares": {name: round(share, 6) for name, share in report.shares().items()},
        "defects": report.tape.defects,
        "worst": [minute.as_dict() for minute in report.worst(worst)],
    }


def _show(reports: list[Report], worst: int) -> None:
    from rich.table import Table

    from botmm.data.catalogue import defects_text
    from botmm.units import time_text

    out = terminal().out()
    table = Table(box=None, header_style="bold")
    names = ("venue", "symbol", "day", "minutes", "silent", "score", "recorded")
    for name in (*names, *_COMPLAINTS.values()):
        table.add_column(name, justify="left" if name in {"venue", "symbol", "day"} else "right")
    for report in reports:
        tape, shares = report.tape, report.shares()
        table.add_row(
            tape.venue,
            tape.symbol,
            tape.day.isoformat(),
            str(len(report.minutes)),
            str(report.silent or ""),
            f"{report.score:.1f}",
            f"{report.score_recorded:.1f}",
            *(f"{shares[name]:.2%}" if shares[name] else "" for name in _COMPLAINTS),
        )
    out.print(table)
    for report in reports:
        name = f"{report.tape.venue}/{report.tape.symbol}"
        for start, end in report.tape.gaps:
            seconds = (end - start) * 1e-9
            out.print(f"{name} {time_text(start)}  silent for {seconds:,.1f} s")
        if defects := report.tape.defects:
            day = report.tape.day.isoformat()
            text = f"{name} {day}  counted on import: {defects_text(defects)}"
            out.print(text, soft_wrap=not out.is_terminal)
        for minute in report.worst(worst):
            why = ", ".join(
                f"{_COMPLAINTS[key]} {share:.1%}"
                for key, share in minute.shares.items()
                if share > 0
            )
            out.print(f"{name} {time_text(minute.start)}  {minute.score:5.1f}  {why}")
    out.print("score 100: nothing to complain of; shares are of time, messages or trades")
