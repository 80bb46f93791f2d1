"""Relay — the heartbeat of a daemon on another machine: a line a second, and a guard that hears it."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from pathlib import Path

from botmm.clock import Clock
from botmm.live import heartbeat
from botmm.live.heartbeat import Heartbeat, Life
from botmm.observe.logging import logger

EVERY_S = 1.0
FRESH_S = 2.0
"""A beat that is older is not passed on: silence is what the other side is to hear."""
AGAIN_S = 2.0
"""How long after its end a command is started again."""
LINE_BYTES = 4_096
"""What a shell says of itself before the first beat has room."""

_log = logger(__name__)


def line(state: Path, clock: Clock) -> str | None:
    """Return what is passed on of the daemon's last beat; None while it shows no life."""
    beat = heartbeat.read(state / "heartbeat")
    if beat is None or (beat.life is Life.RUNNING and beat.age_s(clock) > FRESH_S):
        return None
    return f"{beat.life.name.lower()} {beat.beats}"


class Relay:
    """Runs a command that prints the daemon's beats and beats here as they come."""

    def __init__(self, command: str, state: Path, clock: Clock) -> None:
        """Take the command line, and the folder where the guard looks for the heartbeat."""
        self._words = shlex.split(command)
        self._state, self._clock = state, clock
        self._heart: Heartbeat | None = None
        self._last = ""

    async def run(self) -> None:
        """Hear the command until cancelled; where it ends it is started again.

        Silence counts from here on, also that of a daemon which was heard before a restart.
        """
        beat = heartbeat.read(self._state / "heartbeat")
        if beat is not None and beat.life is Life.RUNNING:
            self._heart = Heartbeat(self._state / "heartbeat", self._clock)
        while True:
            try:
                await self._hear()
            except (OSError, ValueError) as error:
                _log.warning("no beats", command=self._words[0], why=str(error))
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        try:
            assert process.stdout is not None
            while text := await process.stdout.readline():
                self._take(text.decode("ascii", "replace").strip())
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            code = await process.wait()
        _log.warning("no beats", command=self._words[0], why=f"exit code {code}")

    def _take(self, said: str) -> None:
        """Beat where the daemon has beaten since the last line."""
        word, _, beats = said.partition(" ")
        if said == self._last or not beats.isdigit():
            return
        self._last = said
        if word == Life.RUNNING.name.lower():
            if self._heart is None:
                self._heart = Heartbeat(self._state / "heartbeat", self._clock)
            else:
                self._heart.beat()
        elif word == Life.STOPPED.name.lower() and self._heart is not None:
            self._heart.stop()
            self._heart = None
