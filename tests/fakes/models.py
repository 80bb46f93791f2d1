"""Models — fill models of one split, for tests."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from botmm.core import TICK_FEATURES, TREES_SCHEMA


def one_split(
    folder: Path,
    near: float,
    far: float,
    *,
    cut: float,
    feature: str = "dist_ticks",
    loss_bps: float | None = None,
) -> str:
    """Write a model of one split: these log-odds at or below a cut of a feature, and above it.

    With `loss_bps` it is one of adverse fills, which lose so much.
    """
    model: dict[str, Any] = {
        "features": TICK_FEATURES,
        "missing": "left",
        "prior_log_odds": 0.0,
        "learning_rate": 1.0,
        "trees": [
            {
                "feature": [TICK_FEATURES.index(feature), 0, 0],
                "threshold": [cut, 0.0, 0.0],
                "left": [1, -1, -1],
                "right": [2, -1, -1],
                "value": [0.0, near, far],
            }
        ],
        "checks": [{"row": [-1e6] * 15, "probability": 1 / (1 + math.exp(-near))}],
    }
    if loss_bps is not None:
        model["loss_bps"] = loss_bps
    text = json.dumps(model)
    path = folder / f"{feature}-{near}-{far}-{cut}-{loss_bps}.json"
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"schema": "{TREES_SCHEMA}", "sha256": "{digest}", "model": {text}}}')
    return str(path)
