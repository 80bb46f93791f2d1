"""Stopping — Ctrl-C and SIGTERM end a long job between two chunks, with its result kept."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from botmm.errors import StoppedError
from botmm.observe.progress import Tracker

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stopper:
    """Remembers the first signal; the second one ends the program at once."""

    def __init__(self) -> None:
        """Start without a wish to stop."""
        self.exit_code = 0
        self._before: dict[signal.Signals, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self.exit_code != 0

    def __enter__(self) -> Stopper:
        """Take over the signals."""
        self._before = {number: signal.signal(number, self._note) for number in _CODES}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def watching(self, bar: Tracker) -> Callable[[float, int], bool]:
        """Return a chunk callback that moves a bar and says whether to stop."""

        def on_chunk(fraction: float, rows: int) -> bool:
            bar.update(fraction, rows)
            return self.asked

        return on_chunk

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Remember a signal, or leave at once where one came before."""
        code = _CODES[signal.Signals(number)]
        if self.asked:
            raise StoppedError("stopped at once; no report was written", exit_code=code)
        self.exit_code = code
