"""Campaign command — simulated days of the whole daemon with random faults.

python -m tests.campaign [--days 1] [--density real|thin] [--seed 1] [--rounds N] [--minutes N]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from botmm.clock import SystemClock
from tests.campaign.asked import plan_of, slope
from tests.campaign.drive import Campaign, play
from tests.campaign.trouble import MOMENTS, RATES


def floors(campaign: Campaign) -> list[str]:
    """Return what did not happen often enough for the run to say anything."""
    record, judge = campaign.record, campaign.judge
    rounds = record.rounds
    short = [
        f"{name} {found} of {least}"
        for name, found, least in (
            ("orders of a round", min(record.orders), 50),
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
    plan = plan_of("python -m tests.campaign", __doc__, "real")
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
    say(f"seed {plan.seed}: {days:.2f} simulated days in {SystemClock().monotonic() - began:.0f} s")
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
