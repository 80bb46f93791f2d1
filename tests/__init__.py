"""Tests — unit, boundary, golden, property, architecture and system tests of BotMM."""
