"""Cross check — compare both engines, explain each difference, and write the study's tables."""

from __future__ import annotations

from pathlib import Path

import click

from backtest.studies.cross_check.tables import fill_tables, truth_table
from backtest.studies.document import put

PAGE = Path(__file__).resolve().parents[3] / "docs" / "studies" / "CROSS_CHECK.md"


@click.command()
@click.option("--write", is_flag=True, help="Put the tables into docs/studies/CROSS_CHECK.md.")
def main(*, write: bool) -> None:
    """Compare fills with hftbacktest's (`make bench` installs it) and with the known truth."""
    for mark, table in (fill_tables() | {"truth": truth_table()}).items():
        click.echo(f"\n{table}")
        if write:
            put(PAGE, mark, table)


if __name__ == "__main__":
    main()
