"""Botmm — a market maker for crypto perpetuals: one engine in replay, paper and live."""

__version__ = "0.1.0"
