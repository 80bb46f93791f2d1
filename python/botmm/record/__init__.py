"""Record — a venue's public streams, kept as they came, around the clock."""
