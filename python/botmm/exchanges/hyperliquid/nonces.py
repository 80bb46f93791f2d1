"""Nonces — strictly rising over crashes and clock steps, whatever was sent before."""

from __future__ import annotations

from collections.abc import Callable

from botmm.errors import UsageError

BLOCK_MS = 10_000
"""How far ahead nonces are reserved: one write in some eight seconds."""
LEFT_MS = 2_500
"""With fewer left, more are reserved before a request needs them."""
LEAP_MS = 10_000
"""How far above a nonce that is too low the next one lies: others of the same set are passed over."""


class Nonces:
    """One signer's source of nonces; one process holds it at a time."""

    def __init__(
        self,
        reserved: int,
        reserve: Callable[[int], None],
        *,
        settled: bool = False,
        block: int = BLOCK_MS,
    ) -> None:
        """Continue above what was ever reserved.

        Args:
            reserved: the highest nonce that an earlier run may have used; 0 for none.
            reserve: writes down, durably before it returns, that nonces up to its argument may
                be used from now on.
            settled: whether every request of an earlier run is known to be answered.
            block: how many are reserved at a time.
        """
        if reserved < 0 or block < 1:
            raise UsageError(f"nonces from {reserved} in blocks of {block}")
        self.inherited = 0 if settled else reserved
        """What an earlier run may have under way was signed by this time, in ms; 0 where nothing is."""
        self._last = self._reserved = reserved
        self._reserve = reserve
        self._block = block

    def next(self, now_ms: int) -> int:
        """Return max(last + 1, now); if the reservation fails nothing is handed out."""
        nonce = max(self._last + 1, now_ms)
        if nonce > self._reserved:
            self._reserve(nonce + self._block)
            self._reserved = nonce + self._block
        self._last = nonce
        return nonce

    def keep_ahead(self, now_ms: int) -> None:
        """Reserve more where few are left: a request that needs them would wait for the disk."""
        nonce = max(self._last + 1, now_ms)
        if nonce + LEFT_MS > self._reserved:
            self._reserve(nonce + self._block)
            self._reserved = nonce + self._block

    @property
    def last(self) -> int:
        """Return the highest nonce that may have been used."""
        return self._last

    def jump(self, above: int) -> None:
        """Let the next nonce be well above one that the venue named as its lowest."""
        self._last = max(self._last, above + LEAP_MS)
