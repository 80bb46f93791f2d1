"""Capture — what came over the wire and what was decided, in checksummed append-only segments."""
