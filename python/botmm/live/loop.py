"""Loop — every record is journaled before it is used, and what follows from it is sent."""

from __future__ import annotations

import json

from botmm.clock import Clock
from botmm.live.engine import Engine, Kind, command_bytes
from botmm.ports import Event, Gateway, Journal


class Loop:
    """The one loop of the daemon; whoever hears something calls it, one after the other."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        gateway: Gateway,
        clock: Clock,
    ) -> None:
        """Drive the engine; the gateway only schedules, answers come back as records."""
        self.engine = engine
        self._journal = journal
        self._gateway = gateway
        self._clock = clock
        self._last = 0
        journal.append(Kind.NOTE, self._stamp(), engine.spec.encode())

    def frame(self, payload: bytes) -> None:
        """Take in a frame of a socket."""
        self._take(Kind.FRAME, payload)

    def event(self, event: Event) -> None:
        """Take in what reached us beside frames."""
        self._take(Kind.EVENT, json.dumps(event, separators=(",", ":")).encode())

    def _take(self, kind: Kind, payload: bytes) -> None:
        ts = self._stamp()
        self._journal.append(kind, ts, payload)
        commands = self.engine.step(kind, ts, payload)
        if commands:
            self._journal.append(Kind.COMMAND, ts, command_bytes(commands))
            self._gateway.send(commands)

    def _stamp(self) -> int:
        """Return the time now; it never runs back, whatever the machine's clock does."""
        self._last = max(self._last, int(self._clock.now()))
        return self._last
