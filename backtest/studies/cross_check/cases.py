"""Cases — markets as both engines read them: the streams of the benchmark, and synthetic tapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backtest.bench import files, ours, peer
from backtest.bench.rule import Outcome, Rule
from backtest.bench.streams import Scale, Stream, changes
from botmm.core import Synth, TapeWriter
from botmm.data.export import H_EXCH, H_LOCAL, H_TRADE, hft_events, neutral_columns, ordered
from botmm.units import SECOND_NS, day_start, parse_date

START = day_start(parse_date("2026-01-05"))
# Orders of a run, at most: two a step.
STEPS_ORDERS = 2
SYNTH_TICKS = {"BTC": 10, "SOL": 100}  # price units; both prices stay within one decade


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One market: our tape, the other engine's rows of the same events, and their grid."""

    name: str
    tape: Path
    rows: npt.NDArray[np.void]
    scale: Scale
    # Whether the other engine's snapshots clear its book first.
    clears: bool = False

    def bounds(self) -> tuple[int, int]:
        """Return prices around everything that happens, in ticks."""
        px = self.rows["px"][self.rows["px"] > 0]
        return round(px.min() / self.scale.tick) - 100, round(px.max() / self.scale.tick) + 100

    def ours(self, rule: Rule, arrival: str = "shared") -> Outcome:
        """Run the rule in our engine."""
        return ours.run([self.tape], self.scale, rule, arrival)

    def theirs(self, rule: Rule, depth: str = "hash", *, prints_first: bool = False) -> Outcome:
        """Run the rule in the other engine."""
        rows = with_prints_first(self.rows) if prints_first else self.rows
        room = STEPS_ORDERS * ((self.end - int(rows["local_ts"].min())) // rule.step_ns + 2)
        return peer.run(rows, self.scale, rule, self.bounds(), depth, orders_max=room)

    @property
    def end(self) -> int:
        """Return when the last row was received."""
        return int(self.rows["local_ts"].max())


def streamed(name: str, stream: Stream, folder: Path, *, as_changes: bool = False) -> Case:
    """Return a stream of the benchmark; snapshots may be given to the other engine as changes."""
    tape = folder / f"{name}.parquet"
    files.write_tape([stream], tape)
    rows = peer.rows_of(changes(stream) if as_changes else stream)
    clears = stream.name == "snapshots" and not as_changes
    return Case(name=name, tape=tape, rows=rows, scale=stream.scale, clears=clears)


def simulated(symbol: str, streams: str, seed: int, hours: float, folder: Path) -> Case:
    """Return a synthetic market, which the other engine reads as `botmm data export` gives it."""
    wish = {"symbol": symbol, "seed": seed, "start": START, "streams": streams}
    market = Synth(json.dumps(wish))
    rows = market.step_until(START + round(hours * 3600) * SECOND_NS)
    tape = folder / f"{symbol}-{streams}-{seed}.parquet"
    meta = {
        "venue": "hyperliquid",
        "symbol": symbol,
        "px_decimals": str(market.px_decimals),
        "size_decimals": str(market.size_decimals),
        "price_rule": "five_figures",
        "tier": "B" if streams == "full" else "C",
        "window": "0" if streams == "full" else "20",
        "inverse": "false",
        "source": "synthetic",
    }
    with TapeWriter(str(tape), meta) as writer:
        writer.append(rows)
        writer.close()
    scale = Scale(
        venue="hyperliquid",
        symbol=symbol,
        px_decimals=market.px_decimals,
        size_decimals=market.size_decimals,
        units_per_tick=SYNTH_TICKS[symbol],
    )
    neutral = neutral_columns(rows, scale.px_decimals, scale.size_decimals)
    theirs = ordered(hft_events(neutral))
    return Case(name=f"{symbol} {streams} {seed}", tape=tape, rows=theirs, scale=scale)


def with_prints_first(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Return the rows with the prints of each instant before its levels, on the venue's clock.

    What each clock reads is flagged; the local clock reads on as before.
    """
    exch, local = rows.copy(), rows.copy()
    exch["ev"] &= ~np.uint64(H_LOCAL)
    local["ev"] &= ~np.uint64(H_EXCH)
    exch = exch[rows["ev"] & np.uint64(H_EXCH) != 0]
    local = local[rows["ev"] & np.uint64(H_LOCAL) != 0]
    level = (exch["ev"] & np.uint64(0xFF)) != np.uint64(H_TRADE)
    order = np.lexsort((np.arange(len(exch)), level, exch["exch_ts"]))
    return np.concatenate([exch[order], local])
