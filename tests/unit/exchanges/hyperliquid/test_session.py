"""Tests of proofs — an order in doubt is neither forgotten nor called dead too early."""

from __future__ import annotations

import json
from typing import Any

from botmm.exchanges.base import RawReply, SignedRequest
from botmm.exchanges.hyperliquid.answers import Answer
from botmm.exchanges.hyperliquid.encode import batches
from botmm.exchanges.hyperliquid.session import EXPIRES_MS, FENCES_MAX, GRACE_MS, Ask, Session
from tests.unit.exchanges.hyperliquid.listing import LISTING, cancel, cloid, ok, place

S = 1_000_000_000
SILENCE = RawReply(status=None, body=None, why="no answer in 2 s")
NEVER = ok(b'{"status":"unknownOid"}')
DONE = ok(b'{"status":"ok","response":{"type":"default"}}')
USED = ok(b'{"status":"err","response":"Invalid nonce: duplicate nonce 1000"}')
SENT_MS = 1_000
DEAD_MS = SENT_MS + EXPIRES_MS + GRACE_MS


def state(word: str, left: str = "0.002", **other: Any) -> RawReply:
    order = {"coin": "BTC", "cloid": cloid(1), "oid": 77, "sz": left, "origSz": "0.002"} | other
    return ok(json.dumps({"status": "order", "order": {"order": order, "status": word}}).encode())


def in_doubt(command: Any = None) -> Session:
    session = Session(LISTING)
    batch = batches([command or place(1)], LISTING)[0]
    request = SignedRequest(body=b"x", nonce=SENT_MS, expires_ms=SENT_MS + EXPIRES_MS)
    session.sent(batch, request)
    assert session.ask(0, cloid(1), 0, SENT_MS) is None or command is not None
    session.answered(SENT_MS, SILENCE)
    return session


def asked(session: Session, now_s: float, venue_ms: int | None, reply: RawReply) -> Answer | None:
    ask = session.ask(0, cloid(1), round(now_s * S), venue_ms)
    assert isinstance(ask, Ask)
    return session.status(ask, reply)


def word(answer: Answer | None) -> Any:
    return None if answer is None else answer.event()["answer"]


def test_silence_is_neither_placed_nor_refused() -> None:
    assert in_doubt().unproven == {cloid(1)}
    assert not in_doubt().settled


def test_unknown_to_the_venue_proves_nothing_before_the_request_expired() -> None:
    session = in_doubt()
    for second in range(1, 7):
        assert asked(session, second, SENT_MS + second * 1_000, NEVER) is None
    assert session.unproven == {cloid(1)}


def test_two_reads_a_second_apart_after_expiry_prove_that_nothing_was_placed() -> None:
    session = in_doubt()
    assert asked(session, 9.0, DEAD_MS + 1, NEVER) is None
    assert session.ask(0, cloid(1), round(9.9 * S), DEAD_MS + 900) is None
    assert word(asked(session, 10.0, DEAD_MS + 1_001, NEVER)) == {"Rejected": {"reason": "Lost"}}
    assert session.unproven == frozenset()


def test_the_venues_clock_counts_and_not_ours() -> None:
    session = in_doubt()
    for second in range(20, 90, 10):
        assert asked(session, second, DEAD_MS, NEVER) is None
        assert asked(session, second + 5, None, NEVER) is None


def test_an_order_that_shows_up_between_the_reads_is_adopted() -> None:
    session = in_doubt()
    assert asked(session, 9.0, DEAD_MS + 1, NEVER) is None
    answer = asked(session, 10.0, DEAD_MS + 1_001, state("open", "0.0005"))
    assert word(answer) == {"Resting": {"oid": 77, "left": 50}}
    assert answer is not None
    assert answer.filled == 150


def test_a_fence_that_was_accepted_needs_one_read_after_it() -> None:
    session = in_doubt()
    before = session.ask(0, cloid(1), 1 * S, SENT_MS)
    assert isinstance(before, Ask)
    assert session.fence(cloid(1), 1 * S, SENT_MS) == SENT_MS
    session.fenced(SENT_MS, DONE)
    # This one was asked before the fence stood.
    assert session.status(before, NEVER) is None
    assert word(asked(session, 2.0, SENT_MS, NEVER)) == {"Rejected": {"reason": "Lost"}}


def test_a_fence_that_was_refused_or_lost_proves_nothing() -> None:
    for reply in (USED, SILENCE, RawReply(status=502, body=b"")):
        session = in_doubt()
        assert session.fence(cloid(1), 1 * S, SENT_MS) == SENT_MS
        session.fenced(SENT_MS, reply)
        assert asked(session, 2.0, SENT_MS, NEVER) is None


