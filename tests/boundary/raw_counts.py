"""Raw counts — recordings read by plain Python and pandas, to hold importers against.

Nothing here shares code with the importers.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd


@dataclass
class PlainBook:
    """A book of decimals, kept by absolute changes."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def change(self, bids: Iterable[list[str]], asks: Iterable[list[str]]) -> None:
        """Set levels; size 0 removes one."""
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for px, qty in levels:
                if Decimal(qty) == 0:
                    side.pop(Decimal(px), None)
                else:
                    side[Decimal(px)] = Decimal(qty)

    def scaled(self, px: int, qty: int) -> tuple[dict[int, int], dict[int, int]]:
        """Return both sides as integers of decimals."""
        bids, asks = (
            {int(p * 10**px): int(q * 10**qty) for p, q in side.items()}
            for side in (self.bids, self.asks)
        )
        return bids, asks


def utc_day(ns: int) -> date:
    """Return the UTC day of a time."""
    return datetime.fromtimestamp(ns // 10**9, UTC).date()


def stamped_lines(*paths: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield receive time in ns and payload of Binance's raw lines."""
    for path in paths:
        with gzip.open(path, "rt") as file:
            for line in file:
                stamp, _, text = line.partition(" ")
                frame = json.loads(text)
                yield int(stamp.ljust(19, "0")), frame.get("data", frame)


def binance_book(frames: Iterable[dict[str, object]]) -> PlainBook:
    """Return the book after all frames: the snapshot, then every change after it."""
    book, waiting, last = PlainBook(), [], None
    for frame in frames:
        if "lastUpdateId" in frame:
            book.change(frame["bids"], frame["asks"])
            last = frame["lastUpdateId"]
            for depth in waiting:
                if depth["u"] > last:
                    book.change(depth["b"], depth["a"])
        elif frame.get("e") == "depthUpdate":
            if last is None:
                waiting.append(frame)
            elif frame["u"] > last:
                book.change(frame["b"], frame["a"])
    return book


def binance_trades(paths: Iterable[Path], offset_ns: int = 0) -> Counter[date]:
    """Return market trades by the UTC day of the corrected receive time."""
    return Counter(
        utc_day(recv + offset_ns)
        for recv, frame in stamped_lines(*paths)
        if frame.get("e") == "trade" and frame.get("X", "MARKET") == "MARKET"
    )


def hl_trades(*paths: Path) -> tuple[Counter[date], int]:
    """Return trades by day of receipt, each id once, and how many repeat an id."""
    rows = pd.concat([pd.read_csv(path) for path in paths]).sort_values("timestamp", kind="stable")
    once = rows.drop_duplicates("trade_id")
    days = Counter(pd.to_datetime(once.timestamp, unit="s").dt.date)
    return days, len(rows) - len(once)


def hl_last_snapshot(path: Path) -> tuple[int, dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """Return venue time, bids and asks of the last row of an order book file."""
    row = pd.read_csv(path, dtype=str).iloc[-1]
    sides = [
        {
            Decimal(row[f"{side}_price_{i}"]): Decimal(row[f"{side}_size_{i}"])
            for i in range(20)
            if float(row[f"{side}_size_{i}"]) > 0
        }
        for side in ("bid", "ask")
    ]
    return int(row.exchange_timestamp), sides[0], sides[1]
