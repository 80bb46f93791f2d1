"""Tests of thrift — a budget lasts for hours, and patience is not kept longer than needed."""

from __future__ import annotations

from botmm.live.thrift import MOST_S, RESERVE, Thrift


def test_patience_grows_until_the_budget_lasts_and_shrinks_again() -> None:
    thrift, left, grown = Thrift(), 10_000.0, 0.0
    for step in range(2_000):
        # Each replacement costs two requests; patience makes them rarer.
        patience = thrift.take(int(left), step * 10.0)
        grown = max(grown, patience)
        left -= 10.0 * 2.0 / max(patience, 0.5)
    assert grown > 5.0
    assert left > RESERVE, "more than five hours of quoting do not use up the budget"
    for step in range(2_000, 2_100):
        patience = thrift.take(int(left), step * 10.0)
    assert patience == 0.0


def test_patience_has_an_end() -> None:
    thrift = Thrift()
    for step in range(100):
        patience = thrift.take(10_000 - 100 * step, step * 10.0)
    assert patience == MOST_S
