"""Pace — the time of the local exchange beside that of the machine."""

from __future__ import annotations

import asyncio

from botmm.clock import ManualClock
from botmm.exchanges.emulator import Emulator, EmulatorConfig
from botmm.units import SECOND_NS


class SlowEmulator(Emulator):
    """An exchange that needs five seconds to warm up."""

    async def _warm_up(self, until: int) -> None:
        await super()._warm_up(until)
        assert isinstance(self._base, ManualClock)
        self._base.advance(5)


def test_what_warming_up_takes_does_not_set_its_time_back() -> None:
    clock = ManualClock(1_700_000_000 * SECOND_NS)

    async def whole() -> None:
        async with SlowEmulator(EmulatorConfig(port=0, symbols=("BTC",)), clock) as emulator:
            while emulator.desk.now < clock.now() - emulator.config.block_ns:
                await asyncio.sleep(0.01)
            assert emulator.clock.now() == clock.now()

    asyncio.run(asyncio.wait_for(whole(), 20))
