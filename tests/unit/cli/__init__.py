"""Cli — tests of options and errors."""
