"""Live — a venue's public feed as the market of the local exchange: real prices, no real orders."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, WSMsgType

from botmm.clock import Clock
from botmm.core import CoreException
from botmm.errors import VenueError
from botmm.exchanges.emulator.coins import Coins, from_meta
from botmm.exchanges.emulator.desk import Desk
from botmm.observe.logging import logger

_KINDS: tuple[dict[str, Any], ...] = (
    {"type": "l2Book"},
    {"type": "l2Book", "fast": True},
    {"type": "bbo"},
    {"type": "trades"},
    {"type": "activeAssetCtx"},
)
_CHANNELS = {"l2Book", "bbo", "trades", "activeAssetCtx"}
_FRAME_BYTES_MAX = 1 << 20
_META_S = 10.0
_SILENCE_S = 15.0
_PING_S = 30.0
_BACKOFF_S = (1.0, 2.0, 5.0, 10.0)

_log = logger(__name__)


async def fetch_coins(base: str, names: tuple[str, ...]) -> Coins:
    """Return coins as a venue lists them now.

    Raises:
        VenueError: the venue does not answer.
        UsageError: a name that it does not list.
    """
    timeout = ClientTimeout(total=_META_S)
    try:
        async with (
            ClientSession(timeout=timeout) as session,
            session.post(f"{base}/info", json={"type": "meta"}) as reply,
        ):
            reply.raise_for_status()
            meta = await reply.json()
    except (ClientError, TimeoutError, ValueError) as error:
        raise VenueError(
            f"{base}: no list of coins: {str(error) or 'no answer'}",
            cure="check the address and the network; without --live the market is synthetic",
        ) from None
    return from_meta(meta, names)


class LiveFeed:
    """The public feed of a venue, read for ever."""

    def __init__(self, base: str, desk: Desk, clock: Clock) -> None:
        """Take where it comes from and where it goes."""
        self._url = "ws" + base.removeprefix("http") + "/ws"
        self._desk, self._clock = desk, clock
        self.frames = 0
        self.refused = 0

    async def run(self) -> None:
        """Connect and read, again after each loss."""
        losses = 0
        while True:
            before = self.frames
            try:
                await self._read()
            except (ClientError, TimeoutError, OSError) as error:
                _log.warning("live feed lost", url=self._url, error=str(error))
            losses = 0 if self.frames > before else losses + 1
            await asyncio.sleep(_BACKOFF_S[min(losses, len(_BACKOFF_S) - 1)])

    async def _read(self) -> None:
        async with (
            ClientSession() as session,
            session.ws_connect(self._url, max_msg_size=_FRAME_BYTES_MAX) as ws,
        ):
            for coin in self._desk.coins:
                for kind in _KINDS:
                    wanted = {"method": "subscribe", "subscription": {**kind, "coin": coin.name}}
                    await ws.send_json(wanted)
            pinged = self._clock.monotonic()
            while True:
                message = await ws.receive(timeout=_SILENCE_S)
                if message.type != WSMsgType.TEXT:
                    return
                self._take(message.data)
                if self._clock.monotonic() - pinged > _PING_S:
                    pinged = self._clock.monotonic()
                    await ws.send_json({"method": "ping"})

    def _take(self, text: str) -> None:
        """Hand a frame to the core; what it cannot read is counted and left out."""
        try:
            message = json.loads(text)
            if message["channel"] not in _CHANNELS:
                return
            data = message["data"]
            name = (data[0] if isinstance(data, list) else data)["coin"]
        except (ValueError, KeyError, TypeError, IndexError):
            self.refused += 1
            return
        coin = self._desk.coins.named(name)
        if coin is None:
            return
        try:
            self._desk.core.push_frame(coin.index, self._clock.now(), text.encode())
        except CoreException as error:
            self.refused += 1
            _log.warning("live frame refused", coin=name, error=str(error))
            return
        self.frames += 1
