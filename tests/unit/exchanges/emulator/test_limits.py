"""Limits — weights by request, the minute that slides, sockets and users."""

from __future__ import annotations

import pytest

from botmm.exchanges.emulator.limits import (
    MINUTE_NS,
    LimitNumbers,
    Limits,
    action_weight,
    info_weight,
    rows_weight,
)


@pytest.mark.parametrize(
    ("kind", "weight"),
    [("l2Book", 2), ("orderStatus", 2), ("userRole", 60), ("userFills", 20), (None, 20)],
)
def test_questions_weigh_what_the_venue_says(kind: object, weight: int) -> None:
    assert info_weight(kind) == weight


def test_rows_and_batches_weigh_more() -> None:
    assert rows_weight("userFills", [0] * 45) == 2
    assert rows_weight("candleSnapshot", [0] * 119) == 1
    assert rows_weight("meta", [0] * 100) == 0
    assert rows_weight("userFills", None) == 0
    assert [action_weight(n) for n in (1, 39, 40, 80)] == [1, 1, 2, 3]


def test_the_minute_slides() -> None:
    limits = Limits(LimitNumbers(weight_per_minute=40))
    assert limits.may_ask(0, 20)
    assert limits.may_ask(MINUTE_NS // 2, 20)
    assert not limits.may_ask(MINUTE_NS - 1, 1)
    assert limits.may_ask(MINUTE_NS, 20)
    assert not limits.may_ask(MINUTE_NS, 1)
    assert limits.refused == 2


def test_a_refusal_uses_nothing_up() -> None:
    limits = Limits(LimitNumbers(weight_per_minute=10))
    assert not limits.may_ask(0, 11)
    assert limits.may_ask(0, 10)


def test_sockets_are_few_at_once_and_few_a_minute() -> None:
    limits = Limits(LimitNumbers(sockets=1, new_sockets_per_minute=2))
    assert limits.may_connect(0)
    limits.sockets += 1
    assert not limits.may_connect(1)
    limits.sockets -= 1
    assert limits.may_connect(2)
    assert not limits.may_connect(3)
    assert limits.may_connect(MINUTE_NS)


def test_users_are_counted_once_and_leave_with_their_last_subscription() -> None:
    limits = Limits(LimitNumbers(users=1, subscriptions=3))
    assert limits.may_listen("0xa") == ""
    assert limits.may_listen("0xa") == ""
    assert limits.may_listen("0xb") == "Cannot track more than 1 total users."
    limits.stop_listening("0xa")
    assert limits.may_listen("0xb")
    limits.stop_listening("0xa")
    assert limits.may_listen("0xb") == ""
    assert limits.may_listen(None) == ""
    assert limits.may_listen(None) == ""
    assert limits.may_listen(None) == "Cannot track more than 3 subscriptions."
