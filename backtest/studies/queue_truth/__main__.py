"""Queue truth — score the queue models in every book, and write tables and pictures of the page."""

from __future__ import annotations

from pathlib import Path

import click

from backtest.studies.document import put
from backtest.studies.queue_truth.books import BOOKS, data_folder
from backtest.studies.queue_truth.fills import Fills, curves_table, outcome_table, results_table
from backtest.studies.queue_truth.pictures import curves_picture, errors_picture
from backtest.studies.queue_truth.score import VIEWS_MS, score_book
from backtest.studies.queue_truth.tables import book_table, verdict_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "studies" / "QUEUE_TRUTH.md"
PICTURES = {
    ("ES", "each event"): "es_event",
    ("ES", "each 0.5 s"): "es_half_second",
}


@click.command()
@click.option("--write", is_flag=True, help="Put tables and pictures into docs/studies.")
def main(*, write: bool) -> None:
    """Score queue models against the true positions of real and synthetic orders."""
    if not data_folder().is_dir():
        raise click.ClickException(
            f"{data_folder()} holds no recordings; name their folder in BOTMM_TEST_DATA"
        )
    scores = []
    for book in BOOKS:
        click.echo(f"{book.name} ...", err=True)
        scores += score_book(book.name, book.truths())
    parts = []
    for scored in scores:
        for deep in (True, False):
            which = "four orders or more in the level at insert" if deep else "all orders"
            table = book_table(scored, deep=deep)
            parts.append(f"### {scored.book}, {scored.views}, {which}\n\n{table}")
    books = [Fills(scored) for scored in scores]
    outcomes = [f"### {fills.title()}\n\n{outcome_table(fills)}" for fills in books]
    tables = {
        "verdict": verdict_table(scores),
        "curves": curves_table(books),
        "results": results_table(books),
        "left out": "\n".join(
            f"- {scored.book}: {scored.left_out:,} orders left out, {len(scored.truth.filled):,} kept"
            for scored in scores[:: len(VIEWS_MS)]
            if scored.left_out
        ),
        "books": "\n\n".join(parts),
        "outcomes": "\n\n".join(outcomes),
    }
    for mark, table in tables.items():
        click.echo(f"\n{table}")
        if write:
            put(PAGE, mark, table)
    for scored in scores:
        name = PICTURES.get((scored.book, scored.views))
        if write and name:
            for kind, picture in (("", errors_picture), ("_curves", curves_picture)):
                path = PAGE.parent / f"queue_truth_{name}{kind}.svg"
                path.write_text(picture(scored), encoding="utf-8")


if __name__ == "__main__":
    main()
