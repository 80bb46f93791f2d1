"""Steps — steps a second of strategies in Python, and of the shipped maker at the same steps.

Run as `python -m backtest.bench.steps`. Seconds are those of the processor for the whole run: tape,
market, rule, orders, gate and simulated venue. Each rule takes the median of some rounds in turn.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

import botmm
from backtest.bench.ours import CAPITAL_USD, params
from backtest.bench.rule import Rule
from botmm.core import Replay, Synth, TapeWriter, View
from botmm.units import SECOND_NS, day_start, parse_date

RULE = Rule(half_ticks=3, skew_ticks=1, clip_lots=200)
META = {
    "venue": "hyperliquid",
    "symbol": "BTC",
    "px_decimals": "1",
    "size_decimals": "5",
    "price_rule": "five_figures",
    "tier": "C",
    "window": "20",
    "inverse": "false",
    "source": "synthetic",
}
console = Console(width=110)


class Counted(botmm.Strategy):
    """A strategy that counts its steps."""

    steps = 0


class Silent(Counted):
    """Wants nothing: the cost of a step by itself."""

    depth = 0

    def on_step(self, view: View) -> Any:
        """Return no quotes."""
        self.steps += 1
        return None, None


class FixedRule(Counted):
    """Two-sided quotes around the mid with inventory skew: plain numbers alone."""

    depth = 0

    def on_step(self, view: View) -> Any:
        """Return the quotes of the fixed rule."""
        self.steps += 1
        tick, clip = view.tick, RULE.clip_lots
        center = view.mid - RULE.skew_ticks * tick * view.position / clip
        half = RULE.half_ticks * tick
        bid = min(view.floor(center - half), view.floor(view.ask - 1))
        ask = max(view.ceil(center + half), view.ceil(view.bid + 1))
        return (bid, clip), (ask, clip)


class Sizes(Counted):
    """The same around a center that leans to the heavier side: two arrays of five levels."""

    depth = 5

    def lots(self, view: View) -> tuple[int, int]:
        """Return the lots of the levels, by numpy."""
        return int(np.add.reduce(view.bid_size)), int(np.add.reduce(view.ask_size))

    def on_step(self, view: View) -> Any:
        """Return quotes of a clip a side."""
        self.steps += 1
        bids, asks = self.lots(view)
        tick, clip = view.tick, RULE.clip_lots
        center = view.mid + tick * ((bids - asks) / (bids + asks) - view.position / clip)
        half = RULE.half_ticks * tick
        bid = min(view.floor(center - half), view.floor(view.ask - 1))
        ask = max(view.ceil(center + half), view.ceil(view.bid + 1))
        return (bid, clip), (ask, clip)


class Lists(Sizes):
    """The same with the arrays as lists: for a handful of numbers Python adds quicker."""

    def lots(self, view: View) -> tuple[int, int]:
        """Return the lots of the levels, by Python."""
        return sum(view.bid_size.tolist()), sum(view.ask_size.tolist())


class Arrays(FixedRule):
    """The same, moved by the sizes of five levels and the flow of trades: ten array readings."""

    depth = 5

    def on_step(self, view: View) -> Any:
        """Return quotes whose center leans to the heavier side."""
        self.steps += 1
        bid_size, ask_size = view.bid_size.sum(), view.ask_size.sum()
        lean = (bid_size - ask_size) / (bid_size + ask_size)
        near = view.bid_px[0] + view.ask_px[0]
        flow = np.sign((view.trade_side * view.trade_size).sum() + view.fill_side.sum())
        open_lots = view.order_left.sum() + len(view.order_px)
        tick, clip = view.tick, RULE.clip_lots
        center = near / 2 + tick * (lean + 0.25 * flow) - tick * view.position / clip
        half = RULE.half_ticks * tick + 0.0 * open_lots
        bid = min(view.floor(center - half), view.floor(view.ask - 1))
        ask = max(view.ceil(center + half), view.ceil(view.bid + 1))
        return np.array([[bid, clip]]), np.array([[ask, clip]])


@click.command()
@click.option("--hours", default=6.0, show_default=True, help="Of the synthetic market.")
@click.option("--step-ms", default=100.0, show_default=True, help="Between two steps.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each; medians count.")
def main(hours: float, step_ms: float, rounds: int) -> None:
    """Measure steps a second on a market in which something happens at every step."""
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "BTC.parquet"
        rows = write(tape, hours)
        told = json.dumps(spec(tape, step_ms))
        seconds: dict[str, list[float]] = {}
        figures: dict[str, tuple[int, int]] = {}
        for _ in range(rounds):
            for kind in (None, Silent, FixedRule, Sizes, Lists, Arrays):
                name = "shipped maker" if kind is None else kind.__name__
                strategy = None if kind is None else kind()
                began = time.process_time()
                fills = play(told, strategy)
                seconds.setdefault(name, []).append(time.process_time() - began)
                figures[name] = (0 if strategy is None else strategy.steps, fills)
    table = Table(title=f"{hours:g} h, {rows:,} rows, a step each {step_ms:g} ms")
    for column in ("rule", "steps", "seconds", "steps / s", "us / step", "fills"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    for name, runs in seconds.items():
        middle = statistics.median(runs)
        steps, fills = figures[name]
        rate = (f"{steps / middle:,.0f}", f"{middle / steps * 1e6:.2f}") if steps else ("", "")
        table.add_row(name, f"{steps:,}" if steps else "", f"{middle:.2f}", *rate, f"{fills:,}")
    console.print(table)


def write(path: Path, hours: float) -> int:
    """Write the market, and return its rows."""
    start = day_start(parse_date("2026-01-05"))
    wish = {"symbol": "BTC", "seed": 4, "start": start, "streams": "full"}
    rows = Synth(json.dumps(wish)).step_until(start + round(hours * 3_600) * SECOND_NS)
    order = np.argsort(rows["ts_recv"], kind="stable")
    with TapeWriter(str(path), META) as writer:
        writer.append({name: np.ascontiguousarray(column[order]) for name, column in rows.items()})
        writer.close()
    return len(order)


def spec(tape: Path, step_ms: float) -> dict[str, Any]:
    """Return what the core is told."""
    return {
        "symbols": [
            {
                "symbol": "BTC",
                "venue": "hyperliquid",
                "tapes": [str(tape)],
                "params": params(RULE),
            }
        ],
        "account": {"capital_usd": CAPITAL_USD},
        "sim": {
            "queue": RULE.queue,
            "latency": {"model": "constant", "entry_ns": 20_000_000, "response_ns": 20_000_000},
            "partial_fills": True,
            "through_fill": "volume",
        },
        "step_ms": step_ms,
        "equity_interval_s": 60.0,
        "max_gap_s": 3600.0,
    }


def play(told: str, strategy: botmm.Strategy | None) -> int:
    """Play to the end, and return the number of fills."""
    replay = Replay(told) if strategy is None else Replay(told, [strategy])
    while not replay.run(100_000)["done"]:
        replay.drain()
    return len(replay.result()["fills"]["px"])


if __name__ == "__main__":
    main()
