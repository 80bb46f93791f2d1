"""Simulation — whole parts at work in seeded worlds."""
