"""Daemon listing tests — a coin whose listing changes is withdrawn, and no order is refused after that."""

from __future__ import annotations

from pathlib import Path

from botmm.live.metadata import LISTING
from tests.fakes.live_drill import Drill, run

REFUSED = ("tickRejected", "rejected")


def orders_of(drill: Drill, coin: int) -> list[dict[str, object]]:
    return [row for row in drill.resting() if row["coin"] == coin]


def refusals(drill: Drill) -> int:
    """Return how many orders the exchange refused by their step."""
    history = drill.emulator.desk.rows("history", drill.owner.address, 2_000)
    return sum(row["status"] in REFUSED for row in history)


def holds(drill: Drill, symbol: int) -> list[str]:
    found: list[str] = drill.runner.report()["symbols"][symbol]["holds"]
    return found


def test_a_step_that_changes_stops_its_coin_alone_until_it_is_as_before(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.until(lambda: orders_of(drill, 1), "both are quoted")
        # Nobody reads the hourly listing for long: a refused order has to be the sign.
        await drill.do("relist", coin="ETH", size_decimals=1)
        await drill.do("shock", coin="ETH", bps=30)
        await drill.until(lambda: drill.alarmed(LISTING), "the change was seen")
        assert drill.alarms[-1][0] == "listing ETH"
        assert "changed its size decimals from 4 to 1" in drill.alarms[-1][1]
        await drill.until(lambda: not orders_of(drill, 1), "withdrawn")
        assert LISTING in holds(drill, 1)
        assert LISTING not in holds(drill, 0)
        before = refusals(drill)
        assert before >= 1
        await drill.do("shock", coin="ETH", bps=-30)
        await drill.trade(2)
        assert refusals(drill) == before, "an order of a wrong step was sent again"
        await drill.until(lambda: orders_of(drill, 0), "the other coin is quoted")
        await drill.do("relist", coin="ETH", size_decimals=4)
        await drill.until(lambda: orders_of(drill, 1), "quoted again")
        assert LISTING not in holds(drill, 1)

    run(tmp_path, script, symbols=("BTC", "ETH"), listing_s=4.0).judge(orders=6, fills=2)


def test_a_delisted_coin_is_withdrawn_and_never_ordered_again(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.until(lambda: orders_of(drill, 1), "both are quoted")
        await drill.do("relist", coin="ETH", delisted=True)
        await drill.until(lambda: drill.alarmed(LISTING), "the change was seen")
        assert "the venue delisted it" in drill.alarmed(LISTING)[0]
        await drill.until(lambda: not drill.runner.report()["symbols"][1]["orders"], "all ended")
        before = refusals(drill)
        await drill.do("shock", coin="ETH", bps=30)
        await drill.trade(2)
        assert refusals(drill) == before
        assert not orders_of(drill, 1)
        await drill.until(lambda: orders_of(drill, 0), "the other coin is quoted")

    run(tmp_path, script, symbols=("BTC", "ETH")).judge(orders=6, fills=2)
