"""Exchanges — tests of venues and of the local exchange."""
