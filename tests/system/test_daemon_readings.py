"""Daemon and what it reads — old, missing and changed answers move no position and no book."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import ClientSession

from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.subscriptions import LEDGER
from botmm.exchanges.hyperliquid.venue import HyperliquidVenue
from botmm.live.records import RECORDS
from tests.fakes.live_drill import Drill, run

STATE, ORDERS, FILLS = "clearinghouseState", "frontendOpenOrders", "userFillsByTime"
HUGE = "9" * 30
READ_OFTEN = ("live.reconcile_s=1.0",)


async def asked(drill: Drill, kind: str) -> str:
    """Return what the exchange answers now."""
    body = {"type": kind, "user": drill.owner.address, "dex": ""}
    async with (
        ClientSession() as session,
        session.post(f"{drill.emulator.url}/info", json=body) as reply,
    ):
        return await reply.text()


async def followed(drill: Drill) -> None:
    """Wait until the position is the exchange's: what is on its way is none that was rolled back."""
    await drill.until(lambda: drill.row()["proven"] == drill.ledger().position, "followed", 3)


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [(STATE, 500, "null"), (STATE, 200, "{}"), (ORDERS, 200, "[]"), (FILLS, 200, "[]")],
    ids=["no state", "an empty state", "no orders", "no fills"],
)
def test_an_answer_that_is_missing_or_empty_makes_nobody_flat(
    tmp_path: Path, kind: str, status: int, body: str
) -> None:
    async def script(drill: Drill) -> None:
        while not drill.ledger().position:
            await drill.trade(1)
        await drill.quoting()
        await drill.fault("status", only=kind, status=status, body=body, count=2)
        struck = drill.emulator.faults.struck
        await drill.until(lambda: struck.get("status", 0) == 2, "asked")
        assert RECORDS not in drill.runner.health.holds
        assert drill.runner.health.corrected_positions == 0
        await drill.quoting()
        await drill.trade(1)
        await followed(drill)
        await drill.settle()
        drill.judge_books()
        assert drill.runner.health.corrected_positions == 0

    run(tmp_path, script, sets=READ_OFTEN).judge(orders=4, fills=2)


def test_a_reading_that_is_older_than_the_news_rolls_nothing_back(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(1)
        old, before = await asked(drill, STATE), drill.ledger().position
        while drill.ledger().position == before:
            await drill.trade(1)
        await followed(drill)
        # Two comparisons of three readings each.
        await drill.fault("status", only=STATE, status=200, body=old, count=6)
        struck = drill.emulator.faults.struck
        while struck.get("status", 0) < 6:
            await drill.do("shock", coin="BTC", bps=15 * (-1) ** struck.get("status", 0))
            await asyncio.sleep(0.2)
            await followed(drill)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, sets=READ_OFTEN).judge(orders=4, fills=2)


def drifted(document: Any) -> Any:
    """Return a document with a field more in each of its objects."""
    if isinstance(document, dict):
        return {**{key: drifted(value) for key, value in document.items()}, "addedLater": [{}]}
    return [drifted(one) for one in document] if isinstance(document, list) else document


def more(frame: bytes) -> bytes:
    found: bytes = json.dumps(drifted(json.loads(frame)), separators=(",", ":")).encode()
    return found


class MoreRest(Rest):
    """Answers have fields that nobody knows."""

    async def post(self, path: str, body: bytes) -> RawReply:
        reply = await super().post(path, body)
        return reply if not reply.body else replace(reply, body=more(reply.body))


