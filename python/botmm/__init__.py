"""Botmm — a market maker for crypto perpetuals: one engine in replay, paper and live."""
