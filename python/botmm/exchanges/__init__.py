"""Exchanges — the venues that drivers trade on, each in its own package."""
