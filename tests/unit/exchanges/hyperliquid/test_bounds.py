"""Tests of bounds — weights, budgets, backoff, the inbox and the mirror keep within theirs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from botmm.exchanges.hyperliquid.budgets import (
    KEPT,
    KEPT_URGENT,
    AddressBudget,
    WeightLedger,
    action_weight,
    info_weight,
)
from botmm.exchanges.hyperliquid.inbox import Inbox
from botmm.exchanges.hyperliquid.liveness import Backoff
from botmm.exchanges.hyperliquid.mirror import TOLD_MAX, Mirror
from tests.unit.exchanges.hyperliquid.listing import LISTING, cloid, place

S = 1_000_000_000


def test_weights_are_those_of_the_venue() -> None:
    assert [action_weight(n) for n in (1, 39, 40, 80)] == [1, 1, 2, 3]
    kinds = ("orderStatus", "frontendOpenOrders", "userRole", "meta")
    assert [info_weight({"type": kind}) for kind in kinds] == [2, 20, 60, 20]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0.0, KEPT_URGENT, KEPT])), max_size=300)
)
def test_no_minute_holds_more_than_its_weight_and_cancels_keep_a_share(
    steps: list[tuple[int, float]],
) -> None:
    ledger = WeightLedger(limit=100)
    sent: list[tuple[int, int, float]] = []
    now = 0
    for pause, kept in steps:
        now += pause * S
        if ledger.may(7, now, kept=kept):
            ledger.spend(7, now)
            sent.append((now, 7, kept))
        window = [row for row in sent if now - row[0] < 60 * S]
        assert sum(w for _, w, _ in window) <= 100
        assert sum(w for _, w, k in window if k == KEPT) <= 70


def test_a_429_pauses_orders_and_not_cancels() -> None:
    ledger = WeightLedger()
    ledger.refused(0)
    assert not ledger.may(1, 9 * S, kept=KEPT)
    assert ledger.may(1, 9 * S, kept=0.0)
    assert ledger.may(1, 11 * S, kept=KEPT)


def test_urgent_questions_pause_for_longer_while_all_are_refused() -> None:
    ledger, now, waits = WeightLedger(), 0, []
    for _ in range(6):
        ledger.refused(now)
        wait = next(w for w in range(1, 40) if ledger.may(2, now + w * S // 4, kept=KEPT_URGENT))
        assert ledger.may(1, now, kept=0.0), "cancels go on"
        waits.append(wait / 4)
        now += wait * S // 4
    assert waits == [0.5, 1, 2, 4, 8, 8]
    ledger.served()
    ledger.refused(now)
    assert ledger.may(2, now + S // 2, kept=KEPT_URGENT)


def test_cancels_that_are_refused_within_a_pause_do_not_prolong_it() -> None:
    ledger = WeightLedger()
    for tenth in range(5):
        ledger.refused(tenth * S // 10)
    assert ledger.may(2, S // 2, kept=KEPT_URGENT)


def test_orders_stop_before_the_budget_ends_and_cancels_go_on() -> None:
    budget = AddressBudget()
    assert not budget.may_place(1)
    assert budget.may_cancel(1, 0)
    budget.observe(used=7_999, cap=10_000)
    assert budget.may_place(1)
    assert not budget.may_place(2)
    budget.spend(1, 0)
    assert not budget.may_place(1)
    budget.exhausted()
    assert budget.left == 0
    assert budget.may_cancel(39, 0)
    budget.observe(used=20_000, cap=10_000)
    budget.spend(1, 0)
    assert not budget.may_cancel(1, 9 * S)
    assert budget.may_cancel(1, 10 * S)


@given(
    st.integers(0, 2**32), st.lists(st.tuples(st.integers(0, 5_000), st.booleans()), max_size=150)
)
def test_no_minute_sees_more_connections_than_the_venue_takes(
    seed: int, steps: list[tuple[int, bool]]
) -> None:
    backoff = Backoff(seed=seed)
    now, tries = 0, []
    for lasted_ms, good in steps:
        now += backoff.wait(now)
        tries.append(now)
        now += lasted_ms * 1_000_000
        if good:
            backoff.worked()
    for start in tries:
        assert sum(start <= t < start + 60 * S for t in tries) <= 30


def test_waits_double_with_jitter_and_end_after_a_good_connection() -> None:
    backoff = Backoff(seed=3)
    waits = [backoff.wait(0) for _ in range(6)]
    assert waits[0] == 0
    assert all(S // 8 << n <= wait <= S // 4 << n for n, wait in enumerate(waits[1:]))
    backoff.worked()
    assert backoff.wait(0) == 0


def test_a_full_inbox_drops_prices_and_never_own_news() -> None:
    async def script() -> list[bytes]:
        inbox = Inbox(frames_max=4, private_max=6)
        for n in range(4):
            assert inbox.put(b"price %d" % n, private=False)
        assert inbox.put(b"fill", private=True)
        assert inbox.put(b"price 9", private=False)
        assert inbox.dropped == 4
        got = [await inbox.get() for _ in range(2)]
        assert all(inbox.put(b"fill", private=True) for _ in range(6))
        assert not inbox.put(b"fill", private=True)
        return got

    assert asyncio.run(script()) == [b"fill", b"price 9"]


def test_what_was_put_counts_as_used_only_when_the_next_is_asked_for() -> None:
    async def script() -> None:
        inbox = Inbox()
        inbox.put(b"a", private=True)
        assert not await inbox.used(within_s=0.02)
        assert await inbox.get() == b"a"
        assert not await inbox.used(within_s=0.02)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(inbox.used(within_s=2))
            await asyncio.sleep(0)
            following = tasks.create_task(inbox.get())
            assert await waiting
            following.cancel()

    asyncio.run(script())


def update(number: int, status: str, **other: Any) -> bytes:
    order = {"coin": "BTC", "cloid": cloid(number), "oid": 5, "sz": "0.001", "origSz": "0.002"}
    row = {"order": order | other, "status": status}
    return json.dumps({"channel": "orderUpdates", "data": [row]}).encode()


def test_the_mirror_follows_answers_and_the_stream() -> None:
    mirror = Mirror(LISTING)
    for number in range(3):
        mirror.sent(place(number))
    mirror.heard(update(1, "canceled"))
    mirror.heard(update(2, "open"))
    for junk in (b"", b"{}", update(0, "filled", sz="x"), update(0, "filled", coin="DOGE")):
        mirror.heard(junk)
    assert mirror.ids(None) == [(0, cloid(0)), (0, cloid(2))]
    assert mirror.ids(1) == []
    assert mirror.told(cloid(2), rests=False) is None
    told = mirror.told(cloid(2), rests=True)
    assert told is not None
    assert told.left == 100
    assert mirror.told(cloid(1), rests=False) is not None
    for number in range(10, 20 + TOLD_MAX):
        mirror.heard(update(number, "canceled"))
    assert mirror.told(cloid(1), rests=False) is None
