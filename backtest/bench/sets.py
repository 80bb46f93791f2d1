"""Sets — many parameter sets on the same events: ours in one pass, the peer's in two processes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from backtest.bench.rule import Rule
from backtest.bench.streams import SCALES

ROOT = Path(__file__).parents[2]
SETS = 144
THREADS = 2
# The peer's time for a set hardly depends on the set: so many a process are run, and scaled.
SAMPLED = 3


def grid(rule: Rule) -> list[Rule]:
    """Return the sets: twelve half spreads from the rule's own in half ticks, times twelve skews."""
    return [
        replace(rule, half_ticks=rule.half_ticks + wider / 2, skew_ticks=skew)
        for wider in range(12)
        for skew in range(1, 13)
    ]


def sampled(rules: list[Rule], process: int) -> list[int]:
    """Return which sets a process of the peer runs, evenly over the grid."""
    step = len(rules) // (THREADS * SAMPLED)
    return [(process + THREADS * i) * step + step // 2 for i in range(SAMPLED)]


def measure(
    place: Path, name: str, rule: Rule, bounds: list[int], peer: tuple[str, str], rounds: int
) -> dict[str, Any]:
    """Return the round of the middle ratio, and the ratios of all."""
    every = [_round(place, name, grid(rule), bounds, peer) for _ in range(rounds)]
    middle = statistics.median_low(one["ratio"] for one in every)
    found = next(one for one in every if one["ratio"] == middle)
    return found | {"ratios": [one["ratio"] for one in every]}


def _round(
    place: Path, name: str, rules: list[Rule], bounds: list[int], peer: tuple[str, str]
) -> dict[str, Any]:
    """Return seconds of the clock for all sets, ours measured, the peer's scaled from a sample."""
    form, depth = peer
    ours = _job({"engine": "ours-sets", "paths": [str(place / "tape.parquet")]}, name, rules)
    jobs = []
    for process in range(THREADS):
        job = {"engine": "peer-sets", "paths": [str(place / f"{form}.npz")], "depth": depth}
        chosen = [rules[at] for at in sampled(rules, process)]
        jobs.append(_start(job | {"bounds": bounds, "core": process}, name, chosen))
    theirs = [_finish(process) for process in jobs]
    runs = [seconds for one in theirs for seconds in one["runs"]]
    load = max(one["load"] for one in theirs)
    whole = load + statistics.mean(runs) * SETS / THREADS
    fills = {
        at: (ours["fills"][at], count)
        for process, one in enumerate(theirs)
        for at, count in zip(sampled(rules, process), one["fills"], strict=True)
    }
    return {
        "sets": SETS,
        "seconds": ours["seconds"],
        "cpu_seconds": ours["cpu_seconds"],
        "orders": ours["orders"],
        "peak_mb": ours["peak_mb"],
        "peer": f"hft {form} {depth}",
        "peer_load": load,
        "peer_run": statistics.mean(runs),
        "peer_seconds": whole,
        "ratio": whole / ours["seconds"],
        "fills": fills,
    }


def _start(job: dict[str, Any], name: str, rules: list[Rule]) -> subprocess.Popen[str]:
    text = json.dumps(job | {"stream": name, "rules": [asdict(rule) for rule in rules]})
    command = [sys.executable, "-m", "backtest.bench.sets", text]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"a run of the sets failed with {process.returncode}")
    figures: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return figures


def _job(job: dict[str, Any], name: str, rules: list[Rule]) -> dict[str, Any]:
    return _finish(_start(job, name, rules))


def _ours(job: dict[str, Any], name: str, rules: list[Rule]) -> dict[str, Any]:
    """Sweep all sets from the file to their results."""
    from backtest.bench import ours
    from backtest.bench.job import peak_mb
    from botmm.core import Sweep

    paths = [Path(path) for path in job["paths"]]
    run = ours.spec(paths, SCALES[name], rules[0])
    sets = [{"params": [ours.params(rule)]} for rule in rules]
    began, cpu = time.perf_counter(), time.process_time()
    sweep = Sweep(json.dumps({"run": run, "sets": sets, "threads": THREADS}))
    while not sweep.run(ours.CHUNK_ROWS)["done"]:
        pass
    rows = json.loads(sweep.results())
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "fills": [row["fills"] for row in rows],
        "orders": sum(row["orders"] for row in rows),
        "peak_mb": peak_mb(),
    }


def _theirs(job: dict[str, Any], name: str, rules: list[Rule]) -> dict[str, Any]:
    """Load once, then run set after set; compiled before the clock starts."""
    import numpy as np

    from backtest.bench import peer

    bounds = (int(job["bounds"][0]), int(job["bounds"][1]))
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[job["core"] % len(cores)]})
    began = time.perf_counter()
    rows = np.load(job["paths"][0])["data"]
    load = time.perf_counter() - began
    peer.run(rows[:20_000].copy(), SCALES[name], rules[0], bounds, job["depth"])
    runs, fills = [], []
    for rule in rules:
        began = time.perf_counter()
        outcome = peer.run(rows, SCALES[name], rule, bounds, job["depth"])
        runs.append(time.perf_counter() - began)
        fills.append(len(outcome.fills))
    return {"load": load, "runs": runs, "fills": fills}


def main(text: str) -> None:
    """Run one side's sets and print what they took as JSON."""
    job = json.loads(text)
    rules = [Rule(**rule) for rule in job["rules"]]
    sides = {"ours-sets": _ours, "peer-sets": _theirs}
    print(json.dumps(sides[job["engine"]](job, job["stream"], rules)))


if __name__ == "__main__":
    main(sys.argv[1])
