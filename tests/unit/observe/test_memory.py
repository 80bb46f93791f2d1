"""Memory — the process is set up before Arrow takes its allocator."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
from botmm.observe.memory import give_back
give_back()
import numpy as np, pyarrow as pa
def held():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
kept = [np.ones(1 << 17) for _ in range(64)]
large = held()
kept = kept[-1:]
print(pa.default_memory_pool().backend_name, large - held())
"""


def test_blocks_of_rows_go_back_to_the_system_when_they_are_freed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60, check=True
    )
    backend, given_back = done.stdout.split()
    assert backend == "system"
    assert int(given_back) > 60 * 1024, "63 blocks of a megabyte below one that stays"
