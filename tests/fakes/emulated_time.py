"""Emulated time — a local exchange whose clock a test moves by hand."""

from __future__ import annotations

import asyncio

from botmm.clock import ManualClock
from botmm.exchanges.emulator import Emulator

# Further at once, and the exchange's clock slips rather than catch up.
_STEP_S = 20.0


async def pass_time(clock: ManualClock, emulator: Emulator, seconds: float) -> None:
    """Move the clock on, and wait until the exchange has played to it."""
    left = seconds
    while left > 0:
        clock.advance(min(left, _STEP_S))
        left -= _STEP_S
        async with asyncio.timeout(10):
            while emulator.desk.now < emulator.clock.now() - 2 * emulator.config.block_ns:
                await asyncio.sleep(0.002)
