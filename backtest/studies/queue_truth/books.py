"""Books — order-by-order recordings and synthetic markets as truths about hypothetical orders.

A truth is cut in two by time or by seed: what one part fits, the other part scores.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from botmm.core import QueueTruth, Synth
from botmm.units import SECOND_NS, day_start, parse_date

Columns = dict[str, Any]

ADD, CUT, TRADE, FILL, CHANGE, CLEAR = 1, 2, 3, 4, 5, 6
HORIZON_MS = 70_000
MINUTE_NS = 60 * SECOND_NS


class Book(Protocol):
    """A market whose queues are known."""

    name: str

    def truths(self) -> tuple[Any, Any]:
        """Return the truths of two parts that share nothing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A real order-by-order recording, cut in the middle of its time."""

    name: str
    file: str
    read: Any
    every_ms: int
    behind: int
    size: int

    def truths(self) -> tuple[Any, Any]:
        """Follow orders through both halves; the book is whole from the first message on."""
        columns, start, end = self.read(data_folder() / self.file)
        middle = (start + end) // 2
        plan = (self.every_ms, HORIZON_MS, self.behind)
        # The orders of the first half end before the second begins.
        first = (start, middle - HORIZON_MS * 1_000_000, self.size)
        parts = [QueueTruth.recorded(columns, plan, window)[0]
                 for window in (first, (middle, end, self.size))]  # fmt: skip
        return parts[0], parts[1]


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A market of the synthetic exchange, once for each of two seeds."""

    name: str
    symbol: str
    changes: tuple[tuple[str, float], ...] = ()
    hours: float = 1.5
    every_ms: int = 1_000

    def truths(self) -> tuple[Any, Any]:
        """Simulate both seeds."""
        return self._truth(11), self._truth(12)

    def _truth(self, seed: int) -> Any:
        start = day_start(parse_date("2026-01-05"))
        market = Synth(json.dumps({
            "symbol": self.symbol, "seed": seed, "start": start, "streams": "classic",
            "ghost_every_ms": self.every_ms, "ghost_horizon_ms": HORIZON_MS, **dict(self.changes),
        }))  # fmt: skip
        for part in range(1, 10):
            market.step_until(start + round(self.hours * 60 * part / 9) * MINUTE_NS)
        return market.take_truth()


def data_folder() -> Path:
    """Return where the recordings lie."""
    return Path(os.environ.get("BOTMM_TEST_DATA", "../shared/data"))


def read_databento(path: Path) -> tuple[Columns, int, int]:
    """Return the orders of a Databento file of orders, and when continuous trading starts and ends.

    Trading starts at the first full hour with a trade. A fill is followed by the change of its
    order, in the same event.
    """
    import zstandard
    from databento_dbn import DBNDecoder, MBOMsg

    decoder = DBNDecoder()
    with path.open("rb") as file:
        decoder.write(zstandard.ZstdDecompressor().stream_reader(file).read())
    rows = [
        (m.ts_event, str(m.action), m.order_id, str(m.side), m.price, m.size, int(m.flags))
        for m in decoder.decode()
        if isinstance(m, MBOMsg)
    ]
    ts, action, ids, side, price, size, flags = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    actions = {"A": ADD, "C": CUT, "M": CHANGE, "F": FILL, "R": CLEAR}
    keep = np.isin(action, list(actions))
    trades = ts[action == "T"]
    start = int(trades[0]) // MINUTE_NS * MINUTE_NS + 2 * MINUTE_NS
    columns = {
        "ts": ts.astype(np.int64),
        "action": np.array([actions.get(a, 0) for a in action], np.uint8),
        "id": ids.astype(np.uint64),
        "side": np.where(side == "B", 1, np.where(side == "A", -1, 0)).astype(np.int8),
        "tick": price.astype(np.int64) // 250_000_000,
        "qty": size.astype(np.int64),
        "last": ((flags & 128) > 0).astype(np.uint8),
    }
    columns = {name: np.ascontiguousarray(column[keep]) for name, column in columns.items()}
    return columns, start, int(ts[-1])


def read_lobster(path: Path) -> tuple[Columns, int, int]:
    """Return the orders of a LOBSTER message file, and from when to when its levels are settled."""
    table = np.loadtxt(path, delimiter=",", usecols=(0, 1, 2, 3, 4, 5))
    # Seconds after midnight have nine digits, which a float of this size holds to 10 ns.
    ts = np.round(table[:, 0] * 1e9).astype(np.int64)
    kind = table[:, 1].astype(np.int64)
    actions = np.zeros(8, np.uint8)
    actions[[1, 2, 3, 4]] = ADD, CUT, CUT, TRADE
    keep = actions[kind] > 0
    columns = {
        "ts": ts,
        "action": actions[kind],
        "id": table[:, 2].astype(np.uint64),
        "side": table[:, 5].astype(np.int8),
        "tick": table[:, 4].astype(np.int64) // 100,
        "qty": table[:, 3].astype(np.int64),
        "last": np.ones(len(ts), np.uint8),
    }
    columns = {name: np.ascontiguousarray(column[keep]) for name, column in columns.items()}
    return columns, int(ts[0]) + 10 * MINUTE_NS, int(ts[-1])


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
)
