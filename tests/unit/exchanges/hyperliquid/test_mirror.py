"""Tests of the mirror — an order whose end nobody told is forgotten once it is surely gone."""

from __future__ import annotations

from botmm.exchanges.hyperliquid.mirror import SHOWN_NS, Mirror
from tests.unit.exchanges.hyperliquid.listing import cloid, place


def test_an_order_that_two_standings_do_not_show_is_no_order_to_cancel() -> None:
    mirror = Mirror(())
    for number in (1, 2, 3):
        mirror.sent(place(number))
    everything = [(0, cloid(number)) for number in (1, 2, 3)]
    mirror.shown([cloid(1), None], 0)
    assert mirror.ids(None) == everything, "one standing may be too early"
    mirror.shown([cloid(1)], SHOWN_NS - 1)
    assert mirror.ids(None) == everything, "a second one soon after, too"
    mirror.sent(place(4))
    mirror.shown([cloid(1), cloid(3)], SHOWN_NS)
    assert mirror.ids(None) == [(0, cloid(1)), (0, cloid(3)), (0, cloid(4))]
    mirror.shown([cloid(1)], 2 * SHOWN_NS)
    assert (0, cloid(3)) in mirror.ids(None), "it was shown in between"
    assert (0, cloid(4)) not in mirror.ids(None)
    mirror.shown([cloid(1)], 3 * SHOWN_NS)
    assert mirror.ids(None) == [(0, cloid(1))]
