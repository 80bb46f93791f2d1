"""Killed recorder — a process that forks recorders, kills each at a random moment and says what was heard.

Run as `python -m tests.fakes.killed_recorder FOLDER KILLS SEED`; prints a JSON line a kill. What a
recorder heard stands in shared memory, which a kill does not take.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botmm.clock import SystemClock
from botmm.data.capture import Writer
from botmm.record.recorder import Label, Recorder, Take
from botmm.record.space import Rank

NUMBER = struct.Struct("<Qq")  # frames taken, monotonic ns of the last


@dataclass
class Line:
    """A line that carries numbered frames."""

    name: str = "quick"
    group: str = "quick"

    def label(self, frame: bytes) -> Label:
        return Label("BTC", "trades", Rank.TRADES)

    def renew(self) -> None:
        pass

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        raise NotImplementedError


def hear(folder: Path, run: int, shared: mmap.mmap) -> None:
    """Record frames until killed; each is counted before it is taken."""
    clock = SystemClock()
    writer = Writer(folder, clock, segment_bytes=20_000, sealed=True, about={"what": "recording"})
    recorder = Recorder([Line()], writer, clock, folder, 0)
    number = 0
    while True:
        number += 1
        at = time.monotonic_ns()
        NUMBER.pack_into(shared, 16 + NUMBER.size * (number % 4096), number, at)
        NUMBER.pack_into(shared, 0, number, at)
        recorder.take(0, b"%d %d " % (run, number) + b"x" * (number % 300))
        time.sleep(0.002)


def main(folder: Path, kills: int, seed: int) -> None:
    """Kill so many recorders one after the other, in one folder."""
    rng = np.random.default_rng(seed)
    shared = mmap.mmap(-1, 16 + NUMBER.size * 4096)
    for run in range(kills):
        shared[:] = bytes(len(shared))
        child = os.fork()
        if child == 0:
            try:
                hear(folder, run, shared)
            finally:
                os._exit(1)
        while NUMBER.unpack_from(shared, 0)[0] == 0:
            time.sleep(0.001)
        time.sleep(float(rng.uniform(0.0, 0.3)))
        os.kill(child, signal.SIGKILL)
        killed = time.monotonic_ns()
        os.waitpid(child, 0)
        taken, _ = NUMBER.unpack_from(shared, 0)
        times = dict(NUMBER.unpack_from(shared, 16 + NUMBER.size * i) for i in range(4096))
        ages = {n: killed - at for n, at in times.items() if n and n > taken - 400}
        print(json.dumps({"taken": taken, "ages": ages}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
