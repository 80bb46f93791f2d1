"""Unit — tests of single functions; same paths as the modules."""
