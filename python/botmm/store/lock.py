"""Lock — one process at a time for what a file stands for; a second one is refused."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from botmm.errors import UsageError


class Lock:
    """A lock that the system drops with the process, however that ends."""

    def __init__(self, path: Path, *, taken: str, cure: str) -> None:
        """Name the file, and what a second process is told."""
        self.path = path
        self._taken, self._cure = taken, cure
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            UsageError: another process has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise UsageError(f"{self._taken} (process {owner})", cure=self._cure) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; the file stays, so that nobody locks a name that is gone."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
