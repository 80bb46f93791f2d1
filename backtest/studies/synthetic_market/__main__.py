"""Synthetic market — measure the stylised facts and write them into the study's page."""

from __future__ import annotations

from pathlib import Path

import click

from backtest.studies.document import put
from backtest.studies.synthetic_market.facts import facts_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "studies" / "SYNTHETIC_MARKET.md"


@click.command()
@click.option("--hours", default=24.0, show_default=True, help="Length of each market.")
@click.option("--seed", default=3, show_default=True)
@click.option("--write", is_flag=True, help="Put the table into docs/studies/SYNTHETIC_MARKET.md.")
def main(*, hours: float, seed: int, write: bool) -> None:
    """Measure what the synthetic markets look like."""
    table = facts_table(hours, seed)
    click.echo(table)
    if write:
        put(PAGE, "facts", table)


if __name__ == "__main__":
    main()
