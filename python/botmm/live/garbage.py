"""Garbage — cycles are collected by the clock, not in the middle of a decision."""

from __future__ import annotations

import asyncio
import gc

from botmm.observe.memory import trim

YOUNG_S = 1.0
ALL_EVERY = 20
"""Each so many looks everything is looked through that is younger than the run."""


async def collect(young_s: float = YOUNG_S, all_every: int = ALL_EVERY) -> None:
    """Collect between records for as long as this task lives; what the start made is left out.

    By itself the interpreter collects when so many objects were made: that is, while a frame is
    turned into a request.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    look = 0
    try:
        while True:
            await asyncio.sleep(young_s)
            look += 1
            if look % all_every == 0:
                gc.collect()
                trim()
            else:
                gc.collect(1)
    finally:
        gc.enable()
        gc.unfreeze()
