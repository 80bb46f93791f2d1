"""Exchange tests — the adapters of venues."""
