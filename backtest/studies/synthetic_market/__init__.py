"""Synthetic market — how much the simulated exchange looks like a recorded one."""
