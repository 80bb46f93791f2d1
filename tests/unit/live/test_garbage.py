"""Tests of garbage — collected while the task lives, by the interpreter itself after it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref

import pytest

from botmm.live import garbage
from botmm.live.garbage import collect


class Knot:
    """An object that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("all_every", [1, 1_000])
def test_cycles_are_freed_by_the_clock_alone(all_every: int) -> None:
    freed = [0]

    async def script() -> None:
        collecting = asyncio.create_task(collect(0.005, all_every))
        await asyncio.sleep(0)
        assert not gc.isenabled()
        weakref.finalize(Knot(), freed.append, 1)
        while len(freed) == 1:
            await asyncio.sleep(0.001)
        collecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await collecting

    asyncio.run(asyncio.wait_for(script(), 5))
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_free_pages_go_back_with_each_look_at_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[int] = []
    monkeypatch.setattr(garbage, "trim", lambda: trims.append(1))

    async def script() -> None:
        collecting = asyncio.create_task(collect(0.001, 3))
        while len(trims) < 2:
            await asyncio.sleep(0.001)
        collecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await collecting

    asyncio.run(asyncio.wait_for(script(), 5))
