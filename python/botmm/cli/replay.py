"""Replay — recorded order books to an honest report."""

from __future__ import annotations

from contextlib import ExitStack
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
from botmm.errors import BotmmError
from botmm.observe.spellings import symbols_option
from botmm.units import DAY_NS, SECOND_NS, time_text

if TYPE_CHECKING:
    from botmm.research.checkpoint import Checkpoint
    from botmm.research.replay import Alternative, Variant
    from botmm.research.stopping import Stopper


@click.command(
    epilog=examples(
        "botmm replay --symbol BTC --date 2026-02-12",
        "botmm replay --symbols BTC ETH --from 2026-02-01 --to 2026-02-14 --warmup auto",
        "botmm replay --symbol SOL --days 7 --set base_spread_bps=3 --latency 120/60 --band",
        "botmm replay --symbols BTC ETH SOL --days 90 --no-sensitivity",
        "botmm replay --symbol BTC --date 2026-02-12 --strategy mine.py:Mine",
        "botmm replay --journal state",
        "botmm replay data/tape/hyperliquid/BTC/2026-02-12.parquet --json",
    )
)
@output_options
@click.argument("tapes", nargs=-1, type=click.Path(path_type=Path))
@symbols_option
@range_options
@store_options
@config_options
@play_options
@click.option(
    "--sensitivity/--no-sensitivity", default=True, help="Also run at 0.5× and 2× latency."
)
@click.option(
    "--strategy",
    metavar="FILE.py[:CLASS]",
    help="Quote by a strategy of your own; docs/YOUR_OWN_STRATEGY.md.",
)
@click.option(
    "--restart", is_flag=True, help="Begin anew where the same run was stopped or killed."
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Play a daemon's run again and compare its commands, byte for byte.",
)
@click.option("--band", is_flag=True, help="Also run the two ends of the queue models.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Output folder."
)
@json_option
def replay(**options: Any) -> int:
    """Replay recorded order books tick by tick and report what a maker would have earned.

    Without tapes, the store is searched for the symbols and days. The output folder holds
    report.html, summary.json, fills.parquet, orders.parquet, equity.parquet, manifest.json, and
    signals.bin, with which a later run can begin (--warmup).
    """
    from botmm.research.plan import make_plan, select_range

    if options["journal"] is not None:
        from botmm.cli.journal import replay_journal

        return replay_journal(options["journal"], as_json=options["as_json"])
    settings = play_settings(options)
    wanted = select_range(
        day=options["date"],
        since=options["since"],
        until=options["until"],
        days=options["days"],
    )
    plan = make_plan(
        settings,
        symbols=options["symbols"],
        paths=options["tapes"],
        wanted=wanted,
        warmup=options["warmup"],
    )
    engine = None
    if options["strategy"] is not None:
        from botmm.research.strategy import load, with_strategy

        own = load(options["strategy"])
        plan, engine = with_strategy(plan, own), own.engine(plan.symbols)
    return run_and_report(
        plan,
        engine=engine,
        out=options["out"],
        sensitivity=options["sensitivity"],
        band=options["band"],
        as_json=options["as_json"],
        restart=options["restart"],
    )


def run_and_report(
    plan: Any,
    *,
    out: Path | None,
    sensitivity: bool,
    band: bool,
    as_json: bool,
    restart: bool = False,
    engine: Any = None,
) -> int:
    """Run a plan with progress, write its folder, print its result; return the exit code.

    The engine is the core's replay where none is given. A run that was stopped or killed goes on
    where it was saved last; of one that another engine leads, nothing is saved.
    """
    from botmm.core import Replay
    from botmm.observe.progress import progress, si
    from botmm.report.formats import duration
    from botmm.report.tables import print_run
    from botmm.research import output
    from botmm.research.describe import make_sheet
    from botmm.research.replay import alternatives, run
    from botmm.research.stopping import Stopper

    shown = terminal()
    first, last = plan.span
    shows = {"days": (last - first) / DAY_NS, "enabled": shown.progress}
    place = out or output.default_folder(plan)
    with output.RunFolder(place, plan) as folder, Stopper() as stopper, ExitStack() as at_end:
        saved = None if engine is not None else _claimed(place, plan, at_end, restart=restart)
        engine = engine or Replay
        with progress(f"replay {' '.join(plan.symbols)}", **shows) as bar:
            main = run(
                plan,
                engine,
                stopper.watching(bar),
                keep=folder.add,
                hold_fills=False,
                checkpoint=saved,
            )
        wanted = alternatives(plan, sensitivity=sensitivity, band=band)
        variants, failed = _tried(plan, engine, stopper, wanted, shows)
        sheet = make_sheet(main, variants, folder.fills_of)
        folder.finish(main, sheet)
        goes_on = saved is not None and stopper.asked and saved.place is not None
        if saved is not None and not goes_on:
            saved.finish()
    seconds = max(main.seconds, 1e-9)
    of_data = main.days * DAY_NS / SECOND_NS
    pace = (
        f"{main.days / seconds:.3g} days/s"
        if main.days >= 1.0
        else f"{si(of_data / seconds)}× real time"
    )
    shown.say(
        f"played {duration(of_data)} of data, {si(main.rows)} rows in {main.seconds:.1f} s: "
        f"{pace}, {si(main.rows / seconds)} rows/s"
    )
    if as_json:
        shown.json(output.summary(sheet, main))
    else:
        print_run(shown.out(), sheet, report=str(folder.report))
    if stopper.asked:
        shown.say(f"stopped; the report of what was played is {folder.report}")
        if goes_on:
            shown.say("the same command goes on from here")
    if failed is not None:
        shown.say("the report is written, but not every other assumption could be tried:")
        raise failed
    return stopper.exit_code


def _claimed(place: Path, plan: Any, at_end: ExitStack, *, restart: bool) -> Checkpoint | None:
    """Return the checkpoint of a run, let go of at the end; tell where the run goes on."""
    from botmm.research.checkpoint import Checkpoint

    saved = Checkpoint.claim(place, plan, restart=restart)
    if saved is None:
        terminal().say(
            f"another process plays the same into {place}: of this run nothing is saved on the way"
        )
        return None
    at_end.callback(saved.release)
    if saved.note:
        terminal().say(saved.note)
    if saved.place is not None:
        at = time_text(saved.place.ts)
        terminal().say(f"going on at {at} UTC, where this run was saved; --restart begins anew")
    return saved


def _tried(
    plan: Any, engine: Any, stopper: Stopper, wanted: list[Alternative], shows: dict[str, Any]
) -> tuple[list[Variant], BotmmError | None]:
    """Run the plan under other assumptions; return what they gave, and what ended it early."""
    from botmm.observe.progress import progress
    from botmm.research.replay import run_alternative

    variants: list[Variant] = []
    for one in wanted:
        if stopper.asked:
            break
        try:
            with progress(f"  {one.kind} {one.label}", **shows) as bar:
                variant = run_alternative(plan, engine, stopper.watching(bar), one)
        except BotmmError as error:
            return variants, error  # the main run stands
        variants += [variant] if variant is not None else []
    return variants, None
