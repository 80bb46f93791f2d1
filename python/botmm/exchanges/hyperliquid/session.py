"""Session — which request carries which orders, and how an unknown fate is proven.

No sockets and no clock: whoever has them sends what `wants` names and brings back what came.

An order is placed when the venue says so under its id. It was not placed when the venue has never
heard of it in two reads a second apart, both asked after the venue's own time passed the request's
expiry by three seconds; or in one read asked after a `noop` took the request's nonce, so that the
request can never run. Nothing else proves it: no timeout, no error status, no absence from a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botmm.exchanges.base import Instrument, RawReply, SignedRequest
from botmm.exchanges.hyperliquid.answers import Answer, lost
from botmm.exchanges.hyperliquid.encode import Batch
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.replies import Reading, done, read, refusal
from botmm.exchanges.hyperliquid.statuses import read_status
from botmm.ports import Place
from botmm.units import SECOND_NS

EXPIRES_MS = 4_000
"""How long a request may wait at the venue: it is refused as expired after that."""
GRACE_MS = 3_000
SPACING_NS = SECOND_NS
VOID_MS = EXPIRES_MS + GRACE_MS
"""How long after it was signed a request can be executed no more, by the venue's time."""
FENCES_MAX = 3
FENCE_EVERY_NS = 2 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Wanted: the venue's record of one order; its reply goes to `status`, with this.

    It keeps when it was asked, on our clock and on the venue's, and whether a fence stood then.
    """

    symbol: int
    cloid: str
    asked_ns: int
    venue_ms: int | None
    fenced: bool

    def request(self, user: str) -> dict[str, Any]:
        """Return the question for an account."""
        return {"type": "orderStatus", "user": user, "oid": self.cloid}


@dataclass(slots=True, kw_only=True)
class _Request:
    """One request that was sent, for as long as something of it is to be proven."""

    batch: Batch
    expires_ms: int
    waiting: bool = True
    copies: int = 1
    fences: int = 0
    fence_ns: int = 0
    void: bool = False

    @property
    def places(self) -> bool:
        return isinstance(self.batch.commands[0], Place)

    def names(self, cloid: str) -> bool:
        return any(command.cloid == cloid for command in self.batch.commands)


@dataclass(slots=True, kw_only=True)
class _Proof:
    """One order in doubt; `nonce` is that of the request which placed it, where it is kept."""

    symbol: int
    nonce: int | None
    dead_ms: int | None
    unheard_ns: int | None = None
    asked_ns: int | None = None
    withdrawn: bool = False
    """Whether a cancel of it may have run."""


@dataclass(slots=True)
class Session:
    """The book-keeping of requests; `listing` is the instrument of each symbol index."""

    listing: Sequence[Instrument]
    _requests: dict[int, _Request] = field(default_factory=dict)
    _proofs: dict[str, _Proof] = field(default_factory=dict)

    @property
    def in_flight(self) -> int:
        """Return how many requests wait for a reply."""
        return sum(request.waiting for request in self._requests.values())

    @property
    def settled(self) -> bool:
        """Whether nothing that was sent can be executed from now on."""
        return not self.in_flight and not self._proofs

    @property
    def unproven(self) -> frozenset[str]:
        """Return the orders whose fate is not proven."""
        return frozenset(self._proofs)

    def sent(self, batch: Batch, signed: SignedRequest) -> None:
        """Note that a request leaves, before it does; the same bytes again are a resend.

        Raises:
            ValueError: it never expires, so that nothing could prove that it did not run.
        """
        known = self._requests.get(signed.nonce)
        if known is not None:
            known.copies += 1
            known.waiting = True
            return
        if signed.expires_ms is None:
            raise ValueError("a request without an expiry")
        self._requests[signed.nonce] = _Request(batch=batch, expires_ms=signed.expires_ms)

    def answered(self, nonce: int, reply: RawReply) -> Reading:
        """Return what a reply proves, or the lack of one."""
        request = self._requests[nonce]
        request.waiting = False
        reading = read(reply, request.batch.commands, self.listing, resent=request.copies > 1)
        for answer in reading.answers:
            if answer.word in ("unknown", "cancel_refused"):
                proof = self._open(answer.symbol, answer.cloid, request.expires_ms)
                proof.withdrawn |= not request.places
            elif request.places or answer.word == "cancelled":
                self._proofs.pop(answer.cloid, None)
        self._forget()
        return reading

    def fence(self, cloid: str, now_ns: int, venue_ms: int | None) -> int | None:
        """Return the nonce that a `noop` should use up now, so that the order cannot be placed."""
        nonce, request = self._placing(cloid)
        if request is None or request.waiting or request.void or request.fences >= FENCES_MAX:
            return None
        if cloid not in self._proofs or now_ns < request.fence_ns:
            return None
        if venue_ms is not None and venue_ms > request.expires_ms + GRACE_MS:
            return None
        request.fences += 1
        request.fence_ns = now_ns + FENCE_EVERY_NS
        return nonce

    def fenced(self, nonce: int, reply: RawReply) -> None:
        """Take the reply to a fence: accepted, the nonce's request can never run any more."""
        request = self._requests.get(nonce)
        if request is None:
            return
        if done(reply):
            request.void = True
        elif refusal(reply) is not None:
            # The nonce was used before: more fences say nothing new.
            request.fences = FENCES_MAX

    def placing(self, cloid: str) -> bool:
        """Whether all that is in doubt about an order is whether it was ever placed."""
        proof = self._proofs.get(cloid)
        if proof is None or proof.nonce is None or proof.withdrawn:
            return False
        requests = self._requests.values()
        return not any(one.waiting and not one.places and one.names(cloid) for one in requests)

    def ask(self, symbol: int, cloid: str, now_ns: int, venue_ms: int | None) -> Ask | None:
        """Return the question after an order; None while its request waits, or too soon after another.

        Args:
            symbol, cloid: the order; doubts from elsewhere are taken up here.
            now_ns: a clock that never runs back.
            venue_ms: the latest time that the venue itself has stated; None for none.
        """
        _, request = self._placing(cloid)
        if request is not None and request.waiting:
            return None
        expires = None if venue_ms is None else venue_ms + EXPIRES_MS
        proof = self._open(symbol, cloid, expires)
        if proof.asked_ns is not None and now_ns - proof.asked_ns < SPACING_NS:
            return None
        proof.asked_ns = now_ns
        if proof.dead_ms is None and expires is not None:
            proof.dead_ms = expires + GRACE_MS
        return Ask(
            symbol=symbol,
            cloid=cloid,
            asked_ns=now_ns,
            venue_ms=venue_ms,
            fenced=request is not None and request.void,
        )

    def status(self, ask: Ask, reply: RawReply) -> Answer | None:
        """Return what the venue's record of an order proves; see the head of the module."""
        proof = self._proofs.get(ask.cloid)
        if proof is None:
            return None
        try:
            answer = read_status(reply, ask.symbol, ask.cloid, self.listing[ask.symbol])
        except ReplyError:
            return None
        if answer is None:
            answer = self._unheard(ask, proof)
        if answer is not None:
            self.settle(ask.cloid)
        return answer

    def settle(self, cloid: str) -> None:
        """Drop the question of an order whose fate is told."""
        self._proofs.pop(cloid, None)
        self._forget()

    def _placing(self, cloid: str) -> tuple[int | None, _Request | None]:
        """Return the kept request that places an order."""
        for nonce, request in self._requests.items():
            if request.places and request.names(cloid):
                return nonce, request
        return None, None

    def _open(self, symbol: int, cloid: str, expires_ms: int | None) -> _Proof:
        """Return the proof of an order, begun if there was none; placing decides when it died."""
        nonce, placing = self._placing(cloid)
        if placing is not None:
            expires_ms = placing.expires_ms
        dead = None if expires_ms is None else expires_ms + GRACE_MS
        return self._proofs.setdefault(cloid, _Proof(symbol=symbol, nonce=nonce, dead_ms=dead))

    def _unheard(self, ask: Ask, proof: _Proof) -> Answer | None:
        """Return the proof that the venue does not have an order, if this read completes it."""
        if ask.fenced:
            return self._absent(ask, proof, "its nonce was used up before it ran")
        if proof.dead_ms is None or ask.venue_ms is None or ask.venue_ms <= proof.dead_ms:
            return None
        if proof.unheard_ns is None:
            proof.unheard_ns = ask.asked_ns
            return None
        if ask.asked_ns - proof.unheard_ns < SPACING_NS:
            return None
        return self._absent(ask, proof, "unknown to the venue after it expired")

    def _absent(self, ask: Ask, proof: _Proof, text: str) -> Answer:
        if proof.nonce is not None:
            return lost(ask.symbol, ask.cloid, text)
        return Answer(
            symbol=ask.symbol, cloid=ask.cloid, word="cancelled", reason="venue", text=text
        )

    def _forget(self) -> None:
        """Drop requests that are answered and of which nothing is left to prove."""
        needed = {proof.nonce for proof in self._proofs.values()}
        for nonce in [n for n, r in self._requests.items() if not r.waiting and n not in needed]:
            del self._requests[nonce]
