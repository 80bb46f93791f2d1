"""First sweep — 144 parameter sets over every market of a store, and what became of them.

    python -m backtest.studies.first_sweep STORE… [--write]

The page is docs/studies/FIRST_SWEEP.md; its tables stand between the marks of this module.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from backtest.studies.document import put
from botmm.config import load
from botmm.core import CoreException
from botmm.data.catalogue import Tape, find_tapes, read_tape
from botmm.errors import BotmmError
from botmm.research import grids, sweep
from botmm.research.plan import Plan, Range, make_plan
from botmm.units import SECOND_NS

PAGE = Path(__file__).parents[3] / "docs" / "studies" / "FIRST_SWEEP.md"
AXES = (
    "base_spread_bps=1,2,3,5,8,12",
    "inventory_skew_factor=0.1,0.3,0.6,0.9",
    "strategy=basic,adaptive",
    "mode=bps,glft,as",
)
# Less than this is no market to speak of.
MINUTES_MIN = 5.0
HOUR_NS = 3_600 * SECOND_NS
Cells = list[str]
console = Console(width=150, highlight=False)


def markets(store: Path) -> list[tuple[str, str]]:
    """Return venue and symbol of every market of a store."""
    folders = (path for path in (store / "tape").glob("*/*") if any(path.glob("*.parquet")))
    return sorted((path.parent.name, path.name) for path in folders)


def plan(store: Path, venue: str, symbol: str) -> Plan:
    """Return a plan over the longest recording that a store has of one market, silences bridged.

    Tapes more than an hour apart are two recordings: a position held through so long a silence
    earns what nobody saw.
    """
    overrides = [f"store.dir={store}", f"account.venue={venue}", "replay.bridge_gaps=true"]
    settings = load([], overrides).settings
    recordings: list[list[Tape]] = []
    for tape in map(read_tape, find_tapes(store, venue, symbol, None, None)):
        if not recordings or tape.first_ts - recordings[-1][-1].last_ts > HOUR_NS:
            recordings.append([])
        recordings[-1].append(tape)
    longest = max(recordings, key=lambda tapes: sum(tape.rows for tape in tapes))
    paths = [tape.path for tape in longest]
    return make_plan(settings, symbols=(symbol,), paths=paths, wanted=Range(), warmup=None)


def study(stores: list[Path]) -> tuple[list[Cells], list[Cells], list[str], list[Any]]:
    """Sweep every market of every store; rows of results, rows of the best sets, what was left out, all rows."""
    sets = grids.product(AXES)
    found, best, left, every = [], [], [], []
    for place, (venue, symbol) in ((store, one) for store in stores for one in markets(store)):
        try:
            wanted = plan(place, venue, symbol)
            minutes = sweep.days_of(wanted) * 1440
            began = time.perf_counter()
            rows = sweep.play(wanted, sets)
        except (BotmmError, CoreException) as error:
            left.append(f"{venue}/{symbol}: {str(error).replace(str(place), place.name)}")
            continue
        assert rows is not None, "invariant: nobody stops it"
        seconds = time.perf_counter() - began
        if minutes < MINUTES_MIN or not any(row["fills"] for row in rows):
            why = f"{minutes:.1f} minutes, {max(row['fills'] for row in rows)} fills at most"
            left.append(f"{venue}/{symbol}: {why}")
            continue
        every += rows
        found.append(results(venue, symbol, minutes, rows, seconds))
        best.append(winner(venue, symbol, rows))
        console.print("  ".join(found[-1]))
    return found, best, left, every


def results(venue: str, symbol: str, minutes: float, rows: list[Any], seconds: float) -> Cells:
    """Return one line of the table of results."""
    nets = sorted(row["net_usd"] for row in rows)
    losing = sum(net < 0 for net in nets)
    gross = sum(row["gross_usd"] > 0 for row in rows)
    return [
        f"{venue}/{symbol}",
        f"{minutes / 60:.2f}",
        f"{losing} of {len(rows)}",
        f"{gross}",
        *(f"{nets[int((len(nets) - 1) * share)]:+.3f}" for share in (0, 0.5, 1)),
        f"{statistics.median(row['fills'] for row in rows):.0f}",
        f"{seconds:.1f}",
    ]


def winner(venue: str, symbol: str, rows: list[Any]) -> Cells:
    """Return the line of the set that lost least or won most."""
    row = max(rows, key=lambda row: (row["net_usd"], -row["set"]))
    own = [f"{row[name]}" for name in grids.columns(grids.product(AXES))]
    after = [row["markout_1s_bps"], row["markout_30s_bps"]]
    return [
        f"{venue}/{symbol}",
        *own,
        f"{row['net_usd']:+.3f}",
        f"{row['gross_usd']:+.3f}",
        f"{row['fees_usd']:.3f}",
        f"{row['fills']}",
        *("–" if value is None else f"{value:+.2f}" for value in after),
        f"{row['inventory_mean_usd']:.0f}",
    ]


def by_value(rows: list[Any]) -> list[Cells]:
    """Return mean result, fills and markout of each value of each axis, over all markets."""
    cells = []
    for name in grids.columns(grids.product(AXES)):
        for value in dict.fromkeys(row[name] for row in rows):
            mine = [row for row in rows if row[name] == value]
            markouts = [row["markout_5s_bps"] for row in mine if row["markout_5s_bps"] is not None]
            cells.append(
                [
                    f"{name} = {value}",
                    f"{statistics.mean(row['net_usd'] for row in mine):+.3f}",
                    f"{statistics.mean(row['gross_usd'] for row in mine):+.3f}",
                    f"{statistics.mean(row['fills'] for row in mine):.0f}",
                    f"{statistics.mean(markouts):+.2f}" if markouts else "–",
                ]
            )
    return cells


def table(heads: Cells, rows: list[Cells]) -> str:
    """Return a Markdown table."""
    rules = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, rules, *rows])


def main() -> None:
    """Sweep, print and, if asked, write the page."""
    words = argparse.ArgumentParser(description="144 parameter sets over every market of a store.")
    words.add_argument("stores", type=Path, nargs="+", help="One for each recording.")
    words.add_argument("--write", action="store_true", help=f"write the tables into {PAGE}")
    asked = words.parse_args()
    found, best, left, every = study(asked.stores)
    tables = {
        "results": table(
            [
                "market",
                "hours",
                "losing sets",
                "gross > 0",
                "worst, $",
                "median, $",
                "best, $",
                "fills, median",
                "seconds",
            ],
            found,
        ),
        "best": table(
            [
                "market",
                *grids.columns(grids.product(AXES)),
                "net, $",
                "gross, $",
                "fees, $",
                "fills",
                "1 s, bp",
                "30 s, bp",
                "held, $",
            ],
            best,
        ),
        "values": table(["value", "net, $", "gross, $", "fills", "5 s, bp"], by_value(every)),
        "left": "\n".join(f"- {line}" for line in left) or "Nothing.",
    }
    for mark, text in tables.items():
        console.print(f"\n{text}")
        if asked.write:
            put(PAGE, mark, text)


if __name__ == "__main__":
    main()
