"""Observe — tests of logs and progress."""
