"""Ops — tests of what keeps a server going."""
