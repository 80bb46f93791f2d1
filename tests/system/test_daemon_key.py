"""Daemon key tests — an agent that is revoked while it trades: the guard's key does what it cannot."""

from __future__ import annotations

from pathlib import Path

from botmm.clock import SystemClock
from botmm.live import heartbeat
from botmm.live.heartbeat import Life
from tests.fakes.processes import ACCOUNT, SECONDS, exchange, guard, guards_key, trader, wait_until
from tests.fakes.signed import order

MOST_S = 5.0


def test_a_revoked_agent_ends_the_daemon_and_the_guards_key_empties_the_book(folder: Path) -> None:
    clock = SystemClock()
    with (
        exchange() as there,
        trader(there, folder, agent="daemon") as one,
        guard(there, folder, guards_key(there)) as watching,
    ):
        watching()
        one.quoting()
        wait_until(lambda: there.audit()["open"] >= 1, "orders rest")
        # Far from the market, so that nothing but a cancel takes it away.
        assert there.send(order("80000"))["status"] == "ok"
        there.control(do="revoke_agent", user=ACCOUNT.address, agent="daemon")
        accepted = there.audit()["accepted"]
        began = clock.monotonic()
        there.control(do="shock", coin="BTC", bps=20)
        wait_until(lambda: there.audit()["open"] == 0, "an empty book", 10)
        took_s = clock.monotonic() - began
        assert there.audit()["accepted"] == accepted
        _, said = one.process.communicate(timeout=SECONDS)
        print(f"empty after {took_s:.1f} s")
        assert one.process.returncode == 2
        assert "the venue knows no agent" in said
        last = heartbeat.read(folder / "heartbeat")
        assert last is not None
        assert last.life is Life.RUNNING, "it must not claim that nothing rests"
        assert (folder / "guard.json").exists()
        assert took_s < MOST_S
