"""Daemon kill tests — the kill switch in every state, twice as well as once; the exchange is the judge."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from botmm.errors import UsageError
from botmm.live.control import ask
from botmm.live.latches import STATE_FILE
from botmm.store.state import StateStore
from tests.fakes.live_drill import Drill, run
from tests.fakes.processes import SECONDS, Trader, exchange, python, trader, wait_until

Step = Callable[[Drill], Awaitable[None]]


async def quoting(drill: Drill) -> None:
    """Orders rest already."""


async def paused(drill: Drill) -> None:
    drill.operator.pause(who="test")


async def flattening(drill: Drill) -> None:
    await drill.trade(1)
    drill.operator.flatten(who="test")


async def halted(drill: Drill) -> None:
    drill.runner.halt("a breaker")


async def killed(drill: Drill) -> None:
    drill.operator.kill("the first", who="test")


async def unanswered(drill: Drill) -> None:
    await drill.fault("lose_reply", count=4)
    await drill.struck("lose_reply", 1)


async def unheard(drill: Drill) -> None:
    await drill.fault("lose_request", count=4)
    await drill.struck("lose_request", 1)


async def reconnecting(drill: Drill) -> None:
    await drill.fault("refuse_socket", status=503, count=3)
    await drill.do("drop", how="abort")
    await drill.until(lambda: not drill.daemon.venue.up, "the link is down")


async def behind_a_frozen_venue(drill: Drill) -> None:
    await drill.do("freeze", seconds=2)


@pytest.mark.parametrize(
    "state",
    [
        quoting,
        paused,
        flattening,
        halted,
        killed,
        unanswered,
        unheard,
        reconnecting,
        behind_a_frozen_venue,
    ],
    ids=lambda state: state.__name__,
)
def test_a_kill_withdraws_everything_in_every_state(tmp_path: Path, state: Step) -> None:
    first = "the first" if state is killed else "a drill"

    async def script(drill: Drill) -> None:
        await state(drill)
        drill.operator.kill("a drill", who="test")
        drill.operator.kill("a drill again", who="test")
        await drill.halted(f"KILLED: {first}")
        with pytest.raises(UsageError, match="KILLED stays"):
            drill.operator.resume(who="test", typed=[])
        with pytest.raises(UsageError, match="a latch is set"):
            drill.operator.flatten(who="test")

    run(tmp_path, script).judge(orders=2, fills=0)


def test_a_kill_while_it_stops_holds_for_the_next_start(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.fault("lose_reply", only="cancelByCloid", count=2)
        drill.runner.stopping.set()
        await drill.until(lambda: "stop" in drill.runner.health.holds, "it stops")
        drill.operator.kill("a drill", who="test")

    run(tmp_path, script).judge(orders=2, fills=0)
    with closing(StateStore(tmp_path / STATE_FILE)) as store:
        assert [(row.name, row.reason) for row in store.latches()] == [("KILLED", "a drill")]


def is_blocked(one: Trader) -> bool:
    """Whether a signal to kill waits until somebody hears it."""
    text = Path(f"/proc/{one.process.pid}/status").read_text(encoding="ascii")
    (mask,) = [line.split()[1] for line in text.splitlines() if line.startswith("SigBlk")]
    return bool(int(mask, 16) >> (signal.SIGUSR1 - 1) & 1)


@pytest.mark.parametrize("how", ["command", "signal", "file", "a signal that nobody hears yet"])
def test_a_kill_while_it_starts_lets_no_order_out(folder: Path, how: str) -> None:
    with exchange() as there:
        there.control(do="fault", kind="status", status=503, only="meta")
        with trader(there, folder) as one:
            if how == "a signal that nobody hears yet":
                wait_until(lambda: is_blocked(one), "the signal waits")
                one.process.send_signal(signal.SIGUSR1)
            said = wait_until(one.status, "an answer")
            assert said["state"] == "starting"
            if how == "command":
                ask(folder, "kill", who="test", reason="a drill")
            elif how == "file":
                (folder / "KILL").touch()
            elif how == "signal":
                one.process.send_signal(signal.SIGUSR1)
            wait_until(lambda: one.status().get("latches"), "the latch")
            assert one.process.poll() is None
            there.control(do="clear")
            wait_until(lambda: one.status().get("state") == "halted", "halted")
            there.control(do="shock", coin="BTC", bps=50)
            wait_until(lambda: one.status()["reconciled"] >= 2, "two comparisons")
            assert one.end(signal.SIGTERM) == 0
        assert there.audit()["accepted"] == 0
        with trader(there, folder) as again:
            assert again.process.wait(timeout=SECONDS) == 5


def test_a_kill_of_a_start_that_fails_keeps_it_down() -> None:
    code = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
os.kill(os.getpid(), signal.SIGUSR1)
from botmm.live.top import daemon
daemon()
"""
    out, err = (one := python(code, "--nonsense")).communicate(timeout=SECONDS)
    assert one.returncode == 5, (out, err)
    assert "killed by SIGUSR1 before it began" in err


def test_what_a_start_waits_for_is_shown_and_a_kill_in_any_words(folder: Path) -> None:
    def botmm(*words: str) -> str:
        asked = python(
            "from botmm.cli import main; main()", *words, "--state", str(folder)
        ).communicate(timeout=SECONDS)
        return "".join(asked)

    with exchange() as there:
        there.control(do="fault", kind="status", status=503, only="meta")
        with trader(there, folder) as one:
            wait_until(lambda: "503" in one.status().get("complaint", ""), "what it waits for")
            said = botmm("status", "--once")
            assert said.startswith("starting ")
            assert "complaint: meta: HTTP 503: trying again in" in said
            assert "killed" in botmm("kill", "--reason", "stop \udcff")
            assert "latch KILLED: stop ?" in botmm("status", "--once")
            assert one.process.poll() is None
