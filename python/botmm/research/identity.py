"""Identity — a digest of everything that a result depends on: the same digest, the same result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.research import output
from botmm.research.replay import spec

if TYPE_CHECKING:
    from botmm.research.plan import Plan

# Parameters that name files.
MODELS = ("fill_model", "adverse_model")


def identity(plan: Plan, *told: Any, params: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return a digest of a plan, its tapes and models, this version, and what else is told.

    Args:
        plan: tapes, range, settings.
        told: whatever else the result depends on, as plain data.
        params: parameters beside the plan's that may name models.
    """
    tapes = [
        (
            tape.symbol,
            str(tape.path.resolve()),
            tape.path.stat().st_size,
            tape.path.stat().st_mtime_ns,
        )
        for of_symbol in plan.tapes.values()
        for tape in of_symbol
    ]
    own = (plan.settings.params(symbol) for symbol in plan.symbols)
    named = [one.get(kind) for one in (*own, *params) for kind in MODELS]
    models = {str(name): output.file_digest(Path(str(name))) for name in named if name}
    signals = None if plan.signals is None else output.file_digest(plan.signals)
    run = spec(plan)
    for symbol in run["symbols"]:
        symbol["tapes"] = []  # however their folder is written
    whole = [run, *told, output.versions(), tapes, models, signals]
    text = json.dumps(whole, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
