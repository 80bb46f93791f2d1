"""Tests of the audit — the figure is 0 when all is right, whatever the market does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from botmm.live.audit import Audit
from botmm.ports import Standing

STANDING = Standing(
    at_ns=1, positions={0: 5}, trades={}, orders=[], account_value=1_000_000_000, cash=900_000_000,
    budget_left=1, maker_rate=0.0, taker_rate=0.0,
)  # fmt: skip


def report(flow: int, position: int = 5, **more: Any) -> dict[str, Any]:
    row = {"flow2": 2 * flow, "proven": position, "position": position, "adopts": False}
    return {"equity": 1_000_000_000, "symbols": [row | more]}


class Case:
    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.came_in = 0
        self.audit = Audit(lambda key, words: self.alarms.append(words), lambda: self.came_in)
        self.look(report(-100_000_000), STANDING)

    def look(self, told: dict[str, Any], standing: Standing, asked: Any = None) -> int | None:
        self.audit.look(asked or told, told, standing)
        return self.audit.difference


def test_a_position_that_gains_is_no_difference() -> None:
    case = Case()
    assert case.audit.difference == 0
    risen = replace(STANDING, account_value=2_000_000_000)
    assert case.look(report(-100_000_000), risen) == 0
    sold = replace(STANDING, positions={0: 0}, cash=1_003_000_000)
    assert case.look(report(3_000_000, 0), sold) == 0
    case.came_in = 50_000_000
    assert case.look(report(3_000_000, 0), replace(sold, cash=1_053_000_000)) == 0
    assert case.alarms == []


def test_what_is_on_its_way_is_not_compared() -> None:
    case = Case()
    ahead = replace(STANDING, positions={0: 6}, cash=880_000_000)
    assert case.look(report(-100_000_000), ahead) == 0, "a fill that was not told yet"
    paid = replace(STANDING, cash=905_000_000)
    assert case.look(report(-95_000_000), paid, report(-100_000_000)) == 0, "told in between"
    assert case.look(report(-100_000_000, proven=None), paid) == 0
    assert case.look(report(-100_000_000, adopts=True), paid) == 0
    assert case.look(report(-100_000_000), replace(STANDING, cash=None)) == 0
    assert case.alarms == []


def test_a_difference_that_stays_is_told_beyond_its_bound() -> None:
    case = Case()
    for micro, told in ((1, False), (100_000, False), (100_001, True), (-5_000_000, True)):
        case.alarms.clear()
        apart = replace(STANDING, cash=900_000_000 + micro)
        assert case.look(report(-100_000_000), apart) == micro
        assert case.alarms == [], "the first time it may be on its way"
        assert case.look(report(-100_000_000), apart) == micro
        assert bool(case.alarms) == told, micro
