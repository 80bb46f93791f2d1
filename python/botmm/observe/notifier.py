"""Notifier — tells people through apprise, from a thread of its own; trading never waits for it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Any, Self

from botmm.clock import Clock
from botmm.observe.logging import logger

EVERY_S = 30.0
"""The same key is told at most this often, other words or not."""
AGAIN_S = 60.0
QUEUE_MAX = 256
TRIES_S = 5.0
WORDS_MAX = 1500

_log = logger(__name__)


class Severity(IntEnum):
    """P1 asks for a person now and is repeated until acknowledged."""

    P1 = 1
    P2 = 2
    P3 = 3


@dataclass(slots=True)
class _Message:
    severity: Severity
    key: str
    words: str
    due: float
    sent: int = 0
    hidden: int = 0


class Notifier:
    """A bounded queue before the targets; without targets it only logs."""

    def __init__(
        self,
        clock: Clock,
        urls: Sequence[str],
        *,
        every_s: float = EVERY_S,
        again_s: float = AGAIN_S,
        retry_s: float = TRIES_S,
    ) -> None:
        """Take apprise URLs, such as `discord://ID/TOKEN`; they are secrets and never shown."""
        self._clock = clock
        self._every_s, self._again_s, self._retry_s = every_s, again_s, retry_s
        self._queue: deque[_Message] = deque()
        self._open: dict[str, _Message] = {}  # P1 that nobody acknowledged
        self._told: dict[str, float] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self.dropped = self.failed = self.sent = 0
        self._targets = _targets(urls)
        self._thread = threading.Thread(target=self._work, name="notifier", daemon=True)
        self._thread.start()

    def tell(self, severity: Severity, key: str, words: str) -> bool:
        """Queue a message and return at once; False where its key was told just before.

        Args:
            severity: P1 is repeated until `acknowledge`.
            key: what it is about; one key is not told again within `EVERY_S`.
            words: plain text, cut to a length that every target takes.
        """
        now = self._clock.monotonic()
        words = _plain(words)
        _log.warning(words, about=key, severity=severity.name)
        with self._wake:
            last = self._told.get(key)
            if last is not None and now - last < self._every_s:
                if (known := self._open.get(key)) is not None:
                    known.words, known.hidden = words, known.hidden + 1
                return False
            if len(self._queue) >= QUEUE_MAX and not self._make_room(severity):
                self.dropped += 1
                return False
            self._told[key] = now
            message = _Message(severity, key, words, now)
            self._queue.append(message)
            if severity is Severity.P1:
                self._open[key] = message
            self._wake.notify()
        return True

    def acknowledge(self, key: str | None = None) -> int:
        """Stop repeating a key, every key when none is named; return how many there were."""
        with self._wake:
            keys = list(self._open) if key is None else [key] if key in self._open else []
            for one in keys:
                del self._open[one]
            return len(keys)

    def close(self, *, timeout_s: float = 5.0) -> None:
        """Send what waits, for so long at most."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make_room(self, severity: Severity) -> bool:
        """Drop the least severe message where the new one is more severe."""
        least = max(self._queue, key=lambda m: m.severity)
        if least.severity <= severity:
            return False
        self._queue.remove(least)
        self.dropped += 1
        return True

    def _work(self) -> None:
        while True:
            with self._wake:
                message = self._take()
                while message is None and not self._stopping:
                    self._wake.wait(0.05)
                    message = self._take()
                if message is None:
                    return
            done = self._send(message)
            now = self._clock.monotonic()
            with self._wake:
                message.sent += done
                message.due = now + (self._again_s if done else self._retry_s)

    def _take(self) -> _Message | None:
        """Return the next message: a new one, else a P1 whose time has come again."""
        if self._queue:
            return self._queue.popleft()
        now = self._clock.monotonic()
        due = [m for m in self._open.values() if m.due <= now]
        return min(due, key=lambda m: m.due) if due and not self._stopping else None

    def _send(self, message: _Message) -> bool:
        if self._targets is None:
            return True
        again = f" (again, {message.hidden} more)" if message.sent else ""
        title = f"{message.severity.name} {message.key}{again}"
        done = bool(self._targets.notify(body=message.words, title=title))
        self.sent += done
        self.failed += not done
        return done


def _targets(urls: Sequence[str]) -> Any:
    if not urls:
        return None
    import apprise

    # Its own log lines hold URLs, and with them tokens.
    logging.getLogger("apprise").disabled = True
    made = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not made.add(url):
            _log.error("an alert target is malformed and left out", number=number)
    return made


def _plain(words: str) -> str:
    """Return words without control bytes and mentions, of bounded length."""
    cut = words if len(words) <= WORDS_MAX else words[: WORDS_MAX - 1] + "…"
    shown = "".join(c if c.isprintable() else " " for c in cut)
    return shown.replace("@", "@\u200b")
