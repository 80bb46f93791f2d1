"""Bench — measures replay against hftbacktest side by side and prints the table.

Run as `python -m backtest.bench`. Streams are made once, from a seed, below `data/bench`.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from backtest.bench import files, sets
from backtest.bench.compare import match
from backtest.bench.rule import Rule
from backtest.bench.streams import Stream, changes, incremental, snapshots

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
RULES = {
    "incremental": Rule(half_ticks=3, skew_ticks=1, clip_lots=50),
    "snapshots": Rule(half_ticks=2, skew_ticks=1, clip_lots=1_000),
}
# The peer's inputs: its form of the rows, and its book.
PEERS = {
    "incremental": [("given", "hash"), ("given", "vector")],
    "snapshots": [("given", "vector"), ("changes", "hash"), ("changes", "vector")],
}
# With many sets, against its fastest book.
SET_PEERS = {
    "incremental": [("given", "vector")],
    "snapshots": [("given", "vector"), ("changes", "vector")],
}
console = Console(width=110)


@click.command()
@click.option("--events", default=10_000_000, show_default=True, help="Of the incremental stream.")
@click.option("--hours", default=34.0, show_default=True, help="Of the snapshot stream.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each; medians count.")
@click.option("--long", default=10, show_default=True, help="Times the events, for memory; 0: no.")
@click.option("--stream", "names", multiple=True, type=click.Choice(list(RULES)), help="Only this.")
@click.option("--folder", default=ROOT / "data" / "bench", type=click.Path(path_type=Path))
def main(
    events: int, hours: float, rounds: int, long: int, names: tuple[str, ...], folder: Path
) -> None:
    """Measure both engines on the same events, alternately, on one core."""
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one used")
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"incremental": float(events), "snapshots": hours}
    results = {}
    for name in names or tuple(RULES):
        place = folder / f"{name}-{sizes[name]:g}"
        facts = prepare(name, sizes[name], place)
        results[name] = measure(name, place, facts, rounds)
        show(name, results[name])
        results[name]["sets"] = [
            sets.measure(place, name, RULES[name], facts["bounds"], peer, rounds)
            for peer in SET_PEERS[name]
        ]
        show_sets(results[name])
    if long:
        results["memory"] = memory(folder, events, long)
        console.print(
            f"peak memory at {long} x {events:,} events: {results['memory']['peak_mb']:.0f} MB"
        )
    (folder / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    console.print(f"figures: {folder / 'results.json'}")


def prepare(name: str, size: float, place: Path) -> dict[str, Any]:
    """Make the files of a stream unless they are there; return what is known of them."""
    known = place / "facts.json"
    if known.is_file():
        facts: dict[str, Any] = json.loads(known.read_text(encoding="utf-8"))
        return facts
    from backtest.bench import peer

    console.print(f"making {name} {size:g}")
    place.mkdir(parents=True, exist_ok=True)
    stream = make(name, size, SEED)
    neutral = files.write_neutral(stream, place / "neutral.parquet")
    tape = files.write_tape([stream], place / "tape.parquet")
    peer.save(peer.rows_of(stream), place / "given.npz")
    if name == "snapshots":
        peer.save(peer.rows_of(changes(stream)), place / "changes.npz")
    traded = stream.px[stream.px > 0]
    facts = {
        "events": len(stream),
        "hours": (int(stream.ts_exch[-1]) - int(stream.ts_exch[0])) / 3.6e12,
        "neutral_bytes": neutral,
        "tape_bytes": (place / "tape.parquet").stat().st_size,
        "tape_rows": int(tape["rows"]),
        "bounds": [int(traded.min()) - 100, int(traded.max()) + 100],
    }
    known.write_text(json.dumps(facts), encoding="utf-8")
    return facts


def make(name: str, size: float, seed: int, first_ns: int | None = None) -> Stream:
    """Return a stream by name; the size is in events or in hours."""
    start = {} if first_ns is None else {"first_ns": first_ns}
    if name == "incremental":
        return incremental(int(size), seed, **start)
    return snapshots(size, seed, **start)


def measure(name: str, place: Path, facts: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Run every engine in turn, so many rounds; return medians and how the fills compare."""
    jobs = {"botmm": {"engine": "ours", "paths": [str(place / "tape.parquet")]}}
    for form, depth in PEERS[name]:
        path = str(place / f"{form}.npz")
        jobs[f"hft {form} {depth}"] = {"engine": "peer", "paths": [path], "depth": depth}
    runs: dict[str, list[dict[str, Any]]] = {label: [] for label in jobs}
    for _ in range(rounds):
        for label, job in jobs.items():
            fills = place / f"fills {label}.npy"
            runs[label].append(run(job | {"bounds": facts["bounds"], "fills": str(fills)}, name))
    engines = {
        label: {key: statistics.median(r[key] for r in done) for key in done[0]}
        for label, done in runs.items()
    }
    ours = np.load(place / "fills botmm.npy")
    compared = {}
    for label in list(jobs)[1:]:
        same = match(ours, np.load(place / f"fills {label}.npy"))
        compared[label] = {"ours": same.ours, "theirs": same.theirs, "matched": same.matched}
    return facts | {"engines": engines, "fills": compared}


