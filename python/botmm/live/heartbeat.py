"""Heartbeat — a few bytes in shared memory that say that the daemon lives; the guard reads them."""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from botmm.clock import Clock

EVERY_S = 0.1
_BODY = struct.Struct("<4sIQqI")  # magic, state, beats, monotonic ns, process
_SUM = struct.Struct("<I")
_BYTES = _BODY.size + _SUM.size
_MAGIC = b"BMHB"


class Life(IntEnum):
    """What the daemon says of itself."""

    RUNNING = 1
    STOPPED = 2


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life."""

    life: Life
    beats: int
    mono_ns: int
    pid: int

    def age_s(self, clock: Clock) -> float:
        """Return its age; one from before the last boot of the machine has none and is old."""
        age = clock.monotonic() - self.mono_ns * 1e-9
        return age if age >= -1.0 else float("inf")


class Heartbeat:
    """The daemon's side; `beat` is called each `EVERY_S` by the loop itself, never by a thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Map the file and beat once."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.ftruncate(fd, _BYTES)
            self._map = mmap.mmap(fd, _BYTES)
        finally:
            os.close(fd)
        self._clock = clock
        self._beats = 0
        self.beat()

    def beat(self) -> None:
        """Say that the daemon lives."""
        self._write(Life.RUNNING)

    def stop(self) -> None:
        """Say that the daemon stopped with nothing resting; the guard then leaves the account alone."""
        self._write(Life.STOPPED)
        self._map.flush()
        self._map.close()

    def _write(self, life: Life) -> None:
        self._beats += 1
        mono = round(self._clock.monotonic() * 1e9)
        body = _BODY.pack(_MAGIC, life, self._beats, mono, os.getpid())
        self._map[:] = body + _SUM.pack(zlib.crc32(body))


def read(path: Path) -> Beat | None:
    """Return the last beat; None where the file is missing, or is being written or damaged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) != _BYTES or zlib.crc32(data[: _BODY.size]) != _SUM.unpack(data[_BODY.size :])[0]:
        return None
    magic, life, beats, mono, pid = _BODY.unpack(data[: _BODY.size])
    if magic != _MAGIC or life not in Life.__members__.values():
        return None
    return Beat(Life(life), beats, mono, pid)
