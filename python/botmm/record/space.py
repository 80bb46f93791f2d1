"""Space — what is still recorded while the disk fills: depth goes first, trades go last."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from botmm.data.capture.segment import Stamps
from botmm.record.cover import Told

MIB = 1024**2


class Rank(IntEnum):
    """How much a stream is worth; a lower one goes first."""

    DEPTH = 0
    TOUCH = 1
    TRADES = 2


_WHAT = {Rank.DEPTH: "depth", Rank.TOUCH: "touch and contexts", Rank.TRADES: "trades"}
_SHARE = {Rank.DEPTH: 1.0, Rank.TOUCH: 0.5, Rank.TRADES: 0.25}
"""Of the space that is kept free, how much has to be there for a stream to be recorded."""


@dataclass(slots=True)
class Space:
    """The free space of a folder against what shall stay free; each stop and return is a gap."""

    folder: Path
    kept_free: int
    told: Told
    free_of: Callable[[Path], int] = field(default=lambda folder: shutil.disk_usage(folder).free)
    free: int = 0
    _stopped: dict[Rank, Stamps] = field(default_factory=dict)

    def look(self, at: Stamps) -> None:
        """Measure; streams that stopped come back at an eighth more than what stopped them."""
        with contextlib.suppress(OSError):  # then the writer fails, too, and says why
            self.free = self.free_of(self.folder)
        for rank, share in _SHARE.items():
            least = self.kept_free * share
            if rank not in self._stopped and self.free < least:
                self._stopped[rank] = at
            elif rank in self._stopped and self.free >= least * 1.125:
                self.told("disk full", self._stopped.pop(rank), _WHAT[rank])

    def takes(self, rank: Rank) -> bool:
        """Whether a stream is recorded now."""
        return rank not in self._stopped

    def end(self) -> None:
        """Tell what is stopped at the end."""
        for rank, since in self._stopped.items():
            self.told("disk full", since, _WHAT[rank])
        self._stopped.clear()

    def stopped(self) -> list[str]:
        """Return what is not recorded for want of space."""
        return [_WHAT[rank] for rank in sorted(self._stopped)]


def expire(folder: Path, before_ns: int) -> list[Path]:
    """Remove closed segments that were last written before a time; return them."""
    old = [path for path in sorted(folder.glob("*.seg")) if path.stat().st_mtime_ns < before_ns]
    for path in old:
        path.unlink()
    return old
