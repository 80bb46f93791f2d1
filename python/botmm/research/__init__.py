"""Research — drivers of replay: what a maker would have earned on recorded markets."""
