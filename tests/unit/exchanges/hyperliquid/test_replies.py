"""Tests of replies — per item, and unknown wherever nothing is proven."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.replies import done, read, refusal
from tests.unit.exchanges.hyperliquid.listing import LISTING, cancel, cloid, ok, place

BBO = "Post only order would have immediately matched, bbo was 50000.0@50001.0. asset=0"


def statuses(*rows: Any, kind: str = "order") -> RawReply:
    response = {"type": kind, "data": {"statuses": list(rows)}}
    return ok(json.dumps({"status": "ok", "response": response}).encode())


def whole(text: str) -> RawReply:
    return ok(json.dumps({"status": "err", "response": text}).encode())


def told(reply: RawReply, *commands: Any, resent: bool = False) -> list[Any]:
    answers = read(reply, commands, LISTING, resent=resent).answers
    return [answer.event()["answer"] for answer in answers]


def test_a_mixed_batch_is_read_item_by_item() -> None:
    reply = statuses(
        {"resting": {"oid": 9}},
        {"filled": {"totalSz": "0.002", "avgPx": "50000", "oid": 10}},
        {"error": BBO},
        {"error": "Insufficient margin to place order. asset=0"},
        {"error": "words of next year"},
    )
    assert told(reply, *[place(n) for n in range(5)]) == [
        {"Resting": {"oid": 9, "left": 200}},
        "Filled",
        {"Rejected": {"reason": {"WouldMatch": {"bid": 500_000, "ask": 500_010}}}},
        {"Rejected": {"reason": "Margin"}},
        {"Rejected": {"reason": "Other"}},
    ]


def test_the_rest_of_a_gtc_order_rests_and_that_of_an_ioc_is_gone() -> None:
    reply = statuses({"filled": {"totalSz": "0.0005", "avgPx": "50000", "oid": 10}})
    assert told(reply, place(tif="gtc")) == [{"Resting": {"oid": 10, "left": 150}}]
    assert told(reply, place(tif="ioc")) == [{"Cancelled": {"reason": "Venue", "left": 150}}]


def test_an_answer_that_names_another_order_proves_nothing() -> None:
    assert told(statuses({"resting": {"oid": 9, "cloid": cloid(99)}}), place()) == ["Unknown"]
    too_much = {"filled": {"totalSz": "9", "avgPx": "50000", "oid": 10}}
    assert told(statuses(too_much), place()) == ["Unknown"]


def test_cancels_are_told_from_those_that_came_too_late() -> None:
    gone = {"error": "Order was never placed, already canceled, or filled. asset=0"}
    reply = statuses("success", gone, {"error": "?"}, kind="cancel")
    assert told(reply, cancel(1), cancel(2), cancel(3)) == [
        {"Cancelled": {"reason": "Asked"}},
        "CancelRefused",
        "Unknown",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        RawReply(status=None, body=None, why="no answer in 2 s"),
        RawReply(status=502, body=b"<html>nginx</html>"),
        RawReply(status=429, body=b"null"),
        RawReply(status=422, body=b"Failed to deserialize"),
        ok(b""),
        ok(b"<html></html>"),
        ok(b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting"'),
        ok(b'{"status":"ok","status":"err","response":"x"}'),
        ok(b'{"status":"ok","response":{"type":"default"}}'),
        ok(b"null"),
        statuses({"resting": {"oid": 1}}),
        statuses(*[{"resting": {"oid": 1}}] * 3),
        statuses({"resting": {"oid": 1}}, {"resting": {"oid": 2}}, kind="cancel"),
        whole("Invalid nonce: duplicate nonce 5"),
        whole("words of next year"),
    ],
)
def test_what_is_not_proven_is_unknown_for_each(reply: RawReply) -> None:
    assert told(reply, place(1), place(2)) == ["Unknown", "Unknown"]


def test_a_whole_action_refused_before_it_ran_refuses_each_order() -> None:
    for text, reason in (
        ("Too many cumulative requests sent (9 > 8)", "Other"),
        ("Action already expired", "Other"),
        ("User or API Wallet 0xab does not exist.", "Other"),
        ("Order must have minimum value of $10.", "Invalid"),
    ):
        assert told(whole(text), place(1), place(2)) == [{"Rejected": {"reason": reason}}] * 2
        assert told(whole(text), cancel(1)) == ["Unknown"]


def test_a_refusal_of_the_second_copy_says_nothing_of_the_first() -> None:
    assert told(whole("Action already expired"), place(), resent=True) == ["Unknown"]


def test_what_never_left_was_never_placed() -> None:
    reply = RawReply(status=None, body=None, why="no connection", sent=False)
    assert told(reply, place()) == [{"Rejected": {"reason": "Lost"}}]
    assert told(reply, place(), resent=True) == ["Unknown"]
    assert told(reply, cancel()) == ["Unknown"]


@given(st.binary(max_size=200), st.integers(100, 599) | st.none())
def test_bytes_of_any_kind_never_prove_a_fate(body: bytes, status: int | None) -> None:
    assert told(RawReply(status=status, body=body), place()) == ["Unknown"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resting", "filled", "error", "oid", "totalSz", "cloid"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_an_entry_of_any_shape_is_read_or_unknown(entry: Any) -> None:
    answer = told(statuses(entry), place())[0]
    proven = (
        isinstance(entry, dict) and len(entry) == 1 and set(entry) <= {"resting", "filled", "error"}
    )
    assert proven or answer == "Unknown"


def test_actions_without_entries() -> None:
    assert done(ok(b'{"status":"ok","response":{"type":"default"}}'))
    assert not done(whole("Invalid nonce: duplicate nonce 5"))
    assert not done(RawReply(status=502, body=b'{"status":"ok","response":{"type":"default"}}'))
    assert refusal(whole("words")) == "words"
    assert refusal(RawReply(status=None, body=None)) is None