class MoreVenue(HyperliquidVenue):
    """A venue that adds a field to all that it says."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._rest = self._ask.rest = MoreRest(self.spec.host, deadline_s=self.spec.deadline_s)

    def _take(self, channel: str, frame: bytes) -> bool:
        return super()._take(channel, more(frame))


def test_fields_that_nobody_knows_change_nothing(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(3)
        await drill.settle()
        drill.judge_books()
        assert drill.runner.engine.counts.bad_frames == 0

    run(tmp_path, script, venue_type=MoreVenue).judge(orders=4, fills=3)


# Of the first row of a channel's news, what is no more as it was.
SPOILT: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
    ("userFills", lambda row: row.update(sz=1.5)),
    ("userFills", lambda row: row.update(px=["1"])),
    ("userFills", lambda row: row.pop("fee")),
    ("userFills", lambda row: row.update(side="Z")),
    ("userFills", lambda row: row.update(tid=2**64)),
    ("orderUpdates", lambda row: row.update(status="dreaming")),
    ("orderUpdates", lambda row: row.update(status=7)),
    ("orderUpdates", lambda row: row["order"].update(origSz=1.5)),
)


class SpoiltVenue(HyperliquidVenue):
    """A venue whose news is spoilt once in each of some ways."""

    ways: ClassVar = SPOILT

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.left = list(self.ways)

    def _take(self, channel: str, frame: bytes) -> bool:
        if self.up and self.left and self.left[0][0] == channel:
            message = json.loads(frame)
            data = message["data"]
            rows = data if isinstance(data, list) else data["fills"]
            if rows and not (isinstance(data, dict) and data.get("isSnapshot")):
                self.left.pop(0)[1](rows[0])
                frame = json.dumps(message, separators=(",", ":")).encode()
        return super()._take(channel, frame)


@pytest.mark.parametrize("first", range(0, len(SPOILT), 2))
def test_news_of_another_kind_is_counted_and_never_used(tmp_path: Path, first: int) -> None:
    class TwiceSpoilt(SpoiltVenue):
        ways = SPOILT[first : first + 2]

    async def script(drill: Drill) -> None:
        venue = drill.runner.venue
        assert isinstance(venue, TwiceSpoilt)
        while venue.left:
            await drill.trade(1, seconds=30)
        # Of fills that cancel out nobody asks before long; a new socket tells all of them again.
        links = venue.link
        await drill.do("drop", how="abort")
        await drill.until(lambda: venue.link >= links + 2, "linked")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert drill.runner.engine.counts.bad_frames == 2
        assert drill.daemon.keep() == "", "the books go on"

    run(tmp_path, script, venue_type=TwiceSpoilt, sets=READ_OFTEN).judge(orders=4, fills=2)


def test_news_of_another_kind_for_the_third_time_in_a_minute_stops_everything(
    tmp_path: Path,
) -> None:
    class ThriceSpoilt(SpoiltVenue):
        ways = SPOILT[:3]

    async def script(drill: Drill) -> None:
        await drill.halted("HALTED: news of the account is of another kind than we know")
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, venue_type=ThriceSpoilt, sets=READ_OFTEN).judge(orders=3, fills=3)


def test_torn_frames_stop_nothing_however_many_and_whole_ones_of_another_kind_do(
    tmp_path: Path,
) -> None:
    async def script(drill: Drill) -> None:
        rows = [{"coin": "BTC", "usdc": ["1.5"], "time": 1}]
        data = {"user": drill.owner.address, "fundings": rows}
        text = json.dumps({"channel": "userFundings", "data": data}, separators=(",", ":"))
        for _ in range(5):
            await drill.do("frame", text=text[:-9], user=drill.owner.address)
        for _ in range(2):
            await drill.do("frame", text=text, user=drill.owner.address)
        await drill.trade(1)
        assert not drill.operator.status()["latches"], "each is counted once"
        await drill.do("frame", text=text, user=drill.owner.address)
        await drill.halted("HALTED: news of the account is of another kind than we know")

    run(tmp_path, script).judge(orders=2, fills=1)


@pytest.mark.parametrize(
    ("channel", "rows", "more"),
    [
        ("userFundings", "fundings", {"coin": "BTC", "usdc": HUGE, "szi": "1.0"}),
        (LEDGER, "nonFundingLedgerUpdates", {"delta": {"type": "deposit", "usdc": HUGE}}),
    ],
)
def test_money_beyond_counting_is_refused_and_the_run_goes_on(
    tmp_path: Path, channel: str, rows: str, more: dict[str, Any]
) -> None:
    async def script(drill: Drill) -> None:
        row = {"time": drill.emulator.desk.now // 10**6, "hash": "0x0", **more}
        data = {"user": drill.owner.address, rows: [row]}
        text = json.dumps({"channel": channel, "data": data}, separators=(",", ":"))
        await drill.do("frame", text=text, user=drill.owner.address)
        await drill.trade(1)
        await drill.settle()
        drill.judge_books()
        assert drill.row()["funding2"] == drill.daemon.transferred == 0
        assert drill.daemon.keep() == "", "the books go on"

    run(tmp_path, script).judge(orders=2, fills=1)
