"""Report — tests of the figures and of their presentation."""
