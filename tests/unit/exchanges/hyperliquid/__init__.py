"""Tests of the Hyperliquid adapter."""
