"""Fit — the order-count model's rates of replay, from the parts of books that the study does not score.

Each book's first part fits rates of its own, by views of half a second. Only the ratios of rates
matter, so that they are averaged as logarithms about their mean: half of ES, half of the synthetic
markets.
"""

from __future__ import annotations

import click
import numpy as np

from backtest.studies.queue_truth.books import BOOKS, HORIZON_MS, Followed
from backtest.studies.queue_truth.score import PROBE_MS, VIEWS_MS
from botmm.core import QpnFit

VIEWS = "each 0.5 s"
REAL = "ES"
SYNTHETIC = ("BTC", "ETH", "SOL", "XRP")
# Behind us: cancels of orders as old as this or older are the unit.
UNIT_BIN = 4


def rates(parts: dict[str, Followed]) -> list[float]:
    """Return one set of rates for all books, from the fitting part of each."""
    timing = (VIEWS_MS[VIEWS], HORIZON_MS, PROBE_MS)
    logs = {name: np.log(part.truth.calibrate(timing).rates) for name, part in parts.items()}
    about = {name: log - log.mean() for name, log in logs.items()}
    made = np.mean([about[name] for name in SYNTHETIC], axis=0)
    both = np.exp((about[REAL] + made) / 2)
    return [float(rate) for rate in both / both[UNIT_BIN]]


@click.command()
def main() -> None:
    """Print the ages, the rates that replay uses, and those that these books fit."""
    books = {book.name: book for book in BOOKS if book.name in (REAL, *SYNTHETIC)}
    shipped = QpnFit.shipped()
    fitted = rates({name: book.truths()[0] for name, book in books.items()})
    click.echo(f"edges   {shipped.edges}")
    click.echo(f"shipped {shipped.rates}")
    click.echo(f"fitted  {[float(f'{rate:.2g}') for rate in fitted]}")


if __name__ == "__main__":
    main()
