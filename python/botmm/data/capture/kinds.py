"""Kinds — what the records of a recording are; the journal of a daemon has kinds of its own."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What one record holds, verbatim."""

    FRAME = 1
    """What a socket said."""
    ANSWER = 2
    """What was asked over HTTP, a line break, and the body of the answer."""
