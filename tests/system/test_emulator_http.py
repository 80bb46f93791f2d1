"""Emulator over HTTP — statuses, limits, faults and state, judged from the exchange's own truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from botmm.clock import ManualClock, SystemClock
from botmm.errors import DataError, UsageError
from botmm.exchanges.emulator import (
    Emulator,
    EmulatorConfig,
    Fault,
    FaultPlan,
    LimitNumbers,
    test_account,
)
from tests.fakes.emulated_time import pass_time
from tests.fakes.emulator_thread import GENEROUS
from tests.fakes.signed import cloid, nonce, order, signed

ONE, TWO = test_account(0), test_account(1)
JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def there(**config: Any) -> AsyncIterator[tuple[Emulator, ClientSession]]:
    """Run a local exchange with one coin, and a client of it."""
    settings: dict[str, Any] = {
        "symbols": ("BTC",),
        "speed": 10.0,
        "warm_up_s": 2,
        "limits": GENEROUS,
        **config,
    }
    async with (
        Emulator(EmulatorConfig(**settings)) as emulator,
        ClientSession(emulator.url, timeout=ClientTimeout(total=5)) as client,
    ):
        yield emulator, client


async def ask(client: ClientSession, **question: Any) -> tuple[int, str, str]:
    async with client.post("/info", json=question) as reply:
        return reply.status, reply.content_type, await reply.text()


async def act(client: ClientSession, action: dict[str, Any], **more: Any) -> Any:
    async with client.post("/exchange", json=signed(ONE.key, action, **more)) as reply:
        assert reply.status == 200
        return await reply.json()


async def accepted(emulator: Emulator, number: int) -> int:
    """Return how often an order was accepted, as the exchange knows it."""
    found = await emulator.control({"do": "audit", "user": ONE.address, "cloid": cloid(number)})
    return int(found["accepted"])


async def blocks(emulator: Emulator, count: int = 2) -> None:
    """Wait until some blocks have passed."""
    end = emulator.desk.now + count * emulator.config.block_ns
    async with asyncio.timeout(5):
        while emulator.desk.now < end:
            await asyncio.sleep(0.002)


def low(emulator: Emulator) -> str:
    return str(round(emulator.desk.mark(emulator.desk.coins[0]) * 0.97 / 1e8))


# Statuses


@pytest.mark.asyncio
async def test_statuses_are_the_venues() -> None:
    plain, js = "text/plain", "application/json"
    unparsed = "Failed to deserialize the JSON body into the target type"
    user = ONE.address
    expected = [
        ({"type": "noSuchType"}, (422, plain, unparsed)),
        ({"type": 7}, (422, plain, unparsed)),
        ({"type": "clearinghouseState", "user": "0x12"}, (422, plain, unparsed)),
        ({"type": "orderStatus", "user": user, "oid": "0x12"}, (422, plain, unparsed)),
        ({"type": "meta", "dex": "nowhere"}, (500, js, "null")),
        ({"type": "fundingHistory", "coin": "NONE", "startTime": 0}, (500, js, "null")),
        ({"type": "l2Book", "coin": "NONE"}, (200, js, "null")),
        ({"type": "l2Book", "coin": "BTC", "nSigFigs": 6}, (500, js, "null")),
        ({"type": "orderStatus", "user": user, "oid": 5}, (200, js, '{"status":"unknownOid"}')),
    ]
    async with there() as (_, client):
        for question, answer in expected:
            assert await ask(client, **question) == answer, question
        async with client.post("/info", data=b"{", headers=JSON) as reply:
            assert (reply.status, await reply.text()) == (
                400,
                "Failed to parse the request body as JSON",
            )
        async with client.post("/info", data=b"{}") as reply:
            assert reply.status == 415
        async with client.get("/info") as reply:
            assert (reply.status, reply.reason) == (405, "Method Not Allowed")
        async with client.post("/exchange", json={"action": {"type": "order"}}) as reply:
            assert (reply.status, await reply.text()) == (422, unparsed)


@pytest.mark.asyncio
async def test_whole_action_refusals_have_the_venues_words() -> None:
    async with there() as (emulator, client):
        body = signed(ONE.key, order(low(emulator)))
        body["signature"] = {"r": "0x0", "s": "0x0", "v": 27}
        async with client.post("/exchange", json=body) as reply:
            answer = {"status": "err", "response": "Unable to recover signer."}
            assert await reply.json() == answer
        one = nonce()
        assert (await act(client, {"type": "noop"}, nonce=one))["status"] == "ok"
        twice = await act(client, {"type": "noop"}, nonce=one)
        assert twice["response"] == f"Invalid nonce: duplicate nonce {one}"
        far = await act(client, order("1000"))
        start = "Order price cannot be more than 80% away from the reference price"
        assert far == {"status": "err", "response": start}
        none = {"type": "order", "orders": [], "grouping": "na"}
        assert (await act(client, none))["status"] == "err"
        vault = TWO.address
        away = await act(client, order(low(emulator)), vault=vault)
        assert away["response"] == f"Vault not registered: {vault}"
        gone = {"type": "modify", "oid": 5, "order": order(low(emulator))["orders"][0]}
        assert (await act(client, gone))["response"] == "Cannot modify canceled or filled order"


@pytest.mark.asyncio
async def test_another_form_of_the_same_action_has_the_same_signer() -> None:
    async with there() as (emulator, client):
        body = signed(ONE.key, order(low(emulator), cloid=cloid(1)))
        wire = body["action"]["orders"][0]
        # Other key order, a trailing zero and upper-case hex: the venue hashes its own form.
        body["action"]["orders"] = [
            {**dict(reversed(wire.items())), "p": wire["p"] + ".0", "c": cloid(1).upper()}
        ]
        body["action"]["orders"][0]["c"] = "0x" + cloid(1)[2:].upper()
        async with client.post("/exchange", json=body) as reply:
            answer = await reply.json()
        assert "resting" in answer["response"]["data"]["statuses"][0]


@pytest.mark.asyncio
async def test_used_up_budget_is_refused_and_cancels_still_pass() -> None:
    async with there() as (emulator, client):
        placed = await act(client, order(low(emulator)))
        oid = placed["response"]["data"]["statuses"][0]["resting"]["oid"]
        await emulator.control({"do": "limits", "user": ONE.address, "requests_used": 10_050})
        await act(client, order(low(emulator)))  # one passes each ten seconds
        refused = await act(client, order(low(emulator)))
        assert refused["status"] == "err"
        assert refused["response"].startswith("Too many cumulative requests sent (")
        assert refused["response"].endswith(
            "Place taker orders to free up 1 request per USDC traded."
        )
        gone = await act(client, {"type": "cancel", "cancels": [{"a": 0, "o": oid}]})
        assert gone["response"]["data"]["statuses"] == ["success"]


# Around it


@pytest.mark.asyncio
async def test_only_loopback_is_listened_on() -> None:
    with pytest.raises(UsageError, match=r"does not listen on 0\.0\.0\.0"):
        Emulator(EmulatorConfig(host="0.0.0.0"))
    async with (
        there() as (_, client),
        client.post("/info", json={"type": "meta"}, headers={"Host": "evil.example"}) as reply,
    ):
        assert reply.status == 403


@pytest.mark.asyncio
async def test_a_port_in_use_is_named() -> None:
    async with there() as (emulator, _):
        port = int(emulator.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"port {port}"):
            async with Emulator(EmulatorConfig(symbols=("BTC",), port=port, warm_up_s=0)):
                pass


@pytest.mark.asyncio
async def test_weights_run_out_and_come_back_with_time() -> None:
    clock = ManualClock(SystemClock().now())
    config = EmulatorConfig(symbols=("BTC",), warm_up_s=0, limits=LimitNumbers())
    async with Emulator(config, clock) as emulator, ClientSession(emulator.url) as client:
        codes = [(await ask(client, type="userRole", user=ONE.address))[0] for _ in range(21)]
        assert codes == [200] * 20 + [429]
        await pass_time(clock, emulator, 60.1)
        assert (await ask(client, type="meta"))[0] == 200


@pytest.mark.asyncio
async def test_state_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "exchange.bin"
    async with there(state=path, warm_up_s=30) as (emulator, client):
        placed = await act(client, order(low(emulator), cloid=cloid(9)))
        oid = placed["response"]["data"]["statuses"][0]["resting"]["oid"]
        used = nonce()
        await act(client, {"type": "noop"}, nonce=used)
        before = emulator.desk.now
    async with there(state=path) as (emulator, client):
        assert emulator.restored
        assert emulator.desk.now >= before
        assert emulator.desk.trades[0]
        status, _, text = await ask(client, type="openOrders", user=ONE.address)
        assert status == 200
        assert f'"oid":{oid}' in text
        again = await act(client, {"type": "noop"}, nonce=used)
        assert again["response"] == f"Invalid nonce: duplicate nonce {used}"
    with pytest.raises(DataError, match="holds BTC, not ETH"):
        async with Emulator(EmulatorConfig(symbols=("ETH",), state=path)):
            pass
    path.write_bytes(b"something else")
    with pytest.raises(DataError, match="no state of a local exchange"):
        async with Emulator(EmulatorConfig(symbols=("BTC",), state=path)):
            pass


# Faults


@pytest.mark.asyncio
async def test_a_lost_request_is_not_carried_out_and_a_lost_reply_is() -> None:
    async with there() as (emulator, client):
        for number, kind in ((1, "lose_request"), (2, "lose_reply")):
            await emulator.control({"do": "fault", "kind": kind, "count": 1, "how": "reset"})
            with pytest.raises(ClientError):
                await act(client, order(low(emulator), cloid=cloid(number)))
        await blocks(emulator)
        assert await accepted(emulator, 1) == 0
        assert await accepted(emulator, 2) == 1
        assert emulator.faults.struck == {"lose_request": 1, "lose_reply": 1}


@pytest.mark.asyncio
async def test_an_error_status_can_hide_an_order_that_was_placed() -> None:
    async with there() as (emulator, client):
        for number, executed in ((1, True), (2, False)):
            await emulator.control(
                {"do": "fault", "kind": "status", "count": 1, "executed": executed}
            )
            body = signed(ONE.key, order(low(emulator), cloid=cloid(number)))
            async with client.post("/exchange", json=body) as reply:
                assert (reply.status, reply.content_type) == (502, "text/html")
            await blocks(emulator)
            assert await accepted(emulator, number) == int(executed)


@pytest.mark.asyncio
async def test_replies_come_late_cut_empty_or_short() -> None:
    async with there(speed=1.0) as (emulator, client):
        clock = SystemClock()
        bodies = {}
        for kind in ("late_request", "late_reply", "truncate", "empty_body", "short_list"):
            await emulator.control(
                {"do": "fault", "kind": kind, "count": 1, "delay_ms": 300, "only": "order"}
            )
            assert (await ask(client, type="meta"))[0] == 200  # is another type
            began = clock.monotonic()
            body = signed(ONE.key, order(low(emulator)))
            async with client.post("/exchange", json=body) as reply:
                bodies[kind] = await reply.text()
            assert (clock.monotonic() - began >= 0.3) == kind.startswith("late")
        assert bodies["late_request"].startswith('{"status":"ok"')
        assert bodies["late_reply"].startswith('{"status":"ok"')
        assert bodies["truncate"]
        assert not bodies["truncate"].endswith("}")
        assert bodies["empty_body"] == ""
        assert bodies["short_list"].endswith('"statuses":[]}}}')


@pytest.mark.asyncio
async def test_any_reply_can_stand_in_for_the_true_one_or_drip() -> None:
    async with there() as (emulator, client):
        instead = {"do": "fault", "kind": "status", "status": 200, "count": 1, "only": "meta"}
        await emulator.control({**instead, "body": '{"universe":[]}'})
        assert await ask(client, type="meta") == (200, "application/json", '{"universe":[]}')
        drip = {"do": "fault", "kind": "drip_reply", "count": 1, "delay_ms": 10_000}
        await emulator.control(drip)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(client, type="meta"), 0.3)
        assert (await ask(client, type="meta"))[0] == 200


@pytest.mark.asyncio
async def test_a_plan_strikes_at_its_time_and_by_its_chance() -> None:
    plan = FaultPlan.model_validate(
        {
            "seed": 5,
            "fault": [Fault(kind="status", status=500, body="null", only="meta", count=1)],
            "event": [{"at_s": 0.5, "do": "deposit", "user": TWO.address, "usd": "7"}],
        }
    )
    async with there(faults=plan) as (emulator, client):
        assert await ask(client, type="meta") == (500, "application/json", "null")
        assert (await ask(client, type="meta"))[0] == 200
        async with asyncio.timeout(5):
            while emulator.desk.account(TWO.address)["value"] != 10_007_000_000:
                await asyncio.sleep(0.005)


@pytest.mark.asyncio
async def test_actions_and_replies_take_their_time_on_the_way() -> None:
    async with there(speed=1.0, entry_ms=120, response_ms=80) as (emulator, client):
        clock, sent = SystemClock(), emulator.clock.now() // 1_000_000
        began = clock.monotonic()
        await act(client, order(low(emulator), cloid=cloid(1)))
        assert clock.monotonic() - began >= 0.2
        (resting,) = emulator.desk.rows("orders", ONE.address)
        assert resting["made"] // 1_000_000 - sent >= 120


@pytest.mark.asyncio
async def test_frozen_blocks_answer_nobody_until_they_thaw() -> None:
    async with there() as (emulator, client):
        await emulator.control({"do": "freeze", "seconds": 5})
        pending = asyncio.create_task(act(client, order(low(emulator))))
        stood = emulator.desk.now
        await asyncio.sleep(0.1)
        assert (pending.done(), emulator.desk.now) == (False, stood)
        assert (await pending)["status"] == "ok"
        assert emulator.desk.now - stood >= 4_900_000_000


@pytest.mark.asyncio
async def test_an_injected_sweep_fills_what_rests() -> None:
    async with there() as (emulator, client):
        coin = emulator.desk.coins[0]
        bid = emulator.desk.book(coin, 1)["bids"][0][0]
        deep = bid - 500  # the touch does not get here by itself
        await act(client, order(coin.px(deep).removesuffix(".0"), cloid=cloid(3)))
        rows = [{"kind": "trade", "side": "ask", "px": coin.px(deep - 100), "sz": "50"}]
        async with client.post(
            "/control", json={"do": "inject", "coin": "BTC", "rows": rows}
        ) as reply:
            assert reply.status == 200
        async with asyncio.timeout(5):
            while not emulator.desk.rows("fills", ONE.address, 0, 10):
                await asyncio.sleep(0.005)
        (fill,) = emulator.desk.rows("fills", ONE.address, 0, 10)
        assert (fill["crossed"], fill["px"]) == (False, deep)


@pytest.mark.asyncio
async def test_control_says_what_it_cannot_do() -> None:
    async with there() as (_, client):
        for request, code in (
            ({"do": "nothing"}, 422),
            ({"do": "freeze", "seconds": -1}, 422),
            ({"do": "inject", "coin": "NONE", "rows": []}, 422),
            ({"do": "audit", "user": "0x" + 40 * "5"}, 422),
        ):
            async with client.post("/control", json=request) as reply:
                assert reply.status == code, request
                assert await reply.text()
        async with client.post("/control", data=b"no", headers=JSON) as reply:
            assert reply.status == 400
        async with client.post("/control", json={"do": "status"}) as reply:
            assert (await reply.json())["users"][0] == ONE.address
