"""Exchange — what crosses to the exchange core and back: texts, errors, threads, whole states."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from botmm import core

START = 1_767_571_200_000_000_000
BLOCK = 70_000_000
USD = 1_000_000
ANN = "0x" + "a" * 40
CLOID = "0x" + "0" * 31 + "1"


def _spec(**changes: Any) -> str:
    coin = {"name": "BTC", "size_decimals": 5, "max_leverage": 40, "source": {"kind": "synthetic"}}
    return json.dumps({"start_ns": START, "coins": [coin]} | changes)


def _exchange() -> core.Exchange:
    exchange = core.Exchange(_spec())
    exchange.deposit(ANN, 100_000 * USD)
    exchange.advance(START + 30_000_000_000)
    return exchange


def _bid(exchange: core.Exchange) -> str:
    best: int = json.loads(exchange.book(0, 1))["bids"][0][0]
    order = {
        "coin": 0,
        "side": "bid",
        "px": best,
        "size": 1_000,
        "tif": "alo",
        "reduce_only": False,
        "cloid": CLOID,
        "trigger": None,
    }
    return json.dumps({"type": "order", "orders": [order]})


def _submit(exchange: core.Exchange) -> None:
    exchange.submit(ANN, None, _bid(exchange), exchange.now() // 1_000_000)
    exchange.advance(exchange.now() + BLOCK)


def test_an_action_is_answered_once_and_its_order_found_by_either_id() -> None:
    exchange = _exchange()
    _submit(exchange)
    (reply,) = json.loads(exchange.replies())
    resting = reply["ok"][0]["resting"]
    assert resting["cloid"] == CLOID
    assert json.loads(exchange.replies()) == []
    by_cloid, by_oid = exchange.order(ANN, None, CLOID), exchange.order(ANN, resting["oid"])
    assert by_cloid == by_oid
    assert json.loads(by_oid)["status"] == "open"
    assert json.loads(exchange.order(ANN, 1)) is None
    assert exchange.accepted(ANN, CLOID) == 1


def test_a_coin_is_what_its_source_says_and_unknown_values_are_null() -> None:
    context = json.loads(_exchange().context(0))
    assert context["mark"] > 0
    assert context["open_interest"] is None


@pytest.mark.parametrize(
    "spec",
    ["{}", "[", _spec(speed=2), _spec(coins=[]), _spec(rules={"nonces": 3})],
)
def test_what_is_no_specification_is_an_argument_error(spec: str) -> None:
    with pytest.raises(core.ArgumentError):
        core.Exchange(spec)


def test_unknown_users_coins_and_actions_are_argument_errors() -> None:
    exchange = _exchange()
    with pytest.raises(core.ArgumentError, match="has no account"):
        exchange.account("0x" + "c" * 40)
    with pytest.raises(core.ArgumentError, match="no coin 7"):
        exchange.book(7, 1)
    with pytest.raises(core.ArgumentError, match="unknown variant"):
        exchange.submit(ANN, None, '{"type": "dance"}', 1)
    with pytest.raises(core.UnsupportedError, match="not fed from outside"):
        exchange.push_frame(0, START, b"{}")
    assert exchange.owner("0x" + "c" * 40) is None


def test_refusals_of_money_and_agents_are_texts_and_nothing_is_an_empty_one() -> None:
    exchange = _exchange()
    other = "0x" + "b" * 40
    assert exchange.transfer(ANN, other, USD) == ""
    assert json.loads(exchange.transfer(ANN, other, 10**15)) == {"code": "funds"}
    assert exchange.approve_agent(ANN, "0x" + "C" * 40, "desk") == ""
    assert exchange.owner("0x" + "c" * 40) == ANN
    assert json.loads(exchange.use_nonce(ANN, 5)) == {"code": "nonce_window", "nonce": 5}


def test_a_saved_state_is_the_same_exchange() -> None:
    exchange = _exchange()
    _submit(exchange)
    again = core.Exchange.restore(exchange.save())
    exchange.events()
    for either in (exchange, again):
        either.advance(START + 120_000_000_000)
    assert again.account(ANN) == exchange.account(ANN)
    assert again.events() == exchange.events()
    with pytest.raises(core.ArgumentError, match="not a state"):
        core.Exchange.restore(b"nonsense")


def test_other_threads_ask_while_blocks_are_made() -> None:
    exchange = _exchange()
    until = START + 1_800_000_000_000
    maker = threading.Thread(target=exchange.advance, args=(until,))
    maker.start()
    times = [exchange.now()]
    while maker.is_alive():
        times.append(exchange.now())
        json.loads(exchange.book(0, 1))
    maker.join()
    assert times == sorted(times)
    assert until - BLOCK < exchange.now() <= until
