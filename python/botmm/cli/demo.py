"""Demo — replay a small synthetic market and write its report."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.replay import run_and_report
from botmm.cli.terminal import terminal


@click.command(epilog=examples("botmm demo", "botmm demo --dir /tmp/demo"))
@output_options
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="demo",
    show_default=True,
    metavar="DIR",
    help="Where the sample and the report go; the sample is made once.",
)
def demo(*, folder: Path) -> int:
    """Replay a small synthetic market and write its report."""
    from botmm.config import load
    from botmm.data.synth import make_sample
    from botmm.research.plan import Range, make_plan

    shown = terminal()
    shown.say("The market of this demo is synthetic: made by `botmm data synth`, seeded.")
    tape = make_sample(folder)
    settings = load([], [f"store.dir='{folder}'"], environ={}).settings
    plan = make_plan(settings, symbols=(), paths=[tape], wanted=Range())
    code = run_and_report(plan, out=folder / "report", sensitivity=True, band=True, as_json=False)
    shown.out().print(
        "\nThe market was synthetic: the result says that the program works, not that it earns.\n"
        "To replay a real recording:\n"
        "  botmm data import PATH...                      recordings or archives into tapes\n"
        "  botmm data ls                                  what is there\n"
        "  botmm replay --symbol BTC --date 2026-02-12    one day, with a report"
    )
    return code
