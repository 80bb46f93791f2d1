"""Cross check — our fills against another engine's on the same events, and why they differ."""
