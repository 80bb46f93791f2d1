"""Core — the one door to the compiled module; everything else imports its names from here."""

from __future__ import annotations

from typing import Any

from botmm.errors import CoreMissingError

try:
    from botmm import _core
except ImportError as error:
    raise CoreMissingError(
        f"the compiled core does not load: {error}",
        cure="run `make build` in the project folder, or install the wheel for this platform",
    ) from error


def __getattr__(name: str) -> Any:
    """Hand out the names of the compiled module."""
    return getattr(_core, name)
