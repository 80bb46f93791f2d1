"""Memory — what the process frees goes back to the system: months of rows pass through it.

Rows are read, turned and written in blocks of half a megabyte and more. The allocators of Arrow
and of the C library keep such blocks for later by default, a hundred megabytes of them in a run
over months (docs/PERFORMANCE.md). A daemon that reads long answers for months would keep ever more
of them in pieces between what stays.
"""

from __future__ import annotations

import ctypes
import os

# From this size on a block is the system's own, and goes back when it is freed.
OWN_BLOCK_BYTES = 256 * 1024
_M_MMAP_THRESHOLD = -3  # glibc's malloc.h
_M_ARENA_MAX = -8


def give_back(*, for_months: bool = False) -> None:
    """Set up this process; before Arrow is imported. Elsewhere than on glibc the half of it.

    Args:
        for_months: let all threads share one heap: each would keep pieces of its own for ever.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_MMAP_THRESHOLD, OWN_BLOCK_BYTES)
    if for_months:
        mallopt(_M_ARENA_MAX, 1)


def trim() -> None:
    """Return the pages that lie free between what stays; half a millisecond. On glibc alone."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
