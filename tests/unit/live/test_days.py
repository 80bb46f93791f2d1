"""Tests of the days — they sum to the ledger exactly, over midnight and over restarts."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from botmm.live.days import Days, earned, shown, summed
from botmm.store.rows import Bucket
from botmm.units import day_of

MIDNIGHT = 1_767_225_600 * 10**9
HOUR = 3600 * 10**9


def ledger(now: int, **more: Any) -> dict[str, Any]:
    row = {
        "symbol": "BTC", "maker_fills": 0, "taker_fills": 0, "volume": 0, "capture2": 0,
        "inventory2": 0, "fees2": 0, "funding2": 0, "orders": [],
    }  # fmt: skip
    return {"now": now, "symbols": [row | more]}


def test_days_sum_to_the_ledger_whatever_it_does() -> None:
    seed = 20260101
    draw = random.Random(seed)
    days, store = Days(), dict[tuple[str, str], Bucket]()
    told = {"maker_fills": 0, "taker_fills": 0, "volume": 0, "capture2": 0, "inventory2": 0}
    told |= {"fees2": 0, "funding2": 0}
    for step in range(400):
        for name in told:
            least = -9_999 if name in {"capture2", "inventory2", "fees2", "funding2"} else 0
            told[name] += draw.randint(least, 9_999) * (2 if name in {"fees2", "funding2"} else 1)
        for bucket in days.look(ledger(MIDNIGHT - 20 * HOUR + step * HOUR // 7, **told), {0: step}):
            store[bucket.day, bucket.symbol] = bucket
    whole = summed(store.values(), day="all", symbol="BTC")
    assert len(store) == 3, f"seed {seed}"
    assert whole.gross_half_micro == told["capture2"] + told["inventory2"]
    assert (2 * whole.fees_micro, 2 * whole.funding_micro) == (told["fees2"], told["funding2"])
    assert whole.net_half_micro == (
        told["capture2"] + told["inventory2"] - told["fees2"] + told["funding2"]
    )
    assert (whole.placed, whole.volume_micro) == (399, told["volume"])


def test_a_restart_adds_to_the_day_that_is_kept() -> None:
    first = Days()
    kept = first.look(ledger(MIDNIGHT, maker_fills=3, fees2=10), {0: 8})
    again = Days(kept)
    (bucket,) = again.look(ledger(MIDNIGHT + HOUR, maker_fills=1, fees2=-4), {0: 2})
    assert (bucket.maker_fills, bucket.fees_micro, bucket.placed) == (4, 3, 10)
    assert again.of(str(day_of(MIDNIGHT))) == [bucket]
    assert again.of("2026-01-02") == [Bucket(day="2026-01-02", symbol="BTC")]
    assert earned([*kept, replace(kept[0], fees_micro=-2, gross_half_micro=-1)]) == {"BTC": -4}


def test_quoted_hours_and_rates() -> None:
    days, rests = Days(), [{"state": "working"}]
    days.look(ledger(MIDNIGHT, orders=rests), {0: 1})
    days.look(ledger(MIDNIGHT + HOUR, orders=rests, maker_fills=1), {0: 4})
    days.look(ledger(MIDNIGHT + 2 * HOUR, maker_fills=3, taker_fills=1), {0: 8})
    (bucket,) = days.look(ledger(MIDNIGHT + 9 * HOUR, maker_fills=3, taker_fills=2), {0: 8})
    row = shown(bucket)
    assert (row["quoted_hours"], row["fills_per_order"], row["fills_per_hour"]) == (2, 0.625, 2.5)
    assert row["maker_share"] == 0.6
    empty = shown(Bucket(day="2026-01-01", symbol="BTC"))
    assert {empty["maker_share"], empty["fills_per_order"], empty["fills_per_hour"]} == {None}
