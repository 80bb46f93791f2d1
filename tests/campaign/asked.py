"""Asked — what a campaign's command line asks for, and how memory grew over one."""

from __future__ import annotations

import argparse

import numpy as np

from botmm.observe.logging import set_up
from botmm.observe.memory import give_back
from tests.campaign.drive import Plan

DAY_S = 86_400.0
# Seconds of a round, and from block to block in ms.
DENSITIES = {"real": (1_200.0, 70), "thin": (1_800.0, 1_000)}


def plan_of(prog: str, about: str | None, density: str) -> Plan:
    """Return what the command line asks for, the process set up as the daemon's entry does."""
    words = argparse.ArgumentParser(prog=prog, description=about)
    words.add_argument("--days", type=float, default=1.0)
    words.add_argument("--density", choices=DENSITIES, default=density)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--rounds", type=int, help="so many rounds in place of days")
    words.add_argument("--minutes", type=float, help="real ones, after which no round begins")
    asked = words.parse_args()
    give_back(for_months=True)
    set_up(level="error", as_json=False)
    round_s, block_ms = DENSITIES[asked.density]
    rounds = asked.rounds or max(1, round(asked.days * DAY_S / round_s))
    thin = asked.density == "thin"
    return Plan(
        rounds=rounds,
        round_s=round_s,
        block_ms=block_ms,
        seed=asked.seed,
        thin=thin,
        minutes=asked.minutes,
    )


def slope(memory: list[tuple[float, int]]) -> tuple[float, float]:
    """Return MiB a simulated day and its standard error, of the second half of a run.

    The first half fills what is bounded: histories, the ids that are remembered, the allocator.
    """
    late = memory[len(memory) // 2 :]
    if len(late) < 3:
        return float("nan"), float("nan")
    days, size = (np.asarray(column, dtype=float) for column in zip(*late, strict=True))
    (per_day, _), cover = np.polyfit(days, size / 2**20, 1, cov=True)
    return float(per_day), float(np.sqrt(cover[0][0]))
