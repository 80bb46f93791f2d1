"""Sealer — a thread that seals segments beside the writing, and the spare that the next one begins in."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from pathlib import Path

from botmm.data.capture.blocks import Disk
from botmm.data.capture.seal import seal
from botmm.observe.logging import logger

SPARE_BYTES = 64 * 1024
WAIT_S = 1.0


class Sealer:
    """Seals what it is given, one after the other; what it has no time for stays open."""

    def __init__(self, disk: Disk) -> None:
        """Start the thread."""
        self.packed = 0, 0
        """Bytes of the segments that were sealed, before and after."""
        self._disk, self._log = disk, logger(__name__)
        self._todo: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture-seal", daemon=True)
        self._thread.start()

    def put(self, path: Path) -> None:
        """Seal a segment that nobody writes to any more."""
        self._todo.put(path)

    def close(self) -> None:
        """End, with the segment that is just being sealed if that is soon done; the next run goes on."""
        self._stop.set()
        self._todo.put(None)
        self._thread.join(WAIT_S)

    def _run(self) -> None:
        while (path := self._todo.get()) is not None and not self._stop.is_set():
            try:
                before = path.stat().st_size
                damage = seal(path, self._disk)
                if damage is None:
                    after = path.with_suffix(".seg").stat().st_size
                    self.packed = self.packed[0] + before, self.packed[1] + after
            except OSError as error:
                self._log.warning("not sealed", file=path.name, why=error.strerror)
                continue
            if damage is not None:
                self._log.warning("damage", file=path.name, sort=damage.sort, words=damage.words)


class Spare:
    """An empty file with space set aside, so that the next segment's first gap fits on a full disk."""

    def __init__(self, disk: Disk, path: Path) -> None:
        """Take its name until it is used; nothing is made yet. Spares of earlier runs go away."""
        self._disk, self._path = disk, path
        self._fd: int | None = None
        for unused in path.parent.glob(f"*{path.suffix}"):
            unused.unlink()

    def prepare(self) -> None:
        """Set the space aside; a disk that has none is asked again later."""
        if self._fd is None:
            with contextlib.suppress(OSError):
                self._fd = self._disk.create(self._path)
                self._disk.reserve(self._fd, SPARE_BYTES)

    def take(self, name: Path) -> int:
        """Return a new file of a name: the spare where there is one.

        Raises:
            OSError: the system refused.
        """
        fd, self._fd = self._fd, None
        if fd is None:
            return self._disk.create(name)
        if name.exists():
            raise FileExistsError(f"{name} exists")
        self._path.rename(name)
        return fd

    def close(self) -> None:
        """Give the space back."""
        if self._fd is not None:
            os.close(self._fd)
            self._path.unlink(missing_ok=True)
            self._fd = None
