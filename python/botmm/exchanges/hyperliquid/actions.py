"""Actions — what changes something at the venue: counted, signed, sent one way, and read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from botmm.clock import Clock
from botmm.exchanges.base import Instrument, RawReply, SignedRequest, Way
from botmm.exchanges.hyperliquid.answers import Answer, lost, unknown
from botmm.exchanges.hyperliquid.budgets import (
    KEPT,
    SHUT,
    AddressBudget,
    WeightLedger,
    action_weight,
)
from botmm.exchanges.hyperliquid.encode import Action, Batch, entries, noop
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.refusals import alarm, lowest_nonce
from botmm.exchanges.hyperliquid.replies import refusal
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.session import EXPIRES_MS, Session
from botmm.exchanges.hyperliquid.sign import Signer
from botmm.exchanges.hyperliquid.stream import Stream
from botmm.exchanges.hyperliquid.thrice import Thrice
from botmm.observe.logging import logger
from botmm.ports import Place
from botmm.units import MS_NS, SECOND_NS

AHEAD_MS = 86_400_000
"""The venue keeps no nonce further ahead of its time: one that it names so would void all ours."""
DOUBT_NS = 5 * SECOND_NS
"""How long a socket that lost an answer is passed over."""

_log = logger(__name__)


class Actions:
    """Sends signed actions through the account's socket, or by REST while that is doubtful."""

    def __init__(
        self,
        signer: Signer,
        nonces: Nonces,
        clock: Clock,
        *,
        rest: Rest,
        stream: Stream,
        weights: WeightLedger,
        address: AddressBudget,
        listing: Sequence[Instrument],
    ) -> None:
        """Take who signs, what counts and which ways there are."""
        self.session = Session(listing)
        self._signer, self._nonces, self._clock = signer, nonces, clock
        self._rest, self._stream = rest, stream
        self._weights, self._address = weights, address
        self._refusals, self._refused_to = Thrice(), 0
        self._doubted_until = 0
        self.complaint = ""
        self.disowned = asyncio.Event()
        """Set when the venue refused what signs, whatever it had signed."""
        self.distrust: Callable[[str], object] = lambda words: None
        """Told that the venue refuses our nonces again and again."""

    @property
    def way(self) -> Way:
        """Return how the next action travels; a socket that lost an answer is not trusted."""
        trusted = self._stream.up and self._monotonic() >= self._doubted_until
        return "ws" if trusted else "rest"

    async def trade(self, batch: Batch) -> list[Answer]:
        """Send orders or cancels; return what is proven of each. Never raises for a doubt."""
        kept = self._kept_back(batch)
        if kept:
            return [
                lost(c.symbol, c.cloid, kept)
                if isinstance(c, Place)
                else unknown(c.symbol, c.cloid, kept)
                for c in batch.commands
            ]
        signed = self._signed(batch.action)
        self.session.sent(batch, signed)
        reply = await self._once(batch.action, signed)
        reading = self.session.answered(signed.nonce, reply)
        return list(reading.answers)

    async def bare(self, action: Action) -> RawReply:
        """Send an action whose entries nobody keeps book of."""
        return await self._once(action, self._signed(action))

    async def fence(self, nonce: int) -> None:
        """Use up the nonce of a request, so that it can never run any more."""
        action = noop()
        signed = self._signer.sign(action, nonce=nonce, expires_ms=None)
        self.session.fenced(nonce, await self._send(action, signed))

    def _kept_back(self, batch: Batch) -> str:
        """Return why a batch must not be sent; empty where it may."""
        now, n = self._monotonic(), len(batch.commands)
        urgent = all(not isinstance(c, Place) or c.reduce_only for c in batch.commands)
        if not self._weights.may(action_weight(n), now, kept=0.0 if urgent else KEPT):
            return "our own limit of weight"
        if isinstance(batch.commands[0], Place):
            fits = self._address.may_place(n)
            left = self._address.left
            if not fits and not (urgent and left is not None and left >= n):
                return "the address budget is kept for cancels"
        elif not self._address.may_cancel(n, now):
            return "the address budget is used up: one request in ten seconds"
        return ""

    def _signed(self, action: Action) -> SignedRequest:
        now_ms = int(self._clock.now()) // MS_NS
        nonce = self._nonces.next(now_ms)
        return self._signer.sign(action, nonce=nonce, expires_ms=now_ms + EXPIRES_MS)

    async def _once(self, action: Action, signed: SignedRequest) -> RawReply:
        """Send what bears a nonce of its own: no refusal of such a nonce is as it should be."""
        reply = await self._send(action, signed)
        text = refusal(reply)
        if text is not None and alarm(text) == "nonce" and signed.nonce > self._refused_to:
            # Those that were on their way by then are refused for the same cause.
            self._refused_to = self._nonces.last
            if self._refusals.met(self._monotonic()):
                self.distrust(f"nonces are refused again and again: {text}")
            lowest = lowest_nonce(text)
            if lowest is not None and lowest <= int(self._clock.now()) // MS_NS + AHEAD_MS:
                self._nonces.jump(lowest)
        return reply

    async def _send(self, action: Action, signed: SignedRequest) -> RawReply:
        now, n = self._monotonic(), entries(action)
        self._weights.spend(action_weight(n), now)
        self._address.spend(n, now)
        if self.way == "ws":
            reply = await self._stream.post("action", signed.body, deadline_s=self._rest.deadline_s)
            if reply.status is None and reply.sent:
                self._doubted_until = self._monotonic() + DOUBT_NS
        else:
            reply = await self._rest.post("/exchange", signed.body)
        self._learn(reply)
        return reply

    def _learn(self, reply: RawReply) -> None:
        """Take from a reply what it says beyond its orders."""
        if reply.status in SHUT:
            self._weights.refused(self._monotonic())
        text = refusal(reply)
        if text is None:
            if reply.status != 200:
                self.complaint = reply.why or f"HTTP {reply.status}"
            return
        self.complaint, about = text, alarm(text)
        if about != "schedule":  # whoever sets the switch tells of it
            _log.warning("action refused", why=text)
        if about == "budget":
            self._address.exhausted()
        elif about == "signer":
            self.disowned.set()

    def _monotonic(self) -> int:
        return round(self._clock.monotonic() * SECOND_NS)
