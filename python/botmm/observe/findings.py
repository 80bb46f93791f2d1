"""Findings — what checks found, how bad it is, and the cure of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from botmm.errors import BotmmError


class Level(IntEnum):
    """How bad a finding is; the worst decides."""

    OK = 0
    SKIPPED = 1
    """It could not be asked, or need not be."""
    LOOK = 2
    """A person should look; nothing keeps from trading."""
    FAIL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check-up."""

    name: str
    level: Level
    found: str
    cure: str = ""


def ok(name: str, found: str) -> Finding:
    """Return that all is well."""
    return Finding(name=name, level=Level.OK, found=found)


def skipped(name: str, found: str, cure: str = "") -> Finding:
    """Return that it was not asked, and why."""
    return Finding(name=name, level=Level.SKIPPED, found=found, cure=cure)


def look(name: str, found: str, cure: str) -> Finding:
    """Return what a person should look at."""
    return Finding(name=name, level=Level.LOOK, found=found, cure=cure)


def fail(name: str, found: str, cure: str) -> Finding:
    """Return what has to be mended first."""
    return Finding(name=name, level=Level.FAIL, found=found, cure=cure)


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Return what a check found, or what stopped it."""
    try:
        return check()
    except BotmmError as error:
        return fail(name, error.message, error.cure)
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return fail(name, f"{where}{error.strerror or error}", "check the path and its permissions")
