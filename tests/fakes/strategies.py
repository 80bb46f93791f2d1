"""Strategies — rules in Python for tests: the shipped fixed rule written again, and some wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backtest.bench.ours import CAPITAL_USD, params
from backtest.bench.steps import RULE, FixedRule

import botmm

__all__ = ["CAPITAL_USD", "FIXED", "LOTS", "FixedRule", "returning"]

LOTS = RULE.clip_lots
# The shipped rule with one level, and limits as wide as they go: then both quote alike.
FIXED = params(RULE)


def returning(answer: Callable[[Any], Any]) -> botmm.Strategy:
    """Return a strategy whose steps return what `answer` makes of the view."""

    class Returning(botmm.Strategy):
        """Returns what it is told to."""

        def on_step(self, view: Any) -> Any:
            return answer(view)

    return Returning()
