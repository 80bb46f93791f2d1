"""Daemon on bad books — nothing rests on a market that cannot be, and quoting comes back by itself.

What the exchange shows is kept back, and books with one thing wrong come in its place.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from botmm.exchanges.emulator import shapes
from botmm.exchanges.hyperliquid.book_times import ODD_MAX
from tests.fakes.live_drill import Drill, run

Book = dict[str, Any]
EVERY_S = 0.1
QUIET = 6
FUTURE_MS = 300_000
JUMP = 1.2
OFF = 1.06


def shown(drill: Drill, *, fast: bool = False) -> Book:
    """Return the book as the exchange would show it now."""
    coin, depth = drill.emulator.desk.coins[0], shapes.FAST_LEVELS if fast else shapes.LEVELS
    return shapes.book(coin, drill.emulator.desk.book(coin, depth), depth=depth, fast=fast)


async def send(drill: Drill, channel: str, data: Book) -> None:
    text = json.dumps({"channel": channel, "data": data}, separators=(",", ":"))
    await drill.do("frame", text=text)


async def show(drill: Drill, spoil: Callable[[Book], object]) -> None:
    """Show both books with something wrong in them."""
    for fast in (True, False):
        book = shown(drill, fast=fast)
        spoil(book)
        await send(drill, "l2Book", book)
    await asyncio.sleep(EVERY_S)


async def keep_back(drill: Drill) -> None:
    """Let no true book reach the daemon any more, those on their way included."""
    for channel in ("l2Book", "bbo"):
        await drill.fault("mute", only=channel)
    for _ in range(2):  # a loop that stood still has yet to read what came meanwhile
        await drill.until(lambda: drill.row()["age_ns"] > 300_000_000, "no book is on its way")
        await asyncio.sleep(0.1)


def crossed(book: Book) -> None:
    bids, asks = book["levels"]
    bids.insert(0, dict(asks[2]))


def empty(book: Book) -> None:
    book["levels"] = [[], []]


def one_sided(book: Book) -> None:
    book["levels"][1] = []


def priced_at_zero(book: Book) -> None:
    for level in book["levels"][0]:
        level["px"] = "0.0"


def jumped(book: Book) -> None:
    for level in (level for side in book["levels"] for level in side):
        level["px"] = str(round(float(level["px"]) * JUMP))


@pytest.mark.parametrize("spoil", [crossed, empty, one_sided, priced_at_zero, jumped])
def test_nothing_rests_on_a_book_that_cannot_be(
    tmp_path: Path, spoil: Callable[[Book], object]
) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(1)
        await drill.quoting()
        await keep_back(drill)
        async with asyncio.timeout(3):
            while drill.resting():
                await show(drill, spoil)
        accepted = drill.audit()["accepted"]
        for _ in range(QUIET):
            await show(drill, spoil)
            assert not drill.resting()
        assert drill.audit()["accepted"] == accepted
        await drill.do("clear")
        await drill.quoting()
        assert drill.audit()["accepted"] > accepted
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=1)


@pytest.mark.parametrize("by", [OFF, 1 / OFF], ids=["above", "below"])
@pytest.mark.parametrize("name", ["markPx", "oraclePx"])
def test_a_mark_or_an_oracle_far_from_the_book_ends_quoting_until_it_is_back(
    tmp_path: Path, name: str, by: float
) -> None:
    async def show(drill: Drill) -> None:
        coin = drill.emulator.desk.coins[0]
        context = shapes.context(coin, drill.emulator.desk.context(coin))
        context[name] = str(round(float(context[name]) * by))
        await send(drill, "activeAssetCtx", {"coin": coin.name, "ctx": context})
        await asyncio.sleep(EVERY_S)

    async def script(drill: Drill) -> None:
        await drill.trade(1)
        await drill.quoting()
        await drill.fault("mute", only="activeAssetCtx")
        async with asyncio.timeout(3):
            while drill.resting():
                await show(drill)
        accepted = drill.audit()["accepted"]
        for _ in range(QUIET):
            await show(drill)
            assert not drill.resting()
        assert drill.audit()["accepted"] == accepted
        await drill.do("clear")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=1)


@pytest.mark.parametrize("shift_ms", [FUTURE_MS, -10_000], ids=["future", "past"])
def test_books_of_another_time_are_dropped_and_asked_for_anew(
    tmp_path: Path, shift_ms: int
) -> None:
    def shift(book: Book) -> None:
        book["time"] += shift_ms

    async def script(drill: Drill) -> None:
        await drill.trade(1)
        await drill.quoting()
        await keep_back(drill)
        links, bid = drill.runner.venue.link, drill.row()["bid"]
        await drill.do("shock", coin="BTC", bps=40)
        async with asyncio.timeout(5):
            while drill.runner.venue.link == links:
                await show(drill, shift)
        assert drill.runner.venue.book_times.odd >= ODD_MAX  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            while drill.resting():
                await show(drill, shift)
        assert drill.row()["bid"] == bid, "nothing of them was taken in"
        await drill.do("clear")
        await drill.quoting()
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script, sets=("stale_ms=1500",)).judge(orders=4, fills=1)


def test_one_touch_from_the_future_does_not_stand_against_those_after_it(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        await drill.trade(1)
        await drill.quoting()
        book, bid = shown(drill), drill.row()["bid"]
        touch = [side[0] for side in book["levels"]]
        await send(drill, "bbo", {"coin": "BTC", "time": book["time"] + FUTURE_MS, "bbo": touch})
        await drill.do("shock", coin="BTC", bps=60)
        await drill.until(lambda: drill.row()["bid"] > bid * 1.003, "the market is followed", 3)
        await drill.settle()
        drill.judge_books()

    run(tmp_path, script).judge(orders=4, fills=1)
