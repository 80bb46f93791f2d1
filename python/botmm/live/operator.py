"""Operator — what a person may tell the daemon; every word works in every state, twice as well as once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botmm.errors import UsageError
from botmm.live.arm import disarm
from botmm.live.latches import Latches, Name, phrase
from botmm.live.runner import OPERATOR, Runner


class Operator:
    """Implements `control.Controls` on a runner that runs."""

    def __init__(
        self,
        runner: Callable[[], Runner],
        status: Callable[[], Mapping[str, Any]],
        latches: Latches,
        arm: Path,
        heard: Callable[[], object],
    ) -> None:
        """Take what is told.

        Args:
            arm: the file that allows trading with money.
            heard: told that a person is there, who need not be called again.
        """
        self._runner, self._status, self._latches, self._arm = runner, status, latches, arm
        self._heard = heard

    def status(self) -> Mapping[str, Any]:
        """Return what a status screen shows, with the latches that are set."""
        set_ = [f"{row.name}: {row.reason}" for row in self._latches.active()]
        return {**self._status(), "latches": set_}

    def pause(self, *, who: str) -> None:
        """Withdraw every quote until `resume`."""
        self._runner().hold(OPERATOR, on=True)
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
        runner = self._runner()
        # A breaker of one symbol stops that symbol, not the account: each is lifted.
        for symbol in (None, *range(len(runner.report()["symbols"]))):
            runner.event({"kind": "halt", "symbol": symbol, "on": False})
        runner.event({"kind": "flatten", "on": False})
        runner.hold(OPERATOR, on=False)
        self._heard()

    def kill(self, reason: str, *, who: str) -> None:
        """Withdraw everything and latch KILLED; the arming is void."""
        self.stop_for_good("KILLED", reason, who=who)

    def stop_for_good(self, name: Name, reason: str, *, who: str) -> None:
        """Withdraw everything first; then set the latch, durably, and void the arming."""
        runner = self._runner()
        runner.hold(OPERATOR, on=True)
        runner.halt(f"{name} by {who}: {reason}")
        self._latches.set(name, reason, who=who)
        disarm(self._arm)

    def flatten(self, *, who: str) -> None:
        """Withdraw every quote and close positions with orders that only reduce.

        Raises:
            UsageError: everything is stopped for good; that comes first.
        """
        if self._latches.active():
            raise UsageError(
                "a latch is set: no order leaves, closing ones neither",
                cure="close the position on the venue's own page, or lift the latch first",
            )
        runner = self._runner()
        runner.event({"kind": "flatten", "on": True})
