"""Daemon process tests — it starts, is asked, killed and started again; the exchange is the judge."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from botmm.clock import SystemClock
from botmm.data.capture.reader import Reader
from botmm.live.control import ask
from botmm.live.latches import STATE_FILE
from botmm.live.parity import replay_journal
from botmm.store.state import StateStore
from tests.fakes.processes import ACCOUNT, SECONDS, Exchange, exchange, python, trader, wait_until


@pytest.fixture
def there() -> Iterator[Exchange]:
    with exchange() as one:
        yield one


def nothing_rests(there: Exchange) -> bool:
    return bool(there.audit()["open"] == 0)


def settled(folder: Path) -> bool:
    """Whether nothing of the run that ended can be executed any more, as the next one sees it."""
    with closing(StateStore(folder / STATE_FILE)) as store:
        return store.is_settled(ACCOUNT.address)


def test_it_quotes_answers_refuses_a_second_and_ends_on_sigterm(
    there: Exchange, folder: Path
) -> None:
    with trader(there, folder) as one:
        one.quoting()
        asked = python(
            "from botmm.cli import main; main()", "status", "--json", "--state", str(folder)
        )
        out, err = asked.communicate(timeout=SECONDS)
        assert asked.returncode == 0, err
        said = json.loads(out)
        assert said["state"] in {"quoting", "waiting"}, "between two quotes it waits"
        assert said["url"] == there.url
        with trader(there, folder) as second:
            assert second.process.wait(timeout=SECONDS) == 2
            assert second.process.stderr is not None
            assert "another process trades this account" in second.process.stderr.read()
        one.quoting()
        wait_until(lambda: there.audit()["open"] >= 2, "orders rest")
        clock = SystemClock()
        began = clock.monotonic()
        assert one.end(signal.SIGTERM) == 0
        assert clock.monotonic() - began < 10
        assert one.process.stdout is not None
        assert "stopped, no order rests; net of this run " in one.process.stdout.read()
    assert nothing_rests(there)
    assert settled(folder), "the next run need not wait"


def test_after_sigkill_it_quotes_again_with_no_order_doubled_and_the_right_position(
    there: Exchange, folder: Path
) -> None:
    with trader(there, folder) as first:
        first.quoting()
        filled = there.audit()["fills"] + 3

        def fills() -> bool:
            for bps in (15, -15):
                there.control(do="shock", coin="BTC", bps=bps)
            return bool(there.audit()["fills"] >= filled)

        def orders_of_a_stopped_one() -> set[int]:
            """Stop it, so that what was on its way has arrived; let it go on where nothing rests."""
            first.process.send_signal(signal.SIGSTOP)
            threading.Event().wait(0.3)
            resting = {one["oid"] for one in there.info("openOrders")}
            if not resting:
                first.process.send_signal(signal.SIGCONT)
                threading.Event().wait(0.3)
            return resting

        wait_until(fills, "fills")
        left = wait_until(orders_of_a_stopped_one, "live orders")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert not settled(folder)
    with trader(there, folder) as second:
        second.quoting()
        wait_until(lambda: not nothing_rests(there), "orders of the second run")
        assert not left & {one["oid"] for one in there.info("openOrders")}
        ask(folder, "pause", who="test")
        wait_until(lambda: nothing_rests(there), "paused")
        lots = there.position()
        wait_until(
            lambda: round(float(second.status()["symbols"][0]["position"]) * 1e5) == lots,
            "the position is the exchange's",
        )
        assert second.end(signal.SIGTERM) == 0
    found = there.audit()
    assert found["doubled"] == []
    assert found["ledger_sum"] == 0
    assert found["accepted"] >= 6
    assert nothing_rests(there)
    parity = replay_journal(Reader(folder / "journal"))
    assert parity.holds, parity.where
    assert parity.runs == 2
    # The first run placed, the second placed and withdrew; how often they moved is the market's.
    assert parity.commands >= 3


def test_a_kill_withdraws_everything_and_holds_over_restarts_until_it_is_lifted(
    there: Exchange, folder: Path
) -> None:
    with trader(there, folder) as one:
        one.quoting()
        ask(folder, "kill", who="test", reason="a drill")
        wait_until(lambda: nothing_rests(there), "withdrawn")
        assert one.status()["latches"] == ["KILLED: a drill"]
        assert one.end(signal.SIGTERM) == 0
    with trader(there, folder) as again:
        assert again.process.wait(timeout=SECONDS) == 5
        assert again.process.stderr is not None
        assert "a drill" in again.process.stderr.read()
    for words, code in (("lift it", 2), ("lift KILLED", 0)):
        lifting = python(
            "from botmm.cli import main; main()",
            *("resume", "--state", str(folder), "--lift", words),
        )
        assert lifting.wait(timeout=SECONDS) == code
    with trader(there, folder) as lifted:
        lifted.quoting()
        assert lifted.end(signal.SIGTERM) == 0
    assert nothing_rests(there)


@pytest.mark.parametrize("how", ["SIGUSR1", "file"])
def test_a_signal_or_a_file_kills_it_too(there: Exchange, folder: Path, how: str) -> None:
    with trader(there, folder) as one:
        one.quoting()
        wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
        if how == "file":
            (folder / "KILL").touch()
        else:
            one.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: nothing_rests(there), "withdrawn")
        assert one.status()["latches"]
        assert one.end(signal.SIGTERM) == 0
    with trader(there, folder) as again:
        assert again.process.wait(timeout=SECONDS) == 5
