"""Learning — tests of what surrounds the fill model."""
