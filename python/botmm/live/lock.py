"""Lock — one daemon an account and a state folder; a second one is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

from botmm.store import lock


class Lock(lock.Lock):
    """The lock of an account in a state folder."""

    def __init__(self, state: Path, account: str) -> None:
        """Name it by the account, which stays unwritten."""
        digest = hashlib.sha256(account.lower().encode()).hexdigest()[:16]
        super().__init__(
            state / f"{digest}.lock",
            taken="another process trades this account",
            cure="stop it, or give this one its own account and state folder",
        )
