"""Hyperliquid — unit tests of `botmm.exchanges.hyperliquid`."""
