"""Operator — what a person may tell the daemon; every word works in every state, twice as well as once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botmm.errors import UsageError
from botmm.live.arm import disarm
from botmm.live.latches import Latches, Name, phrase
from botmm.live.runner import OPERATOR, Runner

Status = Callable[[], Mapping[str, Any]]


class Operator:
    """Implements `control.Controls` from before a run to after it.

    What is said while the run is not there yet, or no longer, is kept for it: a latch is set all the
    same.
    """

    def __init__(self, latches: Latches, arm: Path, heard: Callable[[], object]) -> None:
        """Take what is told.

        Args:
            arm: the file that allows trading with money.
            heard: told that a person is there, who need not be called again.
        """
        self._latches, self._arm, self._heard = latches, arm, heard
        self._runner: Runner | None = None
        self._status: Status = lambda: {"state": "starting"}
        self._paused = False

    async def lead(self, runner: Runner, status: Status) -> None:
        """Lead a run, from its first moment until this task is cancelled.

        Args:
            status: what a status screen shows of the run.
        """
        self._runner, self._status = runner, status
        if self._paused:
            runner.hold(OPERATOR, on=True)
        for row in self._latches.active():
            self._stop(runner, row.name, row.reason, who=row.who)
        try:
            await asyncio.Event().wait()
        finally:
            self._runner, self._status = None, lambda: {"state": "ending"}

    def waits(self, words: str) -> None:
        """Take what a start waits for."""
        self._status = lambda: {"state": "starting", "complaint": words}

    def status(self) -> Mapping[str, Any]:
        """Return what a status screen shows, with the latches that are set."""
        set_ = [f"{row.name}: {row.reason}" for row in self._latches.active()]
        said = {**self._status(), "latches": set_}
        if self._runner is None and self._paused:
            said["holds"] = [OPERATOR]
        return said

    def pause(self, *, who: str) -> None:
        """Withdraw every quote until `resume`."""
        self._paused = True
        if self._runner is not None:
            self._runner.hold(OPERATOR, on=True)
        self._heard()

    def resume(self, *, who: str, typed: Sequence[str]) -> None:
        """Quote again; behind latches only with the phrase of each.

        Raises:
            UsageError: a latch is set and its phrase was not typed.
        """
        for row in self._latches.active():
            if phrase(row.name) in typed:
                self._latches.clear(row.name, typed=phrase(row.name))
        for row in self._latches.active():
            raise UsageError(f"{row.name} stays", cure=f"type exactly: {phrase(row.name)}")
        self._paused = False
        if self._runner is not None:
            # A breaker of one symbol stops that symbol, not the account: each is lifted.
            for symbol in (None, *range(len(self._runner.report()["symbols"]))):
                self._runner.event({"kind": "halt", "symbol": symbol, "on": False})
            self._runner.event({"kind": "flatten", "on": False})
            self._runner.hold(OPERATOR, on=False)
        self._heard()

    def kill(self, reason: str, *, who: str) -> None:
        """Withdraw everything and latch KILLED; the arming is void."""
        self.stop_for_good("KILLED", reason, who=who)

    def stop_for_good(self, name: Name, reason: str, *, who: str) -> None:
        """Withdraw everything first; then set the latch, durably, and void the arming."""
        self._paused = True
        try:
            if self._runner is not None:
                self._stop(self._runner, name, reason, who=who)
        finally:
            self._latches.set(name, reason, who=who)
            disarm(self._arm)

    def _stop(self, runner: Runner, name: str, reason: str, *, who: str) -> None:
        runner.hold(OPERATOR, on=True)
        runner.halt(f"{name} by {who}: {reason}")

    def flatten(self, *, who: str) -> None:
        """Withdraw every quote and close positions with orders that only reduce.

        Raises:
            UsageError: everything is stopped for good, which comes first; or nothing runs.
        """
        if self._latches.active():
            raise UsageError(
                "a latch is set: no order leaves, closing ones neither",
                cure="close the position on the venue's own page, or lift the latch first",
            )
        if self._runner is None:
            raise UsageError(
                f"the daemon is {self._status()['state']}: it closes nothing",
                cure="try again once `botmm status` shows positions",
            )
        self._runner.event({"kind": "flatten", "on": True})
