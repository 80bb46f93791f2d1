"""Messages — order-by-order recordings as columns of messages for the core.

LOBSTER files of few levels have a module of their own (levels).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from botmm.units import SECOND_NS

Columns = dict[str, Any]

ADD, CUT, TRADE, FILL, CHANGE, CLEAR = 1, 2, 3, 4, 5, 6
MINUTE_NS = 60 * SECOND_NS
DTYPES = {
    "ts": np.int64,
    "action": np.uint8,
    "id": np.uint64,
    "side": np.int8,
    "tick": np.int64,
    "qty": np.int64,
    "last": np.uint8,
}


def all_known(ghosts: Columns) -> Any:
    """Return that every hypothetical order stood in a level of which all is known."""
    return np.ones(len(ghosts["ts"]), bool)


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of a recording, when its continuous trading starts and ends, and what it knows.

    `known` says of rows of hypothetical orders whether all orders of their levels were seen.
    """

    columns: Columns
    start: int
    end: int
    known: Callable[[Columns], Any] = all_known


def read_databento(path: Path) -> Messages:
    """Return the orders of a Databento file of orders.

    Trading starts two minutes after the first trade. A fill is followed by the change of its order,
    in the same event.
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
    keep = np.isin(action, list(actions)) & ~takers_own(action, ids)
    trades = ts[action == "T"]
    start = int(trades[0]) // MINUTE_NS * MINUTE_NS + 2 * MINUTE_NS
    columns: Columns = {
        "ts": ts,
        "action": np.array([actions.get(a, 0) for a in action]),
        "id": ids,
        "side": np.where(side == "B", 1, np.where(side == "A", -1, 0)),
        "tick": price.astype(np.int64) // 250_000_000,
        "qty": size,
        "last": (flags & 128) > 0,
    }
    return Messages(typed(columns, keep), start, int(ts[-1]))


def takers_own(action: Any, ids: Any) -> Any:
    """Return which fills are of the order that took, shape (n,).

    A resting order moved to a price that trades is reported as filled like the one it meets, at
    its new price; in the book it still rests at the old one, where nothing traded.
    """
    at = np.arange(len(action))
    trade = np.maximum.accumulate(np.where(action == "T", at, 0))
    return (action == "F") & (ids == ids[trade])


def read_lobster(path: Path) -> Messages:
    """Return the orders of a LOBSTER message file, from when its levels are settled on."""
    table = np.loadtxt(path, delimiter=",", usecols=(0, 1, 2, 3, 4, 5))
    # Seconds after midnight have nine digits, which a float of this size holds to 10 ns.
    ts = np.round(table[:, 0] * 1e9).astype(np.int64)
    kind = table[:, 1].astype(np.int64)
    actions = np.zeros(8, np.uint8)
    actions[[1, 2, 3, 4]] = ADD, CUT, CUT, TRADE
    columns: Columns = {
        "ts": ts,
        "action": actions[kind],
        "id": table[:, 2],
        "side": table[:, 5],
        "tick": table[:, 4].astype(np.int64) // 100,
        "qty": table[:, 3],
        "last": np.ones(len(ts)),
    }
    return Messages(typed(columns, actions[kind] > 0), int(ts[0]) + 10 * MINUTE_NS, int(ts[-1]))


def typed(columns: Columns, keep: Any) -> Columns:
    """Return the kept rows in the types of the core."""
    return {
        name: np.ascontiguousarray(columns[name][keep].astype(dtype))
        for name, dtype in DTYPES.items()
    }
