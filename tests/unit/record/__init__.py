"""Record tests — the recorder without a network."""
