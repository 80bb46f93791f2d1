"""Lock — one recorder a folder; a second one is refused."""

from __future__ import annotations

from pathlib import Path

from botmm.store.lock import Lock

NAME = "recorder.lock"


def locked(folder: Path) -> Lock:
    """Return the lock of a folder, to be held in a `with`."""
    return Lock(
        folder / NAME,
        taken=f"{folder}: another recorder writes there",
        cure="stop it, or give this one its own --store",
    )
