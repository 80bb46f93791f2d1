"""Sweep — many parameter sets over recorded order books, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.options import (
    config_options,
    examples,
    json_option,
    output_options,
    play_options,
    play_settings,
    range_options,
    store_options,
)
from botmm.cli.terminal import terminal
from botmm.errors import UsageError
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from rich.table import Table

    from botmm.observe.progress import Tracker
    from botmm.report.sweep_sheet import SweepSheet
    from botmm.research.stopping import Stopper
    from botmm.research.sweep import SweepFolder

FAILED_SHOWN = 3


@click.command(
    epilog=examples(
        "botmm sweep --symbol BTC --date 2026-02-12 --grid base_spread_bps=1,2,4,8",
        "botmm sweep --symbols BTC ETH --days 7 --grid base_spread_bps=1:6:0.5 "
        "--grid inventory_skew_factor=0.1:0.9:0.2",
        "botmm sweep BTC.parquet --sets sets.csv --threads 2 --json",
    )
)
@output_options
@click.argument("tapes", nargs=-1, type=click.Path(path_type=Path))
@symbols_option
@range_options
@store_options
@config_options
@click.option(
    "--grid",
    multiple=True,
    metavar="NAME=VALUES",
    help="An axis: NAME=1,2,3 or NAME=START:STOP:STEP. Repeatable; all combinations are played.",
)
@click.option(
    "--sets",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sets as a JSON list of objects, or CSV with names in the first row.",
)
@click.option(
    "--threads", type=click.IntRange(0, 256), default=0, metavar="N", help="[default: every core]"
)
@click.option(
    "--group",
    type=click.IntRange(1, 10_000),
    default=48,
    show_default=True,
    metavar="N",
    help="Sets in one pass; what a kill can cost is one group.",
)
@play_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Output folder."
)
@json_option
def sweep(**options: Any) -> int:
    """Play many parameter sets over recorded order books, decoded once for all of them.

    Each set ends exactly as `botmm replay` would end it. The output folder holds report.html,
    sweep.parquet (a row a set), days.parquet (net result of each set and day) and manifest.json.
    The same command goes on where an earlier one was stopped; until then, the report is of the
    groups that ended.
    """
    from botmm.research import grids
    from botmm.research.plan import make_plan, select_range

    if bool(options["grid"]) == (options["sets"] is not None):
        raise UsageError("a sweep needs --grid or --sets, and not both", cure="see `--help`")
    sets = grids.read(options["sets"]) if options["sets"] else grids.product(options["grid"])
    wanted = select_range(
        day=options["date"], since=options["since"], until=options["until"], days=options["days"]
    )
    plan = make_plan(
        play_settings(options),
        symbols=options["symbols"],
        paths=options["tapes"],
        wanted=wanted,
        warmup=options["warmup"],
    )
    grids.checked(sets, plan.symbols)
    return _run(plan, sets, options)


def _run(plan: Any, sets: Sequence[Any], options: dict[str, Any]) -> int:
    """Play what is not played yet, write the tables and the report, and print them."""
    from botmm.cli.repeat import replay_command
    from botmm.observe.progress import progress
    from botmm.research import sweep as job
    from botmm.research.stopping import Stopper

    shown = terminal()
    group, days = options["group"], job.days_of(plan)
    folder = job.SweepFolder(
        options["out"] or job.default_folder(plan, sets, group), plan, sets, group
    )
    groups = folder.groups()
    waiting = [one for one in groups if not one[2].exists()]
    if len(waiting) < len(groups):
        shown.say(f"{len(groups) - len(waiting)} of {len(groups)} groups are there already")
    label = f"sweep {' '.join(plan.symbols)}, {len(sets)} sets"
    command = partial(replay_command, options, until=plan.range.until)
    with Stopper() as stopper, progress(label, days=days, enabled=shown.progress) as bar:
        course = _Course(bar=bar, stopper=stopper, groups=len(waiting))
        for first, own, part in waiting:
            rows = job.play(
                plan, own, threads=options["threads"], first=first, on_chunk=course.on_chunk
            )
            if rows is None:
                return _stopped(folder, command, stopper)
            folder.keep(part, rows)
            course.end_group()
        table, sheet = folder.finish(), folder.report(command)
    shown.say(f"{len(table)} sets, {days:.3g} days: {folder.folder / job.TABLE}")
    if options["as_json"]:
        shown.json(table)
    else:
        _print(sheet, folder.folder / job.REPORT)
    return 0


def _stopped(folder: SweepFolder, command: Callable[[Any], str], stopper: Stopper) -> int:
    """Say what is left to do, and report what was played; return the exit code."""
    from botmm.research.sweep import REPORT

    groups = folder.groups()
    left = sum(not part.exists() for _, _, part in groups)
    terminal().say(
        f"stopped with {left} of {len(groups)} groups to do; the same command goes on: "
        f"{folder.folder}"
    )
    if left < len(groups):
        folder.report(command)
        terminal().say(f"the report of what was played is {folder.folder / REPORT}")
    return stopper.exit_code


@dataclass(slots=True, kw_only=True)
class _Course:
    """How far a sweep is, over its groups, and the best result so far."""

    bar: Tracker
    stopper: Stopper
    groups: int
    ended: int = 0
    before: int = 0
    rows: int = 0
    # The best of the groups that ended, and the best of the present one as it stands.
    kept: float | None = None
    best: float | None = None

    def on_chunk(self, share: float, rows: int, best: float | None) -> bool:
        """Move the bar; return whether to stop."""
        from botmm.report.formats import usd

        self.rows, self.best = rows, best
        shown = self._best()
        note = "" if shown is None else f"best {usd(shown, signed=True)}"
        self.bar.update((self.ended + share) / self.groups, self.before + rows, note)
        return self.stopper.asked

    def end_group(self) -> None:
        """Count what the next group comes after."""
        self.kept = self._best()
        self.ended += 1
        self.before += self.rows

    def _best(self) -> float | None:
        return max((one for one in (self.kept, self.best) if one is not None), default=None)


def _print(sheet: SweepSheet, report: Path) -> None:
    """Print the best sets and the worst, what the sweep came to, and where the report lies."""
    from botmm.observe.progress import si
    from botmm.report.sweep_sheet import answer, failed, warnings

    out = terminal().out()
    out.print(_table(sheet))
    out.print(answer(sheet.rows))
    for row in failed(sheet.rows)[:FAILED_SHOWN]:
        out.print(f"set {row['set']} stopped: {row['error']}", markup=False)
    for text in warnings(sheet):
        out.print(f"[yellow]![/] {text}", soft_wrap=not out.is_terminal)
    out.print(f"{si(sum(row['orders'] for row in sheet.rows))} orders in all.", style="dim")
    out.print(f"\nReport: [bold]{report}[/]", soft_wrap=True)


def _table(sheet: SweepSheet) -> Table:
    """Return the best sets and the worst as a table."""
    from rich.table import Table

    from botmm.report.formats import bps, usd
    from botmm.report.sweep_page import BEST, WORST
    from botmm.report.sweep_sheet import label, ranked

    order = ranked(sheet.rows)
    best, worst = order[:BEST], order[BEST:][-WORST:]
    shown = Table(title=f"the best {len(best)} of {len(sheet.rows)} sets")
    fixed = ("net", "gross", "fees", "fills", "drawdown", "held, mean", "after 5 s")
    for head in ("set", *sheet.names, *fixed):
        shown.add_column(head, justify="right")
    for place, row in enumerate((*best, *worst)):
        if place == len(best):
            shown.add_section()
        shown.add_row(
            str(row["set"]),
            *(label(row, name) for name in sheet.names),
            usd(row["net_usd"], signed=True),
            usd(row["gross_usd"], signed=True),
            usd(row["fees_usd"]),
            f"{row['fills']:,}",
            usd(row["drawdown_usd"]),
            usd(row["inventory_mean_usd"]),
            bps(row["markout_5s_bps"]),
        )
    return shown
