"""Backtest — the replay commands by their file names, benchmarks and studies."""
