"""Hyperliquid — which of its streams are recorded, over how many sockets, and their names.

A name that the venue does not list closes the socket without a word, so names come from its metadata.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botmm.clock import Clock
from botmm.data.capture.kinds import Kind
from botmm.errors import VenueError
from botmm.exchanges.hyperliquid import subscriptions
from botmm.exchanges.hyperliquid.budgets import KEPT, WeightLedger, info_weight
from botmm.exchanges.hyperliquid.encode import Universe
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.hosts import Host
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.standing import document
from botmm.exchanges.hyperliquid.stream import Stream, StreamSpec
from botmm.observe.logging import logger
from botmm.record.recorder import Label, Line, Take
from botmm.record.space import Rank
from botmm.units import SECOND_NS

FRAME_MAX = 1 << 20
PING_NS = 30 * SECOND_NS
TRIES = 5


_log = logger(__name__)


async def listed(host: Host, wanted: Sequence[str], *, wait_s: float = 1.0) -> tuple[str, ...]:
    """Return the venue's own names of symbols as people write them.

    Raises:
        ConfigError: a name that is not listed; the cure suggests one that is.
        VenueError: the venue did not answer.
    """
    why = ""
    async with Rest(host, deadline_s=10.0) as rest:
        for number in range(TRIES):
            reply = await rest.post("/info", b'{"type":"meta"}')
            try:
                universe = Universe(document("meta", reply))
            except ReplyError as error:
                why = error.message
                _log.warning("no metadata", why=why)
                await asyncio.sleep(wait_s * 2**number if number < TRIES - 1 else 0.0)
                continue
            return tuple(dict.fromkeys(universe.resolve(text).name for text in wanted))
    raise VenueError(f"{host.base}: {why}", cure="check the network and --url, then try again")


@dataclass(slots=True)
class Socket:
    """One socket of the venue and what it carries."""

    name: str
    group: str
    spec: StreamSpec
    clock: Clock
    seed: int

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame is about; pongs are about nothing."""
        channel = subscriptions.channel_of(frame)
        if channel == "pong":
            return None
        name = subscriptions.name_of(channel, frame)
        kind, _, coin = name.partition(" ")
        if not coin:
            return Label("", channel or "?", Rank.TRADES)
        rank = Rank.TOUCH if self.group == "quick" else Rank.DEPTH
        return Label(coin, kind, Rank.TRADES if kind == "trades" else rank)

    def renew(self) -> None:
        """Go on: every frame of a book is whole."""

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        """Keep the socket up."""

        def taken(channel: str, frame: bytes) -> bool:
            take(frame)
            return True

        await Stream(self.spec, self.clock, seed=self.seed, take=taken, lost=lost).run()


@dataclass(slots=True)
class Poll:
    """Asks for books of 20 levels over HTTP, in turn, within the venue's weights."""

    name: str
    group: str
    host: Host
    coins: tuple[str, ...]
    every_s: float
    clock: Clock
    weights: WeightLedger

    def label(self, frame: bytes) -> Label | None:
        """Return whose book an answer is."""
        return Label(subscriptions.coin_of(frame), "polled", Rank.DEPTH)

    def renew(self) -> None:
        """Go on: every frame of a book is whole."""

    async def run(self, take: Take, lost: Callable[[str], None]) -> None:
        """Ask for ever; what the weights do not allow is left out."""
        async with Rest(self.host) as rest:
            while True:
                began = self.clock.monotonic()
                for coin in self.coins:
                    await self._ask(rest, coin, take, lost)
                left = self.every_s - (self.clock.monotonic() - began)
                await asyncio.sleep(max(left, 0.0))

    async def _ask(self, rest: Rest, coin: str, take: Take, lost: Callable[[str], None]) -> None:
        request = {"type": "l2Book", "coin": coin}
        weight, now = info_weight(request), round(self.clock.monotonic() * SECOND_NS)
        if not self.weights.may(weight, now, kept=KEPT):
            return
        self.weights.spend(weight, now)
        question = json.dumps(request, separators=(",", ":")).encode()
        reply = await rest.post("/info", question)
        if reply.status == 200 and reply.body and subscriptions.coin_of(reply.body) == coin:
            take(question + b"\n" + reply.body, Kind.ANSWER)
            return
        if reply.status == 429:
            self.weights.refused(now)
        lost(reply.why or f"HTTP {reply.status}")


def lines(
    host: Host,
    coins: tuple[str, ...],
    clock: Clock,
    *,
    deep: bool,
    redundant: bool,
    poll_s: float | None,
) -> list[Line]:
    """Return the connections that a recording of coins takes."""
    made: list[Line] = []
    seed = int(clock.now()) % 2**32
    groups = {"quick": "quick"}
    groups |= {"deep": "deep"} if deep else {}
    groups |= {"quick-2": "quick"} if redundant else {}
    for name, group in groups.items():
        wanted = (subscriptions.recorded if group == "quick" else subscriptions.recorded_deep)(
            coins
        )
        spec = StreamSpec(
            name=name,
            url=host.ws,
            subscriptions=wanted,
            silences={channel: subscriptions.silence_of(channel) for channel in wanted},
            size_max=FRAME_MAX,
            ping_ns=PING_NS,
        )
        made.append(Socket(name, group, spec, clock, seed + len(made)))
    if poll_s is not None:
        made.append(Poll("poll", "polled", host, coins, poll_s, clock, WeightLedger()))
    return made
