"""Live vs replay — a daemon's run, or a day of them, against a replay of its own recording."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.journal import corrupt, damaged, journal_option, open_journal
from botmm.cli.options import (
    Span,
    config_options,
    examples,
    json_option,
    load_config,
    output_options,
)
from botmm.cli.terminal import terminal
from botmm.errors import UsageError
from botmm.units import DAY_NS, SECOND_NS, day_of, day_start, parse_date, time_text

if TYPE_CHECKING:
    from botmm.live.versus import Versus
    from botmm.report.versus_page import VersusSheet

FILES = {"report.html", "summary.json", "pairs.parquet"}


@click.command(
    "live-vs-replay",
    epilog=examples(
        "botmm report live-vs-replay --journal state",
        "botmm report live-vs-replay --day 2026-02-12 --out runs/gap",
        "botmm report live-vs-replay --run 3 --set sim.queue=pow2:3 --json",
    ),
)
@output_options
@journal_option
@click.option("--day", metavar="DAY", help="One UTC day, as 2026-02-12. [default: all of it]")
@click.option("--run", "number", type=click.IntRange(1), metavar="N", help="One run, from 1.")
@click.option(
    "--window",
    type=Span(0.01, 60),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Fills of one side further apart than this are not the same.",
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Output folder."
)
@config_options
@json_option
def live_vs_replay(**options: Any) -> None:
    """Play what a daemon recorded again, tick by tick, and explain what it earned otherwise.

    Parameters, fees, signals and latencies are those of the run; only the simulated venue's
    settings (sim.queue) are yours. Fills are matched by side, price and time, and the gap is split
    into parts that add up. The output folder holds report.html, summary.json and pairs.parquet.
    """
    from botmm.report import versus_page

    day = None
    if options["day"] is not None:
        try:
            start = int(day_start(parse_date(options["day"])))
        except ValueError as error:
            raise UsageError(f"--day: {error}") from None
        day = (start, start + DAY_NS)
    base = load_config(options["config"], options["overrides"]).settings
    shown = terminal()
    if options["out"] is not None:
        _check(options["out"])
    with tempfile.TemporaryDirectory(prefix="botmm-") as scratch:
        done, notes = _played(options, base, day, Path(scratch))
        sheet = _sheet(done, notes, base.sim.queue)
        place = options["out"] or Path("runs") / f"live-vs-replay-{day_of(sheet.first)}"
        told = _summary(sheet, done)
        with _folder(place) as fresh:
            page = versus_page.render(sheet)
            (fresh / "report.html").write_text(page, encoding="utf-8")
            (fresh / "summary.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            _write_pairs(fresh / "pairs.parquet", sheet)
    if options["as_json"]:
        shown.json(told)
        return
    _print(sheet)
    shown.out().print(f"\n{place / 'report.html'}")


def _played(
    options: dict[str, Any], base: Any, day: tuple[int, int] | None, scratch: Path
) -> tuple[list[Versus], list[str]]:
    """Return each stretch with both sides, and what has to be said of the journal."""
    from botmm.exchanges.hyperliquid.told import Told
    from botmm.live import versus
    from botmm.live.history import runs

    reader, shown = open_journal(options["journal"]), terminal()
    found = list(runs(reader, Told))
    if wrong := corrupt(reader):
        raise damaged(wrong[0])
    holes = len(reader.gaps)
    chosen = versus.stretches(found, number=options["number"], day=day)
    warmup_ns = round(base.replay.warmup_s * SECOND_NS)
    frames = versus.write_frames(reader, Told, chosen, scratch, warmup_ns)
    done = []
    for one in chosen:
        number = one.run.number
        shown.say(f"run {number}: {time_text(one.begin)} to {time_text(one.end)} UTC")
        made = versus.tapes(frames[number], one.run, scratch / f"data-{number}")
        plan = versus.plan_of(one, base, made, scratch)
        done.append(versus.play(one, plan, window_ns=round(options["window"] * SECOND_NS)))
    notes = [text for one in done for text in versus.notes(one.stretch)]
    if holes:
        notes.append(
            f"The journal has {holes} holes: what came in meanwhile is missing on both sides."
        )
    return done, notes


def _sheet(done: list[Versus], notes: list[str], queue: str) -> VersusSheet:
    """Return what the page is made of."""
    from botmm.report.versus import together
    from botmm.report.versus_page import Market, VersusSheet

    first = done[0].stretch.run
    markets = [
        Market(
            name=row["symbol"],
            px_decimals=max(6 - row["size_decimals"], 0),
            size_decimals=row["size_decimals"],
        )
        for row in first.spec["symbols"]
    ]
    found = together([one.found for one in done])
    volume = sum(pair.live.px * pair.live.size for pair in found.pairs if pair.live is not None)
    rows = [row for one in done for row in one.stretch.latency.rows]
    measured = f"{len(rows):,} requests of these runs" if rows else "constant: nothing was measured"
    offsets = ", ".join(f"{one.stretch.latency.offset_ns / 1e6:+,.0f}" for one in done)
    return VersusSheet(
        title=" ".join(first.symbols),
        first=min(one.stretch.begin for one in done),
        last=max(one.stretch.end for one in done),
        runs=len(done),
        markets=markets,
        found=found,
        curve=_joined([one.curve for one in done]),
        latency=rows,
        notes=notes,
        assumptions=[
            ("Queue of the replay", queue),
            ("Latency of the replay", measured),
            ("Fills matched", "by symbol and side; the same price first, then the nearest in time"),
            ("The venue's clock less ours, ms", offsets),
            ("Runs", ", ".join(str(one.stretch.run.number) for one in done)),
        ],
        volume_usd=volume / 1e6,
    )


def _joined(curves: list[list[tuple[int, float, float]]]) -> list[tuple[int, float, float]]:
    """Return the curves of several runs as one: each goes on where the one before ended."""
    found: list[tuple[int, float, float]] = []
    for curve in curves:
        _, live, replay = found[-1] if found else (0, 0.0, 0.0)
        found += [(ts, live + mine, replay + theirs) for ts, mine, theirs in curve]
    return found


def _summary(sheet: VersusSheet, done: list[Versus]) -> dict[str, Any]:
    """Return the result as JSON."""
    from botmm.report import versus_page as page
    from botmm.report.versus import CAUSES

    found = sheet.found
    return {
        "schema_version": 1,
        "answer": page.answer(sheet),
        "first_ts": sheet.first,
        "last_ts": sheet.last,
        "runs": [one.stretch.run.number for one in done],
        "live_usd": page.usd(found.live2),
        "replay_usd": page.usd(found.replay2),
        "gap_usd": page.usd(found.gap2),
        "volume_usd": sheet.volume_usd,
        "fills": page.shares(found),
        "parts_usd": {name: page.usd(value) for name, value in found.parts.items()},
        "causes": {
            row["name"]: {"only_live": row["only_live"], "only_replay": row["only_replay"]}
            for row in page.part_rows(found)
            if row["name"] in CAUSES
        },
        "latency_ms": {
            name: {"p50": round(p50, 3), "p90": round(p90, 3), "p99": round(p99, 3)}
            for name, p50, p90, p99 in page.latency_rows(sheet.latency)
        },
        "warnings": page.warnings(sheet),
        "assumptions": dict(sheet.assumptions),
    }


def _print(sheet: VersusSheet) -> None:
    """Print the result on one screen."""
    from rich.table import Table

    from botmm.report import formats
    from botmm.report import versus_page as page

    out = terminal().out()
    out.print(f"[bold]{page.answer(sheet)}[/]\n")
    table = Table(box=None, header_style="bold")
    table.add_column("part of the gap")
    for name in ("USD", "only live", "only replay"):
        table.add_column(name, justify="right")
    for row in page.part_rows(sheet.found):
        counts = [str(row[side] or "") for side in ("only_live", "only_replay")]
        table.add_row(row["title"], formats.usd(row["usd"], signed=True), *counts)
    gap, have = page.usd(sheet.found.gap2), page.shares(sheet.found)
    totals = [str(have[side]) for side in ("only_live", "only_replay")]
    table.add_row("gap", formats.usd(gap, signed=True), *totals, style="bold")
    out.print(table)
    for text in page.warnings(sheet):
        out.print(f"[yellow]![/] {text}")


def _write_pairs(path: Path, sheet: VersusSheet) -> None:
    """Write every pair: integers in the units of the symbol, null where a side has none."""
    import pyarrow as pa
    from pyarrow import parquet

    pairs = sheet.found.pairs
    columns: dict[str, Any] = {
        "symbol": pa.array([sheet.markets[p.one.symbol].name for p in pairs], pa.string()),
        "side": pa.array([p.one.side for p in pairs], pa.int8()),
        "sort": pa.array([p.sort for p in pairs], pa.string()),
        "cause": pa.array([p.cause for p in pairs], pa.string()),
    }
    for side in ("live", "replay"):
        fills = [getattr(pair, side) for pair in pairs]
        for name in ("ts", "px", "size", "fee"):
            values = [None if fill is None else getattr(fill, name) for fill in fills]
            columns[f"{side}_{name}"] = pa.array(values, pa.int64())
    parquet.write_table(pa.table(columns), path)


def _check(place: Path) -> None:
    """Refuse a place that holds anything but an earlier report.

    Raises:
        UsageError: it does.
    """
    if place.exists() and (not place.is_dir() or {p.name for p in place.iterdir()} - FILES):
        raise UsageError(f"{place} holds something else", cure="name another --out, or remove it")


@contextmanager
def _folder(place: Path) -> Iterator[Path]:
    """Yield a folder that takes its place when all is written; an earlier report is replaced.

    Raises:
        UsageError: the place holds something else.
    """
    _check(place)
    fresh = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    fresh.mkdir(parents=True)
    try:
        yield fresh
        if place.exists():
            shutil.rmtree(place)
        fresh.replace(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
