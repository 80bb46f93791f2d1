"""Init — write a commented botmm.toml and say what to run next."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.options import examples, output_options
from botmm.cli.terminal import terminal
from botmm.errors import UsageError


@click.command(epilog=examples("botmm init", "botmm init --out configs/eth.toml --capital 5000"))
@output_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="botmm.toml",
    show_default=True,
    metavar="FILE",
    help="Where to write.",
)
@click.option("--capital", type=float, default=1000.0, show_default=True, help="Capital in USD.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(*, out: Path, capital: float, force: bool) -> None:
    """Write a commented botmm.toml and say what to run next."""
    from botmm.config import template

    if out.exists() and not force:
        raise UsageError(f"{out} is there already", cure="name another with --out, or add --force")
    text = template(capital)  # refuses what no run would take, before anything is written
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    terminal().out().print(
        f"Wrote {out}. Every line in it is a default; uncomment what you want to change.\n\n"
        "Next:\n"
        "  botmm doctor              check what is missing, each with its cure\n"
        "  botmm demo                replay a synthetic market, with a report\n"
        "  botmm-live --paper        trade on paper, on a local exchange; `botmm status` shows it\n"
        "  botmm data import PATH    turn recordings into tapes\n"
        "  botmm replay --symbol BTC --days 1"
    )
