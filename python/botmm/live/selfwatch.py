"""Selfwatch — a process that stands still ends with its stacks, one that runs out of files in order."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys

from botmm.errors import FileSystemError

STUCK_S = 5.0
"""Without a step of the loop for so long, nothing of what is decided can be trusted to leave."""
LOOK_S = 0.5
FILES_KEPT = 12
"""Files that a stop needs: a connection each way, the journal, the state."""


async def progress() -> None:
    """End the process where the loop takes no step: a thread without the interpreter's lock does.

    The stacks of all threads go to stderr and the exit code is 1. The guard withdraws what rests.
    """
    try:
        while True:
            faulthandler.dump_traceback_later(STUCK_S, exit=True)
            await asyncio.sleep(LOOK_S)
    finally:
        faulthandler.cancel_dump_traceback_later()


async def files() -> None:
    """End the run while a stop still has the files that it needs.

    Raises:
        FileSystemError: few are left.
    """
    if sys.platform == "win32":
        return
    import resource

    while True:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = len(os.listdir("/dev/fd"))
        if most != resource.RLIM_INFINITY and most - count < FILES_KEPT:
            raise FileSystemError(
                f"{count} of {most} files are open",
                cure="raise the limit (ulimit -n, or LimitNOFILE of the unit)",
            )
        await asyncio.sleep(LOOK_S)
