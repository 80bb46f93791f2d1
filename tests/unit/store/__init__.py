"""Data tests — importers, catalogue, quality and export."""
