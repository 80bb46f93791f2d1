"""Binance — USD-M depth, touch, trades and marks, with the snapshot that depth needs to start from.

A book starts where a snapshot lies within a change; each change names the last one before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.observe.logging import logger
from botmm.record.names import named
from botmm.record.recorder import Label, Line
from botmm.record.socket import Socket, get_document
from botmm.record.space import Rank

REST = "https://fapi.binance.com"
SOCKET = "wss://fstream.binance.com"
LEVELS = 1_000

_STREAM = re.compile(rb'\{"stream":"(\w+)@(\w+)')
_IDS = re.compile(rb'"U":(\d+),"u":(\d+),"pu":(\d+)')
_SNAPSHOT = re.compile(rb'"lastUpdateId":\s*(\d+)')
_RANKS = {"depth": Rank.DEPTH, "aggTrade": Rank.TRADES}
_log = logger(__name__)


async def listed(rest: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the venue's own names of perpetuals.

    Raises:
        ConfigError: a name that is not listed.
        VenueError: the venue did not answer.
    """
    url = f"{rest}/fapi/v1/exchangeInfo"
    found = await get_document(url)
    try:
        known = {row["symbol"] for row in found["symbols"] if row["status"] == "TRADING"}
    except (KeyError, TypeError) as error:
        raise VenueError(f"{url}: no list of symbols: {error}", cure="check --url") from None
    return named(wanted, known)


@dataclass(slots=True)
class _Book:
    """Where the changes of a symbol are; no snapshot is needed once one lies within them."""

    first: int | None = None
    last: int | None = None
    asked: bool = False


@dataclass(slots=True)
class Streams:
    """What one socket carries; only depth needs more than listening."""

    hello: tuple[str, ...] = ()
    ping: str | None = None
    _books: dict[str, _Book] = field(default_factory=dict)

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame or a snapshot is about."""
        if frame.startswith(b"GET "):
            symbol = frame.split(b"symbol=", 1)[1].split(b"&", 1)[0].decode()
            return Label(symbol, "snapshot", Rank.DEPTH)
        found = _STREAM.match(frame)
        if found is None:
            return Label("", "?", Rank.TRADES)
        kind = found[2].decode()
        return Label(found[1].decode().upper(), kind, _RANKS.get(kind, Rank.TOUCH))

    def begin(self) -> None:
        """Forget the books."""
        self._books.clear()

    def heard(self, frame: bytes) -> str | None:
        """Follow the numbers of changes; return the snapshot's path where a book has no start."""
        found = _STREAM.match(frame)
        if found is None or found[2] != b"depth":
            return None
        ids = _IDS.search(frame)
        if ids is None:
            return None
        symbol = found[1].decode().upper()
        first, last, before = (int(one) for one in ids.groups())
        book = self._books.get(symbol)
        if book is not None and before != book.last:
            _log.warning("depth is broken", symbol=symbol, expected=book.last, got=before)
            book = None
        if book is None:
            book = self._books[symbol] = _Book(first=first)
        book.last = last
        if book.asked:
            return None
        book.asked = True
        return f"/fapi/v1/depth?symbol={symbol}&limit={LEVELS}"

    def answered(self, path: str, body: bytes) -> bool:
        """Whether a snapshot is no older than the first change that was heard."""
        symbol = path.split("symbol=", 1)[1].split("&", 1)[0]
        book = self._books.get(symbol)
        if book is None or book.first is None:
            return True
        number = _SNAPSHOT.search(body)
        return number is not None and int(number[1]) >= book.first


def lines(rest: str, socket: str, symbols: Sequence[str], clock: Clock) -> list[Line]:
    """Return the connections that a recording takes: the venue splits streams over two paths."""
    wanted = {
        ("public", "quick"): ("depth@100ms", "bookTicker"),
        ("market", "trades"): ("aggTrade", "markPrice@1s"),
    }
    seed = int(clock.now()) % 2**32
    made: list[Line] = []
    for (path, group), kinds in wanted.items():
        streams = "/".join(f"{name.lower()}@{kind}" for name in symbols for kind in kinds)
        url = f"{socket}/{path}/stream?streams={streams}"
        made.append(Socket(path, group, url, rest, Streams(), clock, seed + len(made)))
    return made
