"""Tests of standings — strict fields, and which fills a position already holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.account import (
    FeeRates,
    FillRow,
    State,
    read_budget,
    read_fees,
    read_fills,
    read_orders,
    read_state,
)
from botmm.exchanges.hyperliquid.encode import Universe
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, floored, required
from botmm.exchanges.hyperliquid.standing import (
    MismatchError,
    build,
    document,
    included,
    lead_to,
)
from tests.unit.exchanges.hyperliquid.listing import LISTING, META, cloid, ok

COINS = Universe(META).by_name
STATE = {
    "marginSummary": {"accountValue": "38252.7654321", "totalMarginUsed": "37766.7"},
    "withdrawable": "486.0",
    "assetPositions": [
        {"position": {"coin": "BTC", "szi": "-4.5", "leverage": {"type": "cross", "value": 10}}}
    ],
    "time": 1_790_360_864_964,
}
ORDER = {
    "coin": "BTC", "side": "A", "limitPx": "50000.0", "sz": "0.001", "origSz": "0.002", "oid": 7,
    "reduceOnly": False, "isTrigger": False, "cloid": None,
}  # fmt: skip
FILL = {
    "coin": "BTC", "px": "78751.0", "sz": "0.00535", "side": "B", "time": 1_789_407_361_368,
    "startPosition": "4.22618", "oid": 5, "crossed": False, "fee": "-0.012639", "tid": 9,
    "feeToken": "USDC",
}  # fmt: skip
BUDGET = {"cumVlm": "5.5", "nRequestsUsed": 4, "nRequestsCap": 10_005}
FEES = {"userAddRate": "-0.00001", "userCrossRate": "0.00045", "activeReferralDiscount": "0.04"}


def test_replies_are_read_exactly() -> None:
    state = read_state(STATE, COINS)
    assert (state.account_value, state.positions["BTC"].size) == (38_252_765_432, -450_000)
    order = read_orders([ORDER, ORDER | {"coin": "@107"}, ORDER | {"coin": "PURR/USDC"}], COINS)
    assert [(o.px, o.left, o.size, o.cloid) for o in order] == [(500_000, 100, 200, None)]
    fill = read_fills([FILL, FILL], COINS)
    assert [(f.before, f.after, f.fee) for f in fill] == [(422_618, 423_153, -12_639)]
    assert read_budget(BUDGET).cap == 10_005
    assert read_fees(FEES) == FeeRates(maker=-10_000_000, taker=432_000_000)


@pytest.mark.parametrize(
    ("read", "row", "optional"),
    [
        (lambda row: read_state(row, COINS), STATE, set()),
        (lambda row: read_orders([row], COINS), ORDER, {"cloid"}),
        (lambda row: read_fills([row], COINS), FILL, set()),
        (read_budget, BUDGET, set()),
        (read_fees, FEES, set()),
    ],
)
def test_a_missing_field_is_an_error_and_never_zero(
    read: Callable[[Any], Any], row: dict[str, Any], optional: set[str]
) -> None:
    for key in set(row) - optional:
        with pytest.raises(ReplyError, match=key):
            read({k: v for k, v in row.items() if k != key})
        with pytest.raises(ReplyError):
            read(row | {key: ["another", "type"]})


@pytest.mark.parametrize("text", ["Infinity", "1_000", " 5 ", "+5", "1e5", "٣", "", "0.123456"])
def test_a_number_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ReplyError):
        read_orders([ORDER | {"sz": text}], COINS)


@pytest.mark.parametrize("body", [b"NaN", b'{"a":1,"a":2}', b"[1e400", b"[" * 200_000, b"\xff"])
def test_json_is_read_strictly(body: bytes) -> None:
    with pytest.raises(ReplyError):
        decode(body)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**40])
def test_a_number_that_nobody_can_count_with_is_an_error(number: int) -> None:
    with pytest.raises(ReplyError, match="too large"):
        required({"tid": number}, "tid", int)
    with pytest.raises(ReplyError, match="too large"):
        floored({"usdc": f"{number}.5"}, "usdc", 6)


def test_no_answer_is_not_an_empty_one() -> None:
    for reply in (RawReply(status=500, body=b"[]"), RawReply(status=None, body=None, why="x")):
        with pytest.raises(ReplyError):
            document("orders", reply)
    assert document("orders", ok(b"[]")) == []


def chain(sizes: list[int], times: list[int], start: int = 0) -> list[FillRow]:
    rows = []
    for tid, (size, time_ms) in enumerate(zip(sizes, times, strict=True)):
        row = {
            "tid": tid, "time": time_ms, "side": "B" if size > 0 else "A",
            "sz": f"{abs(size)}.0", "startPosition": f"{start}.0",
        }  # fmt: skip
        rows.append(FILL | row)
        start += size
    return list(read_fills(rows, COINS))


LOT = 100_000


def test_the_fills_of_a_position_end_with_the_block_that_leaves_it() -> None:
    fills = chain([1, 2, -1, 5], [10, 10, 20, 30])
    for position, count in ((7, 4), (2, 3), (3, 2), (0, 0)):
        assert len(included(fills, position * LOT, "BTC")) == count
    with pytest.raises(MismatchError):
        included(fills, 1 * LOT, "BTC")
    assert included([], 5, "BTC") == []


def test_fills_of_which_one_is_missing_explain_no_position() -> None:
    fills = chain([1, 2, -1, 5], [10, 10, 20, 30])
    for gone in (1, 2):
        with pytest.raises(MismatchError, match="a fill is missing"):
            included(fills[:gone] + fills[gone + 1 :], 7 * LOT, "BTC")


@given(
    st.lists(st.tuples(st.integers(-3, 3).filter(bool), st.integers(0, 1)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_rows_of_a_block_may_stand_in_any_order(rows: list[tuple[int, int]], random: Any) -> None:
    sizes, steps = [size for size, _ in rows], [step for _, step in rows]
    fills = chain(sizes, list(accumulate(steps)))
    random.shuffle(fills)
    fills.sort(key=lambda fill: fill.time_ms)
    assert len(included(fills, sum(sizes) * LOT, "BTC")) == len(sizes)
    assert lead_to(fills, sum(sizes) * LOT, len(rows))


def test_a_block_that_comes_back_is_no_hole_whatever_row_stands_first() -> None:
    fills = chain([2, -2, 2, -1], [10, 20, 20, 20])
    for turned in (fills, [fills[0], *fills[:0:-1]]):
        assert len(included(turned, 1 * LOT, "BTC")) == 4
    with pytest.raises(MismatchError, match="a fill is missing"):
        included([fills[0], fills[1], fills[3]], 1 * LOT, "BTC")


def test_a_standing_names_the_trades_that_its_time_does_not_settle() -> None:
    now = 100_000
    fills = chain([1, 2], [now - 50_000, now - 1_000])
    state = State(
        time_ms=now, account_value=1, cash=None, withdrawable=0, margin_used=0, positions={}
    )
    full = read_state(STATE | {"time": now}, COINS)
    held = full.positions["BTC"]
    with pytest.raises(MismatchError):
        build(LISTING, state=full, orders=(), fills=fills, budget_left=1, fees=read_fees(FEES))
    assert held.size == -450_000
    flat = chain([1, -1], [now - 50_000, now - 1_000])
    orders = read_orders([ORDER, ORDER | {"coin": "kPEPE", "sz": "1", "origSz": "1"}], COINS)
    made = build(
        LISTING, state=state, orders=orders, fills=flat, budget_left=1, fees=read_fees(FEES)
    )
    assert made.trades == {0: [1], 1: []}
    assert made.at_ns == (now - 2_000) * 1_000_000
    assert [order.oid for order in made.orders] == [7]


def test_ids_of_orders_are_kept() -> None:
    assert read_orders([ORDER | {"cloid": cloid(3)}], COINS)[0].cloid == cloid(3)
