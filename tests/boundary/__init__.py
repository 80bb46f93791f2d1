"""Boundary tests — the compiled module and real files."""
