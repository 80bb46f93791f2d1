"""Volumes — what the venue's own one-minute candles say was traded."""

from __future__ import annotations

import json

from botmm.errors import VenueError
from botmm.exchanges.hyperliquid.fields import ReplyError, required, units
from botmm.exchanges.hyperliquid.hosts import Host
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.standing import document
from botmm.units import MS_NS

MINUTE_MS = 60_000
CANDLES_MAX = 5_000
"""The venue keeps no more of an interval, and answers with no more."""


async def volumes(
    host: Host, coin: str, span_ns: tuple[int, int], size_decimals: int
) -> dict[int, int]:
    """Return lots by the start of each closed minute, in Unix nanoseconds, as the venue counts them.

    Raises:
        VenueError: no answer, or one that cannot be read.
    """
    first, last = (ns // MS_NS for ns in span_ns)
    wanted = {"coin": coin, "interval": "1m", "startTime": first, "endTime": last}
    question = json.dumps({"type": "candleSnapshot", "req": wanted}).encode()
    async with Rest(host, deadline_s=20.0) as rest:
        reply = await rest.post("/info", question)
    try:
        rows = document("candleSnapshot", reply)
        if not isinstance(rows, list) or len(rows) > CANDLES_MAX:
            raise ReplyError(f"candles are no list of at most {CANDLES_MAX}: {rows!r:.80}")
        return {
            required(row, "t", int) * MS_NS: units(row, "v", size_decimals)
            for row in rows
            if required(row, "t", int) + MINUTE_MS <= last
        }
    except ReplyError as error:
        raise VenueError(
            f"{host.base}: {error.message}",
            cure="check --url, or name a file of candles with --candles",
        ) from None