def test_fences_are_few_and_none_is_sent_while_the_reply_may_come() -> None:
    session = Session(LISTING)
    request = SignedRequest(body=b"x", nonce=SENT_MS, expires_ms=SENT_MS + EXPIRES_MS)
    session.sent(batches([place(1)], LISTING)[0], request)
    assert session.fence(cloid(1), 0, None) is None
    session.answered(SENT_MS, SILENCE)
    sent = [session.fence(cloid(1), s * S, None) for s in range(60)]
    assert sum(nonce is not None for nonce in sent) == FENCES_MAX
    used = in_doubt()
    assert used.fence(cloid(1), 0, None) is not None
    used.fenced(SENT_MS, USED)
    assert used.fence(cloid(1), 9 * S, None) is None


def test_a_cancel_is_never_fenced() -> None:
    session = in_doubt(cancel(1))
    assert session.fence(cloid(1), 1 * S, SENT_MS) is None


def test_a_cancel_in_doubt_ends_with_the_orders_own_state() -> None:
    for reply, expected in (
        (state("open"), {"Resting": {"oid": 77, "left": 200}}),
        (state("canceled"), {"Cancelled": {"reason": "Asked", "left": 200}}),
        (state("filled", "0.0"), "Filled"),
        (state("scheduledCancel"), {"Cancelled": {"reason": "Scheduled", "left": 200}}),
        (state("nextYearsCanceled"), {"Cancelled": {"reason": "Venue", "left": 200}}),
        (state("badAloPxRejected"), {"Rejected": {"reason": {"WouldMatch": {"bid": 0, "ask": 0}}}}),
    ):
        assert word(asked(in_doubt(cancel(1)), 1.0, SENT_MS, reply)) == expected


def test_a_cancel_of_what_the_venue_does_not_know_is_over_after_two_reads() -> None:
    session = in_doubt(cancel(1))
    assert asked(session, 9.0, DEAD_MS + 1, NEVER) is None
    answer = asked(session, 10.0, DEAD_MS + 1_001, NEVER)
    assert word(answer) == {"Cancelled": {"reason": "Venue"}}


def test_the_placing_request_decides_when_a_cancelled_order_is_dead() -> None:
    session = in_doubt()
    batch = batches([cancel(1)], LISTING)[0]
    request = SignedRequest(body=b"y", nonce=SENT_MS + 1, expires_ms=1)
    session.sent(batch, request)
    session.answered(SENT_MS + 1, SILENCE)
    assert asked(session, 3.0, SENT_MS + 2_000, NEVER) is None
    assert asked(session, 5.0, SENT_MS + 4_000, NEVER) is None
    assert word(asked(session, 9.0, DEAD_MS + 1, NEVER)) is None
    assert word(asked(session, 11.0, DEAD_MS + 2_000, NEVER)) == {"Rejected": {"reason": "Lost"}}


def test_once_a_cancel_may_run_more_is_in_doubt_than_the_placing() -> None:
    session = in_doubt()
    assert session.placing(cloid(1))
    batch = batches([cancel(1), cancel(2)], LISTING)[0]
    session.sent(batch, SignedRequest(body=b"y", nonce=SENT_MS + 1, expires_ms=1))
    assert not session.placing(cloid(1))
    session.answered(SENT_MS + 1, SILENCE)
    assert not session.placing(cloid(1))


def test_replies_about_another_order_or_malformed_ones_prove_nothing() -> None:
    session = in_doubt()
    second = 10.0
    for reply in (
        state("open", cloid=cloid(2)),
        state("open", coin="ETH"),
        state("words of next year"),
        state("open", sz="NaN"),
        RawReply(status=502, body=NEVER.body),
        ok(b'{"status":"perhaps"}'),
    ):
        second += 2
        assert asked(session, second, DEAD_MS + round(second * 1_000), reply) is None
    assert session.unproven == {cloid(1)}


def test_a_doubt_from_elsewhere_is_taken_up_and_waits_as_long() -> None:
    session = Session(LISTING)
    assert asked(session, 1.0, SENT_MS, NEVER) is None
    assert asked(session, 3.0, SENT_MS + 2_000, NEVER) is None
    assert asked(session, 9.0, DEAD_MS + 1, NEVER) is None
    assert word(asked(session, 11.0, DEAD_MS + 2_000, NEVER)) == {"Cancelled": {"reason": "Venue"}}


def test_what_is_proven_is_forgotten() -> None:
    session = in_doubt()
    session.settle(cloid(1))
    assert session.settled
    assert session.unproven == frozenset()
    assert session.in_flight == 0
    assert not session._requests
