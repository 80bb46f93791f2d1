"""Synth days — months of plain synthetic markets, each day of a symbol made alone, on all cores.

A day depends on seed, symbol and date only, so days are made in any order, at the same time, and
one that is there already is kept, whatever else was made with it.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event

from botmm.data.leftovers import sweep
from botmm.data.synth_plan import STEP_NS, SynthOutcome, SynthPlan, SynthTape, Tracker, is_made
from botmm.errors import StoppedError, UsageError
from botmm.units import DAY_NS, day_start


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One tape to make."""

    symbol: str
    start: int
    end: int
    path: Path
    identity: str


def make_days(plan: SynthPlan, tracker: Tracker | None = None) -> SynthOutcome:
    """Make every day of every symbol of a plan that is not there.

    Raises:
        DataError: a recording is where a tape should go; nothing was made then.
        UsageError: the plan asks for the truth about orders, or for other streams.
    """
    if plan.truth is not None:
        raise UsageError(
            "a plain market has no orders to tell the truth about", cure="use --model orders"
        )
    if plan.streams != "classic":
        raise UsageError(
            f"a plain market shows the classic streams, not {plan.streams}",
            cure="use --model orders",
        )
    outcome, jobs = SynthOutcome(), []
    for job in _jobs(plan):
        if is_made(job.path, job.identity):
            outcome.kept.append(job.path)
        else:
            jobs.append(job)
    for folder in {job.path.parent for job in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
    _work(plan, jobs, outcome, tracker)
    order = {job.path: number for number, job in enumerate(jobs)}
    outcome.written.sort(key=lambda tape: order[tape.path])
    return outcome


def _jobs(plan: SynthPlan) -> list[_Job]:
    """Return the tapes of a plan, day by day."""
    return [_job(plan, symbol, day) for day in plan.days() for symbol in plan.symbols]


def _job(plan: SynthPlan, symbol: str, day: date) -> _Job:
    """Return a tape with its identity: what two tapes share that hold the same rows."""
    from botmm.core import __version__ as core_version

    start = day_start(day)
    end = min(start + DAY_NS, plan.end)
    market = plan.market(symbol) | {"start": start, "end": end, "core": core_version}
    identity = json.dumps(market, sort_keys=True)
    path = plan.path(symbol, day)
    return _Job(symbol=symbol, start=start, end=end, path=path, identity=identity)


def _work(
    plan: SynthPlan, jobs: list[_Job], outcome: SynthOutcome, tracker: Tracker | None
) -> None:
    """Make the tapes, as many at a time as there are cores; an error or Ctrl-C ends all."""
    stop = Event()
    rows = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        futures: list[Future[SynthTape]] = [pool.submit(_write, plan, job, stop) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                tape = future.result()
                outcome.written.append(tape)
                rows += tape.rows
                if tracker is not None:
                    tracker.update(done / len(jobs), rows)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write(plan: SynthPlan, job: _Job, stop: Event) -> SynthTape:
    """Simulate a day and write its tape; a stopped one leaves nothing."""
    from botmm.core import Synth, TapeWriter

    market = Synth(json.dumps(plan.market(job.symbol) | {"start": job.start}))
    meta = plan.meta(job.symbol, (market.px_decimals, market.size_decimals), job.identity)
    # The day before ends with a row at its last nanosecond.
    meta["continues_ts_recv"] = str(job.start - 1)
    with TapeWriter(str(job.path), meta, quick=True) as writer:
        now = job.start
        while now < job.end:
            if stop.is_set():
                raise StoppedError(f"{job.path}: not finished", exit_code=130)
            now = min(now + STEP_NS, job.end)
            writer.append(market.step_until(now - 1))
        written = writer.close()
    return SynthTape(
        path=job.path,
        symbol=job.symbol,
        rows=int(written["rows"]),
        size_bytes=int(written["bytes"]),
    )
