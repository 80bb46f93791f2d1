"""Tests of the operator — words of a person in every state, and latches lifted one by one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from botmm.clock import ManualClock
from botmm.errors import UsageError
from botmm.live.latches import Latches
from botmm.live.operator import Operator
from botmm.live.runner import Runner
from botmm.store.state import StateStore


class Told:
    """A runner that only remembers what it was told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def hold(self, by: str, *, on: bool) -> None:
        self.words.append(f"hold {by} {on}")

    def halt(self, words: str) -> None:
        self.words.append("halt")

    def event(self, event: Mapping[str, Any]) -> None:
        where = event.get("symbol")
        self.words.append(f"{event['kind']} {event['on']}{'' if where is None else f' {where}'}")

    def report(self) -> dict[str, Any]:
        return {"symbols": [{}, {}]}


def test_every_latch_needs_its_own_phrase_and_nothing_is_quoted_before(tmp_path: Path) -> None:
    told = Told()
    with closing(StateStore(tmp_path / "state.sqlite")) as store:
        latches = Latches(store, ManualClock(1))
        operator = Operator(
            lambda: cast("Runner", told), dict, latches, tmp_path / "arm.json", lambda: None
        )
        operator.kill("drill", who="test")
        operator.kill("drill again", who="test")
        assert told.words[:2] == ["hold operator True", "halt"], "withdrawing comes first"
        operator.stop_for_good("HALTED", "loss", who="engine")
        told.words.clear()
        with pytest.raises(UsageError, match="a latch is set"):
            operator.flatten(who="test")
        with pytest.raises(UsageError, match="stays"):
            operator.resume(who="test", typed=[])
        with pytest.raises(UsageError, match="HALTED stays"):
            operator.resume(who="test", typed=["lift KILLED"])
        assert told.words == []
        operator.kill("once more", who="test")
        told.words.clear()
        operator.resume(who="test", typed=["lift KILLED", "lift HALTED"])
        lifted = ["halt False", "halt False 0", "halt False 1"]
        assert told.words == [*lifted, "flatten False", "hold operator False"]
        operator.pause(who="test")
        operator.pause(who="test")
        operator.flatten(who="test")
        assert told.words[-1] == "flatten True"
