"""Emulator — the parts of the local exchange."""
