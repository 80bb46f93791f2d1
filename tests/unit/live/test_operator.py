"""Tests of the operator — words of a person in every state, and latches lifted one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
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


@asynccontextmanager
async def led(operator: Operator, told: Told) -> AsyncIterator[None]:
    """Let an operator lead a run."""
    leading = asyncio.create_task(operator.lead(cast("Runner", told), lambda: {"state": "quoting"}))
    await asyncio.sleep(0)
    yield
    leading.cancel()
    with suppress(asyncio.CancelledError):
        await leading


@pytest.mark.asyncio
async def test_every_latch_needs_its_own_phrase_and_nothing_is_quoted_before(
    tmp_path: Path,
) -> None:
    told = Told()
    with closing(StateStore(tmp_path / "state.sqlite")) as store:
        latches = Latches(store, ManualClock(1))
        operator = Operator(latches, tmp_path / "arm.json", lambda: None)
        async with led(operator, told):
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


@pytest.mark.asyncio
async def test_a_kill_is_latched_though_its_words_are_no_text_and_withdrawing_fails(
    tmp_path: Path,
) -> None:
    class Broken(Told):
        def halt(self, words: str) -> None:
            raise RuntimeError("the task group is over")

    (tmp_path / "arm.json").write_text("{}")
    with closing(StateStore(tmp_path / "state.sqlite")) as store:
        operator = Operator(Latches(store, ManualClock(1)), tmp_path / "arm.json", lambda: None)
        async with led(operator, Broken()):
            with pytest.raises(RuntimeError, match="is over"):
                operator.kill("stop \udcff", who="\udcff")
        assert not (tmp_path / "arm.json").exists()
        (kept,) = Latches(store, ManualClock(2)).active()
        assert (kept.name, kept.reason, kept.who) == ("KILLED", "stop ?", "?")


@pytest.mark.asyncio
async def test_what_is_said_while_it_starts_or_ends_counts(tmp_path: Path) -> None:
    told, again = Told(), Told()
    with closing(StateStore(tmp_path / "state.sqlite")) as store:
        latches = Latches(store, ManualClock(1))
        operator = Operator(latches, tmp_path / "arm.json", lambda: None)
        operator.waits("meta: HTTP 429: trying again in 1 s")
        said = operator.status()
        assert (said["state"], said["complaint"]) == (
            "starting",
            "meta: HTTP 429: trying again in 1 s",
        )
        operator.pause(who="test")
        assert operator.status()["holds"] == ["operator"]
        with pytest.raises(UsageError, match="the daemon is starting: it closes nothing"):
            operator.flatten(who="test")
        async with led(operator, told):
            assert told.words == ["hold operator True"]
            assert operator.status()["state"] == "quoting"
            operator.resume(who="test", typed=[])
        operator.kill("drill", who="test")
        ended = {"state": "ending", "latches": ["KILLED: drill"], "holds": ["operator"]}
        assert operator.status() == ended
        async with led(operator, again):
            assert again.words[-2:] == ["hold operator True", "halt"]
        operator.resume(who="test", typed=["lift KILLED"])
        assert latches.active() == []
