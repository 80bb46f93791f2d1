"""Tags — what the ids of a run's orders begin with, so that each is known for what it is."""

from __future__ import annotations

MAGIC = 0xB077
"""The first 16 bits of every order id that this program ever sends."""


def tag_of(now_ns: int) -> int:
    """Return the tag of a run that starts now: 64 bits, rising from run to run."""
    return MAGIC << 48 | (now_ns // 1_000_000) & (1 << 48) - 1


def is_of_program(cloid: str | None) -> bool:
    """Whether an order id is of this run or of an earlier one."""
    return cloid is not None and int(cloid, 16) >> 112 == MAGIC
