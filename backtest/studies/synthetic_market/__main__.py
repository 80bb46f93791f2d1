"""Synthetic market — measure the stylised facts and write them into the study's page."""

from __future__ import annotations

from pathlib import Path

import click

from backtest.studies.document import put
from backtest.studies.synthetic_market.facts import facts_table
from backtest.studies.synthetic_market.mix import mix_table

SYMBOLS = ("BTC", "ETH", "SOL")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "studies" / "SYNTHETIC_MARKET.md"


@click.command()
@click.option("--hours", default=24.0, show_default=True, help="Length of each market.")
@click.option("--seed", default=3, show_default=True)
@click.option("--write", is_flag=True, help="Put the table into docs/studies/SYNTHETIC_MARKET.md.")
@click.option(
    "--mix",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    nargs=2,
    metavar="RECORDED PLAIN",
    help="Compare the tapes of two stores instead: recorded ones and plain synthetic ones.",
)
def main(*, hours: float, seed: int, write: bool, mix: tuple[Path, Path] | None) -> None:
    """Measure what the synthetic markets look like."""
    mark = "mix" if mix else "facts"
    table = mix_table(_tapes(*mix)) if mix else facts_table(hours, seed)
    click.echo(table)
    if write:
        put(PAGE, mark, table)


def _tapes(recorded: Path, plain: Path) -> dict[str, Path]:
    """Return the first tape of each symbol in each store, by the names of columns."""
    return {
        f"{symbol} {name}": min((store / "tape" / "hyperliquid" / symbol).glob("*.parquet"))
        for symbol in SYMBOLS
        for name, store in (("recorded", recorded), ("plain", plain))
    }


if __name__ == "__main__":
    main()
