"""Botmm — a market maker for crypto perpetuals: one engine in replay, paper and live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botmm.research.strategy import Strategy as Strategy
    from botmm.research.strategy import replay as replay
    from botmm.research.sweep import sweep as sweep

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is used, when it is used."""
    if name == "sweep":
        from botmm.research.sweep import sweep

        return sweep
    if name in {"Strategy", "replay"}:
        from botmm.research import strategy

        return getattr(strategy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
