"""Report — what a run earned and why: figures, terminal tables and the HTML tear sheet."""
