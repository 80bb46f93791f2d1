"""Daemon cancel tests — each word with which the venue ends an order, and orders refused again and again."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from botmm.live.gateway import PAUSE_FIRST_S, PAUSE_MOST_S
from botmm.live.latches import STATE_FILE
from botmm.store.state import StateStore
from tests.fakes.live_drill import Drill, run

WORDS = (
    "canceled",
    "marginCanceled",
    "selfTradeCanceled",
    "reduceOnlyCanceled",
    "liquidatedCanceled",
    "vaultWithdrawalCanceled",
    "openInterestCapCanceled",
    "siblingFilledCanceled",
    "delistedCanceled",
    "scheduledCancel",
    "internalCancel",
)


def test_each_cancel_of_the_venue_ends_the_order_once_with_its_reason(tmp_path: Path) -> None:
    ended: dict[str, str] = {}

    async def script(drill: Drill) -> None:
        async def end(word: str) -> None:
            await drill.quoting()
            before = {row["cloid"] for row in drill.resting()}
            coin, user = "BTC", drill.owner.address
            found = await drill.do("end_orders", user=user, coin=coin, status=word)
            assert found["ended"] >= 2
            rows = drill.emulator.desk.rows("history", user, 40)
            gone = {row["cloid"] for row in rows if row["status"] == word} & before
            assert gone
            ended.update(dict.fromkeys(gone, word))
            await drill.until(
                lambda: not gone & {order["cloid"] for order in drill.row()["orders"]}, word
            )

        for word in WORDS:
            await end(word)
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=2 * len(WORDS), fills=0)
    assert set(ended.values()) == set(WORDS)
    with closing(StateStore(tmp_path / STATE_FILE)) as store:
        for cloid, word in ended.items():
            over = [one for one in store.changes(cloid) if one.state == "cancelled"]
            assert [one.reason for one in over] == [word]


def test_post_only_orders_that_are_refused_again_and_again_come_twice_a_second_at_most(
    tmp_path: Path,
) -> None:
    async def script(drill: Drill) -> None:
        loop = asyncio.get_running_loop()
        words = "Post only order would have immediately matched, bbo was 1@2. asset=0"
        refused = json.dumps({"status": "err", "response": words})
        drill.runner.hold("test", on=True)
        await drill.until(lambda: not drill.row()["orders"], "withdrawn")
        accepted = drill.audit()["accepted"]
        await drill.fault("status", status=200, body=refused, only="order", executed=False)
        drill.runner.hold("test", on=False)
        at: list[float] = []

        def struck() -> int:
            count = drill.emulator.faults.struck.get("status", 0)
            if count > len(at):
                at.extend([loop.time()] * (count - len(at)))
            return count

        await drill.until(lambda: struck() >= 4, "refused four times", 3 * PAUSE_MOST_S)
        gaps = [later - earlier for earlier, later in pairwise(at)]
        assert drill.audit()["accepted"] == accepted
        assert min(gaps) > PAUSE_FIRST_S - 0.05, gaps
        assert gaps[-1] > 2 * gaps[0], "the pause does not grow"
        await drill.do("clear")
        await drill.settle()

    run(tmp_path, script).judge(orders=4, fills=0)
