"""Core — the one door to the compiled module; everything else imports its names from here."""

from __future__ import annotations

from pathlib import Path

from botmm import __version__ as _package
from botmm.errors import CoreMissingError

try:
    from botmm._core import *  # noqa: F403 — the door hands out all names of the stub
    from botmm._core import __file__ as _file
    from botmm._core import __version__ as __version__
except ImportError as error:
    raise CoreMissingError(
        f"the compiled core does not load: {error}",
        cure="run `make build` in the project folder, or install the wheel for this platform",
    ) from error

if __version__ != _package:
    raise CoreMissingError(
        f"the core is version {__version__}, the package {_package}",
        cure="build both from one commit: `make build`, or install one wheel",
    )

BUILD = Path(_file)
"""The compiled module itself: another build, another file."""
