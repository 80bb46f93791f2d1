"""SDK — the official client, unmodified, trades on the local exchange."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

from botmm.exchanges.emulator import test_account
from tests.fakes.emulator_thread import RunningEmulator, running, until

ALO = {"limit": {"tif": "Alo"}}
GTC = {"limit": {"tif": "Gtc"}}
IOC = {"limit": {"tif": "Ioc"}}
DONE = {"status": "ok", "response": {"type": "default"}}
ONE, TWO = test_account(0), test_account(1)


@pytest.fixture(scope="module")
def local() -> Iterator[RunningEmulator]:
    with running(deposit_usd=100_000) as emulator:
        yield emulator


@pytest.fixture
def info(local: RunningEmulator) -> Info:
    return Info(local.url, skip_ws=True)


@pytest.fixture
def exchange(local: RunningEmulator) -> Iterator[Exchange]:
    client = Exchange(Account.from_key(ONE.key), local.url)
    yield client
    client.set_expires_after(None)
    opened = client.info.open_orders(ONE.address)
    if opened:
        client.bulk_cancel([{"coin": o["coin"], "oid": o["oid"]} for o in opened])
    for row in client.info.user_state(ONE.address)["assetPositions"]:
        client.market_close(row["position"]["coin"])


def statuses(reply: dict[str, Any], kind: str = "order") -> list[Any]:
    assert reply["status"] == "ok", reply
    assert reply["response"]["type"] == kind
    return reply["response"]["data"]["statuses"]


def mid_of(info: Info, coin: str = "BTC") -> float:
    return float(info.all_mids()[coin])


def low(info: Info) -> int:
    """Return a price that rests for as long as a test takes."""
    return round(mid_of(info) * 0.97)


def resting(exchange: Exchange, cloid: int | None = None) -> int:
    named = None if cloid is None else Cloid.from_int(cloid)
    reply = exchange.order("BTC", True, 0.001, low(exchange.info), ALO, cloid=named)
    return statuses(reply)[0]["resting"]["oid"]


def names_of(info: Info) -> set[int]:
    return {order["oid"] for order in info.open_orders(ONE.address)}


# Orders


def test_post_only_rests_and_is_cancelled_by_its_oid(exchange: Exchange, info: Info) -> None:
    oid = resting(exchange)
    assert oid in names_of(info)
    assert statuses(exchange.cancel("BTC", oid), "cancel") == ["success"]
    assert oid not in names_of(info)
    (again,) = statuses(exchange.cancel("BTC", oid), "cancel")
    gone = "Order was never placed, already canceled, or filled. asset=0"
    assert again == {"error": gone}


def test_post_only_that_would_match_is_refused_with_the_touch(exchange: Exchange) -> None:
    px = round(mid_of(exchange.info) * 1.02)
    (item,) = statuses(exchange.order("BTC", True, 0.001, px, ALO))
    start = "Post only order would have immediately matched, bbo was "
    assert item["error"].startswith(start)
    assert item["error"].endswith(". asset=0")
    bid, ask = item["error"].removeprefix(start).removesuffix(". asset=0").split("@")
    assert 0 < float(bid) < float(ask) < px


def test_batches_are_answered_entry_by_entry(exchange: Exchange) -> None:
    px = low(exchange.info)
    wanted = [
        {"sz": 0.001, "limit_px": px, "order_type": ALO},
        {"sz": 0.00005, "limit_px": px, "order_type": ALO},
        {"sz": 0.001, "limit_px": px + 0.5, "order_type": ALO},
        {"sz": 0.001, "limit_px": px, "order_type": IOC},
    ]
    rows = [{"coin": "BTC", "is_buy": True, "reduce_only": False, **row} for row in wanted]
    first, small, off_grid, ioc = statuses(exchange.bulk_orders(rows))
    assert "resting" in first
    assert small == {"error": "Order must have minimum value of $10. asset=0"}
    assert off_grid == {"error": "Price must be divisible by tick size. asset=0"}
    none = "Order could not immediately match against any resting orders. asset=0"
    assert ioc == {"error": none}


def test_reduce_only_without_a_position_is_refused(exchange: Exchange) -> None:
    px = low(exchange.info)
    (item,) = statuses(exchange.order("BTC", True, 0.001, px, GTC, reduce_only=True))
    assert item == {"error": "Reduce only order would increase position. asset=0"}


def test_market_open_and_close_go_there_and_back(exchange: Exchange, info: Info) -> None:
    (opened,) = statuses(exchange.market_open("BTC", True, 0.01))
    assert opened["filled"]["totalSz"] == "0.01"
    (held,) = info.user_state(ONE.address)["assetPositions"]
    assert held["position"]["szi"] == "0.01"
    assert held["position"]["leverage"] == {"type": "cross", "value": 20}
    (closed,) = statuses(exchange.market_close("BTC"))
    assert closed["filled"]["totalSz"] == "0.01"
    assert info.user_state(ONE.address)["assetPositions"] == []
    fills = info.user_fills(ONE.address)
    assert fills[0]["dir"] == "Close Long"
    assert fills[0]["crossed"] is True
    assert float(fills[0]["fee"]) > 0


def test_cancels_by_client_id_one_and_many(exchange: Exchange, info: Info) -> None:
    for number in (11, 12, 13):
        resting(exchange, number)
    assert statuses(exchange.cancel_by_cloid("BTC", Cloid.from_int(11)), "cancel") == ["success"]
    many = [{"coin": "BTC", "cloid": Cloid.from_int(number)} for number in (12, 13)]
    assert statuses(exchange.bulk_cancel_by_cloid(many), "cancel") == ["success", "success"]
    assert info.open_orders(ONE.address) == []


def test_modify_gives_a_new_order_by_oid_and_by_client_id(exchange: Exchange, info: Info) -> None:
    old, px = resting(exchange, 21), low(info)
    name = Cloid.from_int(22)
    (item,) = statuses(exchange.modify_order(old, "BTC", True, 0.002, px - 1, ALO, cloid=name))
    assert item["resting"]["oid"] != old
    (item,) = statuses(
        exchange.bulk_modify_orders_new(
            [
                {
                    "oid": name,
                    "order": {
                        "coin": "BTC",
                        "is_buy": True,
                        "sz": 0.003,
                        "limit_px": px - 2,
                        "order_type": ALO,
                        "reduce_only": False,
                        "cloid": name,
                    },
                }
            ]
        )
    )
    (left,) = info.open_orders(ONE.address)
    assert (left["oid"], left["sz"]) == (item["resting"]["oid"], "0.003")
    assert info.query_order_by_oid(ONE.address, old)["order"]["status"] == "canceled"


def test_trigger_orders_wait(exchange: Exchange, info: Info) -> None:
    statuses(exchange.market_open("BTC", True, 0.01))
    px = round(mid_of(info) * 0.9)
    stop = {"trigger": {"triggerPx": px, "isMarket": True, "tpsl": "sl"}}
    (item,) = statuses(exchange.order("BTC", False, 0.01, px, stop, reduce_only=True))
    assert item == "waitingForTrigger" or "resting" in item
    (shown,) = info.frontend_open_orders(ONE.address)
    assert (shown["isTrigger"], shown["orderType"]) == (True, "Stop Market")
    assert shown["triggerCondition"] == f"Price below {px}.0"


# Account actions


def test_dead_mans_switch_needs_volume_then_time_ahead(
    local: RunningEmulator, exchange: Exchange
) -> None:
    now = local.emulator.desk.now // 1_000_000
    refused = exchange.schedule_cancel(now + 3_600_000)
    assert refused["status"] == "err"
    assert refused["response"].startswith(
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $"
    )
    local.control(do="limits", user=ONE.address, volume_usd="1000000")
    assert exchange.schedule_cancel(now + 3_600_000) == DONE
    assert exchange.schedule_cancel(None) == DONE
    assert exchange.schedule_cancel(now)["status"] == "err"


def test_leverage_and_isolated_margin(exchange: Exchange, info: Info) -> None:
    assert exchange.update_leverage(5, "ETH", is_cross=False) == DONE
    refused = exchange.update_isolated_margin(10.0, "ETH")
    assert refused["status"] == "err"
    statuses(exchange.market_open("ETH", True, 0.1))
    assert exchange.update_isolated_margin(10.0, "ETH") == DONE
    (held,) = info.user_state(ONE.address)["assetPositions"]
    assert held["position"]["leverage"]["type"] == "isolated"
    assert exchange.update_leverage(5, "ETH", is_cross=True)["status"] == "err"
    statuses(exchange.market_close("ETH"))
    assert exchange.update_leverage(20, "ETH", is_cross=True) == DONE


def test_money_moves_between_sides_and_accounts(exchange: Exchange, info: Info) -> None:
    def value(user: str) -> float:
        return float(info.user_state(user)["marginSummary"]["accountValue"])

    before = value(TWO.address)
    assert exchange.usd_class_transfer(100.0, to_perp=False) == DONE
    (spot,) = info.spot_user_state(ONE.address)["balances"]
    assert (spot["coin"], spot["total"]) == ("USDC", "100.0")
    assert exchange.usd_class_transfer(40.0, to_perp=True) == DONE
    assert (
        exchange.spot_transfer(10.0, TWO.address, "USDC:0x6d1e7cde53ba9467b783cb7c530ce054") == DONE
    )
    assert exchange.usd_transfer(25.0, TWO.address) == DONE
    assert exchange.send_asset(TWO.address, "spot", "", "USDC", 5.0) == DONE
    assert value(TWO.address) == pytest.approx(before + 30.0)
    assert info.spot_user_state(TWO.address)["balances"][0]["total"] == "10.0"
    assert exchange.withdraw_from_bridge(1.0, ONE.address) == DONE
    assert exchange.usd_transfer(10**9, TWO.address)["status"] == "err"
    kinds = [row["delta"]["type"] for row in info.user_non_funding_ledger_updates(ONE.address, 0)]
    assert "internalTransfer" in kinds
    assert "withdraw" in kinds


def test_an_approved_agent_trades_and_cannot_move_money(
    local: RunningEmulator, exchange: Exchange, info: Info
) -> None:
    reply, key = exchange.approve_agent("maker")
    assert reply == DONE
    agent = Exchange(Account.from_key(key), local.url, account_address=ONE.address)
    address = agent.wallet.address
    assert [a["name"] for a in info.extra_agents(ONE.address)] == ["maker"]
    assert info.user_role(address) == {"role": "agent", "data": {"user": ONE.address}}
    (item,) = statuses(agent.order("BTC", True, 0.001, low(info), ALO))
    assert item["resting"]["oid"] in names_of(info)
    refused = agent.usd_transfer(1.0, TWO.address)
    text = f"Must deposit before performing actions. User: {address.lower()}"
    assert refused == {"status": "err", "response": text}
    assert local.control(do="revoke_agent", user=ONE.address, agent="maker") == {"revoked": True}
    gone = agent.order("BTC", True, 0.001, low(info), ALO)
    assert gone["response"] == f"User or API Wallet {address.lower()} does not exist."


def test_an_agent_without_a_name_is_approved(exchange: Exchange, local: RunningEmulator) -> None:
    reply, key = exchange.approve_agent()
    assert reply == DONE
    agent = Exchange(Account.from_key(key), local.url, account_address=ONE.address)
    assert agent.noop(local.emulator.desk.now // 1_000_000) == DONE


def test_sub_accounts_open_and_trade(
    local: RunningEmulator, exchange: Exchange, info: Info
) -> None:
    local.control(do="limits", user=ONE.address, volume_usd="2000000")
    reply = exchange.create_sub_account("second")
    assert reply["response"]["type"] == "createSubAccount"
    part = reply["response"]["data"]
    assert exchange.sub_account_transfer(part, is_deposit=True, usd=1_000_000_000) == DONE
    assert info.user_role(part) == {"role": "subAccount", "data": {"master": ONE.address}}
    (row,) = info.query_sub_accounts(ONE.address)
    assert row["clearinghouseState"]["marginSummary"]["accountValue"] == "1000.0"
    within = Exchange(Account.from_key(ONE.key), local.url, vault_address=part)
    (item,) = statuses(within.order("BTC", True, 0.001, low(info), ALO))
    assert [o["oid"] for o in info.open_orders(part)] == [item["resting"]["oid"]]
    assert within.usd_class_transfer(1.0, to_perp=False) == DONE
    assert exchange.sub_account_transfer(part, is_deposit=False, usd=1_000_000) == DONE


def test_the_rest_of_the_actions_answer(exchange: Exchange) -> None:
    assert exchange.approve_builder_fee(TWO.address, "0.001%") == DONE
    assert (
        exchange.info.post(
            "/info", {"type": "maxBuilderFee", "user": ONE.address, "builder": TWO.address}
        )
        == 1
    )
    assert exchange.set_referrer("ABC") == DONE
    assert exchange.agent_set_abstraction("i") == DONE
    assert exchange.user_set_abstraction(ONE.address, "disabled") == DONE
    assert exchange.user_dex_abstraction(ONE.address, enabled=False) == DONE
    assert exchange.agent_enable_dex_abstraction() == DONE
    assert exchange.use_big_blocks(enable=False) == DONE
    vault = exchange.vault_usd_transfer(TWO.address, is_deposit=True, usd=5_000_000)
    assert vault["response"] == f"Vault not registered: {TWO.address}"


def test_a_nonce_is_used_once_and_expired_actions_are_refused(
    local: RunningEmulator, exchange: Exchange
) -> None:
    nonce = local.emulator.desk.now // 1_000_000 + 60_000
    assert exchange.noop(nonce) == DONE
    again = {"status": "err", "response": f"Invalid nonce: duplicate nonce {nonce}"}
    assert exchange.noop(nonce) == again
    exchange.set_expires_after(local.emulator.desk.now // 1_000_000 - 10_000)
    late = exchange.order("BTC", True, 0.001, low(exchange.info), ALO)
    assert late == {"status": "err", "response": "Action already expired"}
    exchange.set_expires_after(local.emulator.desk.now // 1_000_000 + 600_000)
    statuses(exchange.order("BTC", True, 0.001, low(exchange.info), ALO))


def test_a_stranger_is_told_its_address(local: RunningEmulator) -> None:
    stranger = Exchange(Account.from_key("0x" + 64 * "7"), local.url)
    reply = stranger.order("BTC", True, 0.001, low(stranger.info), ALO)
    address = stranger.wallet.address.lower()
    assert reply["response"] == f"User or API Wallet {address} does not exist."


# Questions


def test_market_questions(info: Info) -> None:
    assert [row["name"] for row in info.meta()["universe"]] == ["BTC", "ETH", "SOL"]
    assert info.spot_meta() == {"universe": [], "tokens": []}
    assert info.spot_meta_and_asset_ctxs() == [{"universe": [], "tokens": []}, []]
    assert info.perp_dexs() == [None]
    meta, contexts = info.meta_and_asset_ctxs()
    assert len(meta["universe"]) == len(contexts)
    assert float(contexts[0]["markPx"]) == pytest.approx(mid_of(info), rel=0.02)
    book = info.l2_snapshot("BTC")
    bids, asks = book["levels"]
    assert 0 < len(bids) <= 20
    assert float(bids[0]["px"]) < float(asks[0]["px"])
    now = book["time"]
    candles = info.candles_snapshot("BTC", "1m", now - 3_600_000, now)
    assert candles[-1]["s"] == "BTC"
    assert info.funding_history("BTC", now - 60_000) == []
    assert isinstance(info.query_perp_deploy_auction_status(), dict)


def test_account_questions(exchange: Exchange, info: Info) -> None:
    oid = resting(exchange, 31)
    statuses(exchange.market_open("SOL", True, 1.0))
    user, named = ONE.address, Cloid.from_int(31)
    for found in (
        info.query_order_by_oid(user, oid),
        info.query_order_by_cloid(user, named),
    ):
        assert found["order"]["status"] == "open"
        assert found["order"]["order"]["cloid"] == named.to_raw()
    assert info.query_order_by_oid(user, 1) == {"status": "unknownOid"}
    assert info.historical_orders(user)[0]["order"]["coin"] in {"BTC", "SOL"}
    fills = info.user_fills(user)
    rows = info.user_fills_by_time(user, fills[0]["time"], aggregate_by_time=True)
    assert rows[-1]["coin"] == "SOL"
    limit = info.user_rate_limit(user)
    assert limit["nRequestsCap"] == 10_000 + int(float(limit["cumVlm"]))
    fees = info.user_fees(user)
    assert (fees["userAddRate"], fees["userCrossRate"]) == ("0.00015", "0.00045")
    assert info.user_funding_history(user, 0) == []
    periods = [name for name, _ in info.portfolio(user)]
    assert periods[:4] == ["day", "week", "month", "allTime"]
    assert len(periods) == 8
    assert info.user_role(user) == {"role": "user"}
    assert info.user_role("0x" + 40 * "9") == {"role": "missing"}
    assert info.user_state("0x" + 40 * "9")["assetPositions"] == []
    for ask in (
        info.user_twap_slice_fills,
        info.user_vault_equities,
        info.user_staking_delegations,
        info.user_staking_rewards,
        info.delegator_history,
    ):
        assert ask(user) == []
    assert info.query_user_to_multi_sig_signers(user) is None
    assert info.query_user_abstraction_state(user) == "disabled"
    assert info.query_user_dex_abstraction_state(user) is None
    assert info.user_staking_summary(user)["delegated"] == "0.0"
    assert info.query_referral_state(user)["referredBy"] is None
    assert isinstance(info.query_spot_deploy_auction_status(user), dict)


# Streams

_STREAMS: list[dict[str, Any]] = [
    {"type": "allMids"},
    {"type": "l2Book", "coin": "BTC"},
    {"type": "bbo", "coin": "BTC"},
    {"type": "trades", "coin": "BTC"},
    {"type": "candle", "coin": "BTC", "interval": "1m"},
    {"type": "activeAssetCtx", "coin": "BTC"},
    {"type": "activeAssetData", "user": ONE.address, "coin": "BTC"},
    {"type": "orderUpdates", "user": ONE.address},
    {"type": "userEvents", "user": ONE.address},
    {"type": "userFills", "user": ONE.address.upper().replace("0X", "0x")},
    {"type": "userFundings", "user": ONE.address},
    {"type": "userNonFundingLedgerUpdates", "user": ONE.address},
]


def test_every_subscription_of_the_sdk_delivers(local: RunningEmulator, exchange: Exchange) -> None:
    client = Info(local.url, skip_ws=False)
    heard: dict[str, list[Any]] = defaultdict(list)
    try:
        numbers = [
            client.subscribe(dict(wanted), lambda m: heard[m["channel"]].append(m["data"]))
            for wanted in _STREAMS
        ]
        until(lambda: heard["userFills"], "the snapshot of fills")
        assert heard["userFills"][0]["isSnapshot"] is True
        assert heard["userFills"][0]["user"] == ONE.address
        assert heard["orderUpdates"] == []
        resting(exchange, 41)
        statuses(exchange.market_open("BTC", True, 0.01))
        channels = {s["type"] for s in _STREAMS} - {"userEvents"} | {"user"}
        until(lambda: all(heard[channel] for channel in channels), f"{channels}, had {set(heard)}")
        until(lambda: len(heard["userFills"]) > 1, "the fill")
        (update,) = heard["orderUpdates"][0]
        assert update["status"] == "open"
        assert update["order"]["cloid"] == Cloid.from_int(41).to_raw()
        fill = heard["userFills"][1]["fills"][0]
        assert "isSnapshot" not in heard["userFills"][1]
        traded = until(
            lambda: [t for rows in heard["trades"] for t in rows if t["tid"] == fill["tid"]],
            "the fill among the public trades",
        )
        assert traded[0]["users"][0] == ONE.address
        assert client.unsubscribe(dict(_STREAMS[1]), numbers[1])
    finally:
        client.disconnect_websocket()
