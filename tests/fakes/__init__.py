"""Fakes — hand-written stand-ins for the ports."""
