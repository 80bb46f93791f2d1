"""Versus tests — pairs, causes and parts of small cases that can be added up by hand."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from botmm.report.versus import Execution, Sides, Silence, Stay, compare, matched, merged, together
from botmm.units import SECOND_NS

WINDOW = 2 * SECOND_NS
MID2 = {0: 2_010, 1: 400}


def fill(seconds: float, side: int = 1, px: int = 1_000, size: int = 5, **other: Any) -> Execution:
    told: dict[str, Any] = {"symbol": 0, "fee": 3, "order": f"{seconds} {side} {px}"}
    return Execution(side=side, px=px, size=size, ts=round(seconds * SECOND_NS), **told | other)


def stay(since: float, until: float, side: int = 1, px: int = 1_000) -> Stay:
    return Stay(
        symbol=0, side=side, px=px, since=round(since * SECOND_NS), until=round(until * SECOND_NS)
    )


def sides(live: list[Execution], replay: list[Execution], **other: Any) -> Sides:
    told: dict[str, Any] = {"live_stays": [], "replay_stays": [], "silences": [], "mid2": MID2}
    return Sides(live=live, replay=replay, **told | other)


def test_partial_fills_of_one_order_are_one_execution() -> None:
    parts = [fill(1, size=2, order="a"), fill(1.5, size=3, order="a"), fill(9, size=1, order="a")]
    assert [(one.size, one.fee) for one in merged(parts)] == [(5, 6), (1, 3)]
    assert len(merged([fill(1, order="a"), fill(1, order="b"), fill(1, order="a", px=999)])) == 3


def test_the_same_price_goes_before_the_nearer_time() -> None:
    live = [fill(10)]
    replay = [fill(10.1, px=999), fill(11)]
    pairs = matched(live, replay, WINDOW)
    assert pairs == [(live[0], replay[1]), (None, replay[0])]


def test_nothing_is_matched_over_sides_symbols_or_the_window() -> None:
    live = [fill(10), fill(20), fill(30)]
    replay = [fill(10, side=-1), fill(20, symbol=1), fill(32.1)]
    assert all(None in pair for pair in matched(live, replay, WINDOW))


def test_equal_runs_have_no_gap() -> None:
    fills = [fill(1), fill(2, side=-1, px=1_010)]
    found = compare(sides(fills, fills), WINDOW)
    assert found.gap2 == 0
    assert set(found.parts.values()) == {0}
    assert found.count("same") == 2


def test_price_size_and_fee_of_a_matched_fill_are_told_apart() -> None:
    # Live bought 7 at 998 for a fee of 4, replay 5 at 1,000 for 3; the mid ends at 1,005.
    found = compare(sides([fill(1, px=998, size=7, fee=4)], [fill(1.5)]), WINDOW)
    assert found.pairs[0].sort == "price and size"
    parts = {name: value for name, value in found.parts.items() if value}
    assert parts == {"price": 2 * 2 * 5, "size": 2 * 7 * 2, "fees": -2}
    assert found.gap2 == (2 * 7 * 7 - 8) - (2 * 5 * 5 - 6) == sum(parts.values())


def test_a_lone_fill_of_live_is_put_down_to_where_replays_order_was() -> None:
    live = [fill(10), fill(20), fill(30)]
    stays = [stay(5, 15), stay(20.5, 25), stay(10, 90, px=999)]
    found = compare(sides(live, [], replay_stays=stays), WINDOW)
    assert [pair.cause for pair in found.pairs] == ["queue", "latency", "quotes"]
    assert found.parts["queue"] == live[0].value2(MID2[0]) == 44


def test_a_lone_fill_of_replay_may_be_one_that_live_could_not_have() -> None:
    replay = [fill(10), fill(20), fill(30), fill(40)]
    silences = [
        Silence(since=9 * SECOND_NS, until=21 * SECOND_NS, cause="held"),
        Silence(since=19 * SECOND_NS, until=21 * SECOND_NS, cause="data"),
    ]
    stays = [stay(0, 30)]
    found = compare(sides([], replay, live_stays=stays, silences=silences), WINDOW)
    assert [pair.cause for pair in found.pairs] == ["held", "data", "queue", "quotes"]
    assert found.parts["held"] == -replay[0].value2(MID2[0])


def test_funding_is_a_part_of_its_own() -> None:
    found = compare(sides([], [], funding=(-7, 5)), WINDOW)
    assert found.parts["funding"] == found.gap2 == -24


rows = st.lists(
    st.builds(
        fill,
        st.floats(0, 20),
        st.sampled_from([1, -1]),
        st.integers(990, 1_010),
        st.integers(1, 9),
        symbol=st.integers(0, 1),
        fee=st.integers(-5, 5),
        order=st.sampled_from("abc"),
    ),
    max_size=20,
)


@given(live=rows, replay=rows)
def test_parts_add_up_and_every_fill_stands_in_one_pair(
    live: list[Execution], replay: list[Execution]
) -> None:
    found = compare(sides(live, replay), WINDOW)
    assert sum(found.parts.values()) == found.gap2
    assert sum(p.live.size for p in found.pairs if p.live) == sum(one.size for one in live)
    assert sum(p.replay.size for p in found.pairs if p.replay) == sum(one.size for one in replay)
    whole = together([found, found])
    assert whole.gap2 == 2 * found.gap2 == sum(whole.parts.values())
