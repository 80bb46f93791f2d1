"""Data — recordings and archives in, tapes out: import, catalogue, quality and export."""
