"""Bench — our replay beside hftbacktest: the same events, the same rule, one core."""
