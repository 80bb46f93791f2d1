"""Emulator thread — a local exchange beside a test whose clients block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botmm.clock import SystemClock
from botmm.exchanges.emulator import Emulator, EmulatorConfig, LimitNumbers

START_S = 20.0
WAIT_S = 10.0
# Tests ask more in a minute than one address may.
GENEROUS = LimitNumbers(
    weight_per_minute=10**9, sockets=1_000, new_sockets_per_minute=10_000, messages_per_minute=10**9
)


class RunningEmulator:
    """A local exchange in a thread of its own."""

    def __init__(self, config: EmulatorConfig) -> None:
        self._config = config
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._emulator: Emulator | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def emulator(self) -> Emulator:
        assert self._emulator is not None
        return self._emulator

    @property
    def url(self) -> str:
        return self.emulator.url

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_S), "the local exchange did not start"
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)
        if self.failure is not None:
            raise self.failure

    def control(self, **request: Any) -> dict[str, Any]:
        """Do in the exchange's own thread what its control endpoint does."""
        assert self._loop is not None
        doing = asyncio.run_coroutine_threadsafe(self.emulator.control(request), self._loop)
        return doing.result(WAIT_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 — the test's own thread raises it
            self.failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        async with Emulator(self._config) as emulator:
            self._emulator = emulator
            self._ready.set()
            await self._stop.wait()


@contextmanager
def running(**config: Any) -> Iterator[RunningEmulator]:
    """Run a local exchange; fast and with generous limits where the test does not say otherwise."""
    settings: dict[str, Any] = {"speed": 10.0, "limits": GENEROUS, "warm_up_s": 5, **config}
    there = RunningEmulator(EmulatorConfig(**settings))
    there.start()
    try:
        yield there
    finally:
        there.stop()


def until(condition: Callable[[], Any], what: str, seconds: float = WAIT_S) -> Any:
    """Return the first true value of a condition."""
    clock, pause = SystemClock(), threading.Event()
    end = clock.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert clock.monotonic() < end, f"after {seconds} s still not: {what}"
        pause.wait(0.005)
