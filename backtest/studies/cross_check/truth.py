"""Truth — both readings of a synthetic market's streams against fills that are known.

Hypothetical orders join the tail of a level each two seconds; the exchange knows when volume reached
past what was ahead of them. Each reading says the same of the same orders from the streams alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from backtest.bench.rule import FILLED
from backtest.studies.cross_check.reading import OURS, Difference, Order, Tape
from botmm.core import Synth
from botmm.units import SECOND_NS, day_start, parse_date

START = day_start(parse_date("2026-01-05"))
HORIZON_S = 60
# A market as the preset has it, and one whose value hardly moves: there the queue decides.
MARKETS: Mapping[str, tuple[str, dict[str, float]]] = {
    "SOL": ("SOL", {}),
    "BTC": ("BTC", {}),
    "ETH, still": ("ETH", {"sigma_bps": 0.05, "impact_bps": 0.03}),
}
THEIRS = frozenset({Difference.CLEAR})
READINGS = {
    "ours": OURS,
    "ours, arrival = last": OURS - {Difference.ARRIVAL},
    "the other engine's": THEIRS,
}


def scores(name: str, streams: str, seed: int, hours: float) -> dict[str, tuple[float, ...]]:
    """Return how each reading did in one market.

    Returns:
        By reading: number of orders, their share filled in truth and by the reading within 60 s, the
        share called wrongly, and the mean distance of fill times in seconds.
    """
    symbol, changes = MARKETS[name]
    wish = {"symbol": symbol, "seed": seed, "start": START, "streams": streams, **changes}
    market = Synth(json.dumps(wish | {"ghost_every_ms": 2_000, "ghost_horizon_ms": 75_000}))
    rows = market.step_until(START + round(hours * 3600) * SECOND_NS)
    tape = Tape(rows, units_per_tick=1)
    ghosts = market.take_truth().ghosts()
    limit = ghosts["ts"] + HORIZON_S * SECOND_NS
    truth = np.where(ghosts["filled"] > 0, np.minimum(ghosts["filled"], limit), limit)
    found = {}
    for reading, how in READINGS.items():
        told = np.array([_until(tape, ghosts, i, int(limit[i]), how) for i in range(len(limit))])
        wrong = (told < limit) != (truth < limit)
        late = np.abs(told - truth) / SECOND_NS
        found[reading] = (
            float(len(limit)),
            float((truth < limit).mean()),
            float((told < limit).mean()),
            float(wrong.mean()),
            float(late.mean()),
        )
    return found


def _until(tape: Tape, ghosts: Any, i: int, limit: int, how: frozenset[Difference]) -> int:
    """Return when a reading fills an order, at the latest its limit."""
    order = Order(
        side=int(ghosts["side"][i]),
        px=int(ghosts["px"][i]),
        arrived=int(ghosts["ts"][i]) + 1,  # it joins after the block of its time
        until=limit,
        wanted=int(ghosts["size"][i]),
    )
    status, ts = tape.outcome(order, how)
    return ts if status == FILLED else limit
