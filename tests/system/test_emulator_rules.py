"""Emulator rules — orders of several accounts through HTTP, as the venue would treat them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from botmm.exchanges.emulator import Emulator, EmulatorConfig, TestAccount, test_account
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.signed import cloid, nonce, order, signed

ONE, TWO = test_account(0), test_account(1)


class Trader:
    """One account at a local exchange."""

    def __init__(self, emulator: Emulator, client: ClientSession, account: TestAccount) -> None:
        self.emulator, self.client, self.account = emulator, client, account

    async def act(self, action: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = signed(self.account.key, action, **more)
        async with self.client.post("/exchange", json=body) as reply:
            found: dict[str, Any] = await reply.json()
            return found

    async def place(self, px: str, **more: Any) -> Any:
        """Return the status of one order."""
        reply = await self.act(order(px, **more))
        assert reply["status"] == "ok", reply
        return reply["response"]["data"]["statuses"][0]

    async def ask(self, kind: str, **more: Any) -> Any:
        question = {"type": kind, "user": self.account.address, **more}
        async with self.client.post("/info", json=question) as reply:
            return await reply.json()

    async def status_of(self, oid: int | str) -> str:
        found = await self.ask("orderStatus", oid=oid)
        return str(found["order"]["status"])

    async def position(self) -> float:
        held = (await self.ask("clearinghouseState"))["assetPositions"]
        return float(held[0]["position"]["szi"]) if held else 0.0


@asynccontextmanager
async def there(**config: Any) -> AsyncIterator[tuple[Trader, Trader, Emulator]]:
    """Run a local exchange of one thin market, and two accounts at it."""
    settings: dict[str, Any] = {
        "symbols": ("BTC",),
        "speed": 10.0,
        "warm_up_s": 2,
        "limits": GENEROUS,
        **config,
    }
    async with (
        Emulator(EmulatorConfig(**settings)) as emulator,
        ClientSession(emulator.url) as client,
    ):
        yield Trader(emulator, client, ONE), Trader(emulator, client, TWO), emulator


def touch(emulator: Emulator) -> tuple[int, int]:
    """Return the best bid and ask in whole dollars."""
    book = emulator.desk.book(emulator.desk.coins[0], 1)
    return book["bids"][0][0] // 10, book["asks"][0][0] // 10


async def until(condition: Any, what: str) -> None:
    async with asyncio.timeout(5):
        while not await condition():
            await asyncio.sleep(0.01)
    assert await condition(), what


@pytest.mark.asyncio
async def test_an_ioc_takes_what_is_there_and_the_rest_is_cancelled() -> None:
    async with there(deposit_usd=100_000_000) as (one, _, emulator):
        _bid, ask = touch(emulator)
        found = await one.place(str(ask + 20), size="5000", tif="Ioc")
        assert 0 < float(found["filled"]["totalSz"]) < 5_000
        assert await one.status_of(found["filled"]["oid"]) == "canceled"
        assert await one.position() == float(found["filled"]["totalSz"])
        assert (await one.ask("openOrders")) == []


@pytest.mark.asyncio
async def test_a_gtc_that_takes_leaves_its_rest_on_the_book_under_the_same_oid() -> None:
    for seed in range(1, 7):
        async with there(deposit_usd=100_000_000, seed=seed) as (one, _, emulator):
            _, ask = touch(emulator)
            found = await one.place(str(ask + 20), size="3000", tif="Gtc")
            filled, oid = float(found["filled"]["totalSz"]), found["filled"]["oid"]
            assert filled < 3_000
            resting = await one.ask("openOrders")
            if not resting:
                # The market went through the rest before it was asked for.
                assert await one.status_of(oid) == "filled"
                continue
            (left,) = resting
            assert left["oid"] == oid
            assert float(left["sz"]) <= 3_000 - filled
            assert left["origSz"] == "3000.0"
            return
    raise AssertionError("six markets in a row went through the rest at once")


@pytest.mark.asyncio
async def test_accounts_trade_with_each_other_at_the_makers_fee() -> None:
    async with there(deposit_usd=100_000_000) as (one, two, emulator):
        bid, _ = touch(emulator)
        assert "resting" in await one.place(str(bid - 20), size="0.5")
        await two.place(str(bid - 300), size="4000", tif="Ioc", buy=False)

        async def filled() -> bool:
            """Whether the resting order has traded."""
            return bool(await one.ask("userFills"))

        await until(filled, "a fill of the resting order")
        fills = await one.ask("userFills")
        assert {fill["crossed"] for fill in fills} == {False}
        sold = await two.ask("userFills")
        own = {fill["tid"] for fill in fills} & {fill["tid"] for fill in sold}
        for fill in fills:
            if fill["tid"] in own:
                notional = float(fill["px"]) * float(fill["sz"])
                assert float(fill["fee"]) == pytest.approx(notional * 0.00015, abs=1e-6)
        (at, *_) = [fill for fill in fills if fill["tid"] in own]
        assert at["side"] == "B"


@pytest.mark.asyncio
async def test_own_orders_never_meet() -> None:
    async with there(deposit_usd=100_000_000) as (one, _, emulator):
        bid, _ = touch(emulator)
        resting = await one.place(str(bid - 20), cloid=cloid(1))
        assert "resting" in resting
        await one.place(str(bid - 300), size="4000", tif="Ioc", buy=False)
        assert await one.status_of(cloid(1)) == "selfTradeCanceled"


@pytest.mark.asyncio
async def test_reduce_only_closes_no_more_than_there_is() -> None:
    async with there() as (one, _, emulator):
        _, ask = touch(emulator)
        await one.place(str(ask + 100), size="0.01", tif="Ioc")
        held = await one.position()
        assert held == 0.01
        found = await one.place(str(ask - 300), size="1", tif="Ioc", buy=False, reduce_only=True)
        assert found["filled"]["totalSz"] == "0.01"
        assert await one.position() == 0.0


@pytest.mark.asyncio
async def test_more_than_margin_carries_is_refused() -> None:
    async with there(deposit_usd=100) as (one, _, emulator):
        bid, _ = touch(emulator)
        found = await one.place(str(bid - 100), size="1")
        assert found == {"error": "Insufficient margin to place order. asset=0"}
        history = await one.ask("historicalOrders")
        assert history[0]["status"] == "perpMarginRejected"


@pytest.mark.asyncio
async def test_a_modify_that_fails_has_lost_the_old_order() -> None:
    async with there() as (one, _, emulator):
        bid, ask = touch(emulator)
        await one.place(str(bid - 100), cloid=cloid(1))
        wire = order(str(ask + 500), cloid=cloid(2))["orders"][0]
        reply = await one.act({"type": "modify", "oid": cloid(1), "order": wire})
        assert reply["status"] == "err"
        assert reply["response"].startswith(
            "Error placing new order during modify:"
            " Post only order would have immediately matched, bbo was "
        )
        assert await one.status_of(cloid(1)) == "canceled"
        wire = order(str(bid - 100), cloid=cloid(3))["orders"][0]
        batch = {"type": "batchModify", "modifies": [{"oid": cloid(1), "order": wire}]}
        reply = await one.act(batch)
        (item,) = reply["response"]["data"]["statuses"]
        assert item == {"error": "Cannot modify canceled or filled order"}
        reply = await one.act({**batch, "a": True})
        assert "resting" in reply["response"]["data"]["statuses"][0]


@pytest.mark.asyncio
async def test_a_scheduled_cancel_fires() -> None:
    async with there(rules={"schedule_cancel_volume_usd": 0}) as (one, _, emulator):
        bid, _ = touch(emulator)
        await one.place(str(bid - 100), cloid=cloid(1))
        at = emulator.desk.now // 1_000_000 + 6_000
        assert (await one.act({"type": "scheduleCancel", "time": at}))["status"] == "ok"

        async def fired() -> bool:
            """Whether the order is gone."""
            return await one.status_of(cloid(1)) == "scheduledCancel"

        await until(fired, "the scheduled cancel")
        found = await one.ask("orderStatus", oid=cloid(1))
        assert 0 <= found["order"]["statusTimestamp"] - at < 200


@pytest.mark.asyncio
async def test_a_noop_with_its_nonce_keeps_an_order_from_being_placed() -> None:
    async with there() as (one, _, emulator):
        bid, _ = touch(emulator)
        fence = nonce()
        assert (await one.act({"type": "noop"}, nonce=fence))["status"] == "ok"
        late = await one.act(order(str(bid - 100), cloid=cloid(1)), nonce=fence)
        assert late["response"] == f"Invalid nonce: duplicate nonce {fence}"
        assert await one.ask("orderStatus", oid=cloid(1)) == {"status": "unknownOid"}


@pytest.mark.asyncio
async def test_prices_that_nobody_means_refuse_the_whole_batch() -> None:
    async with there() as (one, _, emulator):
        bid, _ = touch(emulator)
        both = order(str(bid - 100))
        both["orders"].append(order("5000")["orders"][0])
        reply = await one.act(both)
        text = "Order price cannot be more than 80% away from the reference price"
        assert reply == {"status": "err", "response": text}
        assert await one.ask("openOrders") == []


@pytest.mark.asyncio
async def test_a_position_that_cannot_be_carried_is_closed_by_the_venue() -> None:
    async with there(deposit_usd=300) as (one, _, emulator):
        leverage = {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 40}
        assert (await one.act(leverage))["status"] == "ok"
        _, ask = touch(emulator)
        await one.place(str(ask + 100), size="0.1", tif="Ioc")
        assert await one.position() == 0.1
        await emulator.control({"do": "shock", "coin": "BTC", "bps": -400})

        async def closed() -> bool:
            """Whether the venue has closed it."""
            return await one.position() == 0.0

        await until(closed, "the liquidation")
        fills = await one.ask("userFills")
        assert any("liquidation" in fill for fill in fills)
