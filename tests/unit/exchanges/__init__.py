"""Exchanges — what talks to venues, and what plays one."""
