"""Strategies — rules in Python for tests: the shipped fixed rule written again, and some wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botmm

LOTS, HALF_TICKS, SKEW_TICKS = 200, 3.0, 1.0
# The shipped rule with one level, and limits as wide as they go: then both quote alike.
FIXED = {
    "mode": "fixed",
    "fixed_half_ticks": HALF_TICKS,
    "fixed_skew_ticks": SKEW_TICKS,
    "order_lots": LOTS,
    "num_levels": 1,
    "order_size_usd": 0.2,
    "max_position_usd": 2.4,
    "order_value_factor": 1.0,
    "collar_frac": 0.05,
    "displayed_frac": 0.0,
    "repeat_fills": 256,
    "repeat_window_s": 0.001,
    "duplicate_ms": 0.0,
    "jump_frac": 1.0,
    "orders_in_all": 1_000,
    "orders_per_level": 32,
    "actions_burst": 10_000,
    "actions_per_s": 10_000,
}
CAPITAL_USD = 100_000_000.0


class FixedRule(botmm.Strategy):
    """Quotes as the shipped mode `fixed`: around the mid, shifted by the position, post-only."""

    depth = 0

    def on_step(self, view: Any) -> Any:
        center = view.mid - SKEW_TICKS * view.tick * view.position / LOTS
        half = HALF_TICKS * view.tick
        bid = min(view.floor(center - half), view.floor(view.ask - 1))
        ask = max(view.ceil(center + half), view.ceil(view.bid + 1))
        return (bid, LOTS), (ask, LOTS)


def returning(answer: Callable[[Any], Any]) -> botmm.Strategy:
    """Return a strategy whose steps return what `answer` makes of the view."""

    class Returning(botmm.Strategy):
        """Returns what it is told to."""

        def on_step(self, view: Any) -> Any:
            return answer(view)

    return Returning()
