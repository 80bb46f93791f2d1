"""Cases — markets as both engines read them: the streams of the benchmark, and synthetic tapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backtest.bench import files, ours, peer
from backtest.bench.rule import MS, Outcome, Rule
from backtest.bench.streams import SCALES, Scale, Stream, changes
from botmm.core import Synth, TapeWriter, read_tape
from botmm.data.export import hft_events, neutral_columns, ordered
from botmm.units import SECOND_NS, day_start, parse_date

START = day_start(parse_date("2026-01-05"))
TRADE = 5
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
    # What is known of a level that the tape says has left, as the other engine was told it.
    clears: bool = False

    def bounds(self) -> tuple[int, int]:
        """Return prices around everything that happens, in ticks."""
        px = self.rows["px"][self.rows["px"] > 0]
        return round(px.min() / self.scale.tick) - 100, round(px.max() / self.scale.tick) + 100

    def run(self, rule: Rule, arrival: str = "shared") -> tuple[Outcome, Outcome]:
        """Run the rule in our engine and in the other."""
        span = int(self.rows["local_ts"].max() - self.rows["local_ts"].min())
        room = STEPS_ORDERS * (span // rule.step_ns + 2)
        theirs = peer.run(self.rows, self.scale, rule, self.bounds(), "vector", orders_max=room)
        return ours.run([self.tape], self.scale, rule, arrival), theirs


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


def clip(case: Case) -> int:
    """Return a clip of about the median print, in lots."""
    rows = read_tape(str(case.tape))
    return int(np.median(rows["qty"][rows["kind"] == TRADE]))
