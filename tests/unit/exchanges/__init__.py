"""Tests of the adapters of venues."""