def run(job: dict[str, Any], name: str) -> dict[str, Any]:
    """Run one job in its own process."""
    text = json.dumps(job | {"stream": name, "rule": asdict(RULES[name])})
    done = subprocess.run(
        [sys.executable, "-m", "backtest.bench.job", text],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"a run of {job['engine']} failed:\n{done.stderr.strip()}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def memory(folder: Path, events: int, times: int) -> dict[str, Any]:
    """Replay a tape of many times the events and return its figures; only the peak matters."""
    place = folder / f"long-{times}x{events}"
    place.mkdir(parents=True, exist_ok=True)
    tape = place / "tape.parquet"
    if not tape.is_file():
        console.print(f"making a tape of {times} x {events:,} events")
        files.write_tape(chain(events, times), tape)
    job = {"engine": "ours", "paths": [str(tape)], "fills": str(place / "fills.npy")}
    return run(job, "incremental")


def chain(events: int, times: int) -> Any:
    """Yield incremental streams one after the other in time."""
    first = None
    for seed in range(SEED, SEED + times):
        stream = make("incremental", events, seed, first)
        first = int(stream.ts_exch[-1]) + 50_000_000
        yield stream


def show(name: str, result: dict[str, Any]) -> None:
    """Print the table of one stream."""
    engines, events = result["engines"], result["events"]
    ours, steady = engines["botmm"]["seconds"], engines["botmm"]["steady_seconds"]
    table = Table(title=f"{name}: {events:,} events, {result['hours']:.1f} h")
    for column in (
        "engine",
        "file to result s",
        "M events/s",
        "ratio",
        "run s",
        "ratio",
        "fills",
        "MB",
    ):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for label, figures in engines.items():
        table.add_row(
            label,
            f"{figures['seconds']:.2f}",
            f"{events / figures['seconds'] / 1e6:.1f}",
            f"{figures['seconds'] / ours:.1f}",
            f"{figures['steady_seconds']:.2f}",
            f"{figures['steady_seconds'] / steady:.1f}",
            f"{figures['fills']:.0f}",
            f"{figures['peak_mb']:.0f}",
        )
    console.print(table)
    peers = [figures for label, figures in engines.items() if label != "botmm"]
    whole = min(peer["seconds"] for peer in peers) / ours
    run = min(peer["steady_seconds"] for peer in peers) / steady
    console.print(f"against the fastest peer: file to result {whole:.2f}×, steady state {run:.2f}×")
    share = result["tape_bytes"] / result["neutral_bytes"]
    console.print(f"tape {result['tape_bytes']:,} bytes, {share:.1%} of the neutral file")
    for label, same in result["fills"].items():
        console.print(
            f"fills: ours {same['ours']}, {label} {same['theirs']}, equal {same['matched']}"
        )


def show_sets(result: dict[str, Any]) -> None:
    """Print what many sets took."""
    for one in result["sets"]:
        rate = result["events"] * one["sets"] / 1e6
        console.print(
            f"{one['sets']} sets on two threads: {one['seconds']:.2f} s, "
            f"{rate / one['seconds']:,.0f} M events x sets/s, {one['orders']:,} orders, "
            f"{one['peak_mb']:.0f} MB; {one['peer']} in two processes {one['peer_seconds']:.1f} s "
            f"({rate / one['peer_seconds']:,.0f} M, scaled from {sets.THREADS * sets.SAMPLED} "
            f"sets): {one['ratio']:.1f}x (of {', '.join(f'{ratio:.1f}' for ratio in one['ratios'])})"
        )
        pairs = ", ".join(f"{ours}/{theirs}" for ours, theirs in one["fills"].values())
        console.print(f"fills of the sampled sets, ours/theirs: {pairs}")


if __name__ == "__main__":
    main()
