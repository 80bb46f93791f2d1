"""Tests of the comparison — what a difference of positions says, and what it does not."""

from __future__ import annotations

from typing import Any

from botmm.live.reconcile import compare
from botmm.ports import Standing


def report(proven: int | None) -> dict[str, Any]:
    return {"symbols": [{"proven": proven, "orders": []}]}


def standing(position: int) -> Standing:
    return Standing(
        at_ns=7,
        positions={0: position},
        trades={0: [11]},
        orders=[],
        account_value=0,
        cash=0,
        budget_left=1_000,
        maker_rate=0.0,
        taker_rate=0.0,
    )


def test_equal_positions_agree() -> None:
    found = compare(report(-109), report(-109), standing(-109), [0], 1)
    assert found.agreed == [{"kind": "agreed", "symbol": 0, "since": 7}]
    assert (found.positions, found.corrections) == ([], [])


def test_a_position_that_differs_twice_is_taken_from_the_venue() -> None:
    once = compare(report(-109), report(-109), standing(-272), [], 1)
    assert (once.positions, once.corrections, once.agreed) == ([0], [], [])
    twice = compare(report(-109), report(-109), standing(-272), once.positions, 1)
    assert twice.corrections == [
        {"kind": "baseline", "symbol": 0, "position": -272, "since": 7, "trades": [11]}
    ]


def test_what_traded_while_the_venue_was_asked_is_no_difference() -> None:
    for now in (-272, None):
        found = compare(report(-109), report(now), standing(-109), [0], 1)
        assert (found.positions, found.corrections, found.agreed) == ([], [], [])
