"""Observe — what a person or a machine sees of a running program: logs and progress."""
