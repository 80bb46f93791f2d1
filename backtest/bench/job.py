"""Job — one measured run in a process of its own, on one core; prints its figures as JSON."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backtest.bench.rule import Outcome, Rule
from backtest.bench.streams import SCALES, Scale


def _peer(job: dict[str, Any], scale: Scale, rule: Rule) -> list[Outcome]:
    """Compile on the first rows, then measure file to result and, with the rows in memory, the run."""
    from backtest.bench import peer

    rows = np.load(job["paths"][0])["data"]
    bounds = (int(job["bounds"][0]), int(job["bounds"][1]))
    peer.run(rows[:20_000].copy(), scale, rule, bounds, job["depth"])
    steady = peer.run(rows, scale, rule, bounds, job["depth"])
    del rows
    return [peer.run(job["paths"][0], scale, rule, bounds, job["depth"]), steady]


def _ours(job: dict[str, Any], scale: Scale, rule: Rule) -> list[Outcome]:
    """Measure file to result; steady state is what is left without reading the file.

    Tapes are read while they are played, so reading is measured alone, after, in the same process. All
    is done once before it counts, as with the peer: memory that a process never touched is slow.
    """
    from backtest.bench import ours

    paths = [Path(path) for path in job["paths"]]
    ours.read(paths)
    whole = ours.run(paths, scale, rule)
    reading = ours.read(paths)
    return [whole, replace(whole, seconds=whole.seconds - reading)]


def peak_mb() -> float:
    """Return the most memory this process ever held; what its parent held does not count."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (row for row in status.splitlines() if row.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(text: str) -> None:
    """Run a job and print what it took; its fills go to the file that it names."""
    job = json.loads(text)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    runs = {"peer": _peer, "ours": _ours}
    outcomes = runs[job["engine"]](job, SCALES[job["stream"]], Rule(**job["rule"]))
    np.save(job["fills"], outcomes[0].fills)
    figures = {
        "seconds": outcomes[0].seconds,
        "steady_seconds": outcomes[-1].seconds,
        "fills": len(outcomes[0].fills),
        "peak_mb": peak_mb(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
