"""Queue models — score them all, print the tables, and write them into the study's page."""

from __future__ import annotations

from pathlib import Path

import click

from backtest.studies.document import put
from backtest.studies.queue_models.score import (
    WORLDS,
    score_world,
    summary_table,
    world_table,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "studies" / "QUEUE_MODELS.md"


@click.command()
@click.option("--hours", default=4.0, show_default=True, help="Length of each market.")
@click.option("--write", is_flag=True, help="Put the tables into docs/studies/QUEUE_MODELS.md.")
def main(*, hours: float, write: bool) -> None:
    """Score queue models against the known truth of synthetic markets."""
    scores = []
    for world in WORLDS:
        click.echo(f"{world.name} ...", err=True)
        scores += score_world(world, hours)
    tables = {
        "moving": summary_table(scores, still=False),
        "still": summary_table(scores, still=True),
        "worlds": world_table(scores),
    }
    for mark, table in tables.items():
        click.echo(f"\n{table}")
        if write:
            put(PAGE, mark, table)


if __name__ == "__main__":
    main()
