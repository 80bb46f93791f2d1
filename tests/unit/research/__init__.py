"""Research — tests of plans, runs and their output."""
