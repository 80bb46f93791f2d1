"""Books — order-by-order recordings and synthetic markets as truths about hypothetical orders.

A truth is cut in two by time or by seed: what one part fits, the other part scores.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backtest.studies.queue_truth.levels import read_lobster_levels
from backtest.studies.queue_truth.messages import (
    MINUTE_NS,
    Columns,
    Messages,
    all_known,
    read_databento,
    read_lobster,
)
from backtest.studies.queue_truth.mids import BookMids, Mids, mids_of_messages
from botmm.core import QueueTruth, Synth
from botmm.units import day_start, parse_date

HORIZON_MS = 70_000


@dataclass(frozen=True, slots=True)
class Followed:
    """Hypothetical orders with their truth, the mids around them, and which of them are known."""

    truth: Any
    mids: Mids
    known: Callable[[Columns], Any] = all_known


class Book(Protocol):
    """A market whose queues are known."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def truths(self) -> tuple[Followed, Followed]:
        """Return the truths of two parts that share nothing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A real order-by-order recording, cut in the middle of its time."""

    name: str
    file: str
    read: Callable[[Path], Messages]
    every_ms: int
    behind: int
    size: int

    def truths(self) -> tuple[Followed, Followed]:
        """Follow orders through both halves; the book is whole from the first message on."""
        told = self.read(data_folder() / self.file)
        middle = (told.start + told.end) // 2
        plan = (self.every_ms, HORIZON_MS, self.behind)
        mids = mids_of_messages(told.columns)
        # The orders of the first half end before the second begins.
        first, second = (
            QueueTruth.recorded(told.columns, plan, window)[0]
            for window in (
                (told.start, middle - HORIZON_MS * 1_000_000, self.size),
                (middle, told.end, self.size),
            )
        )
        return Followed(first, mids, told.known), Followed(second, mids, told.known)


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A market of the synthetic exchange, once for each of two seeds."""

    name: str
    symbol: str
    changes: tuple[tuple[str, float], ...] = ()
    hours: float = 1.5
    every_ms: int = 1_000

    def truths(self) -> tuple[Followed, Followed]:
        """Simulate both seeds."""
        return self._followed(11), self._followed(12)

    def _followed(self, seed: int) -> Followed:
        start = day_start(parse_date("2026-01-05"))
        market = Synth(json.dumps({
            "symbol": self.symbol, "seed": seed, "start": start, "streams": "full",
            "ghost_every_ms": self.every_ms, "ghost_horizon_ms": HORIZON_MS, **dict(self.changes),
        }))  # fmt: skip
        book = BookMids()
        for part in range(1, 10):
            book.apply(market.step_until(start + round(self.hours * 60 * part / 9) * MINUTE_NS))
        return Followed(market.take_truth(), book.mids())


def data_folder() -> Path:
    """Return where the recordings lie."""
    return Path(os.environ.get("BOTMM_TEST_DATA", "../shared/data"))


STILL = (("sigma_bps", 0.05), ("impact_bps", 0.03))
BOOKS: tuple[Book, ...] = (
    Recording(
        "ES",
        "l3_databento_es/esh4-glbx-mdp3-20231225.mbo.first70.dbn.zst",
        read_databento,
        500,
        3,
        1,
    ),
    Synthetic("BTC", "BTC"),
    Synthetic("ETH", "ETH"),
    Synthetic("SOL", "SOL"),
    Synthetic("XRP", "XRP"),
    Synthetic("ETH, still", "ETH", STILL),
    Synthetic("SOL, still", "SOL", STILL),
    Recording(
        "AAPL",
        "l3_lobster/AAPL_2012-06-21_34200000_36720000_message_50.csv.gz",
        read_lobster,
        500,
        3,
        100,
    ),
    Recording(
        "GOOG",
        "l3_lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip",
        read_lobster_levels,
        2_000,
        3,
        100,
    ),
)
