"""Campaign command — simulated days of the whole daemon with random faults.

python -m tests.campaign [--days 1] [--density real|thin] [--seed 1] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from botmm.clock import SystemClock
from botmm.observe.logging import set_up
from botmm.observe.memory import give_back
from tests.campaign.drive import Campaign, Plan, play
from tests.campaign.trouble import MOMENTS, RATES

DAY_S = 86_400.0
# Seconds of a round, and from block to block in ms.
DENSITIES = {"real": (1_200.0, 70), "thin": (1_800.0, 1_000)}


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


def floors(campaign: Campaign) -> list[str]:
    """Return what did not happen often enough for the run to say anything."""
    record, judge = campaign.record, campaign.judge
    rounds = record.rounds
    short = [
        f"{name} {found} of {least}"
        for name, found, least in (
            ("orders", judge.orders, 50 * rounds),
            ("executions", judge.executions, 5 * rounds),
            ("UNKNOWN", record.unknown, 3 * rounds),
        )
        if found < least
    ]
    if rounds >= 40:
        short += [f"{kind} never struck" for kind in (*RATES, *MOMENTS) if not record.struck[kind]]
    return short


def main() -> int:
    """Play, print, and judge."""
    words = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    words.add_argument("--days", type=float, default=1.0)
    words.add_argument("--density", choices=DENSITIES, default="real")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--rounds", type=int, help="so many rounds in place of days")
    asked = words.parse_args()
    give_back(for_months=True)  # as the daemon's entry does
    set_up(level="error", as_json=False)
    round_s, block_ms = DENSITIES[asked.density]
    rounds = asked.rounds or max(1, round(asked.days * DAY_S / round_s))
    thin = asked.density == "thin"
    plan = Plan(rounds=rounds, round_s=round_s, block_ms=block_ms, seed=asked.seed, thin=thin)
    began = SystemClock().monotonic()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="campaign") as folder:
        campaign = play(plan, Path(folder), say)
    record, judge, bot = campaign.record, campaign.judge, campaign.bot
    days = record.memory[-1][0]
    p50, p99 = np.percentile(record.heal_s, [50, 99])
    growth, error = slope(record.memory)
    say(
        f"seed {asked.seed}: {days:.2f} simulated days in {SystemClock().monotonic() - began:.0f} s"
    )
    say(f"orders {judge.orders}, executions {judge.executions}, UNKNOWN {record.unknown}")
    say(f"ledger difference 0 after {record.rounds} of {record.rounds} rounds, no order doubled")
    say(
        f"worst case {judge.worst:.2%} of the limit; quotes after healing p50 {p50:.1f} s, p99 {p99:.1f} s"
    )
    say(f"runs {bot.lives}, starts that failed {bot.failed_starts}, breakers {dict(record.halts)}")
    say(f"alarms {bot.alarms}")
    say(f"struck {dict(sorted(record.struck.items()))}")
    say(f"memory of daemon and exchange {growth:+.2f} ± {error:.2f} MiB a simulated day")
    short = floors(campaign)
    for one in short:
        say(f"too little happened: {one}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
