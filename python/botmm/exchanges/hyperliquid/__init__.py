"""Hyperliquid — the trading adapter: pure protocol code, and one shell of sockets around it."""
