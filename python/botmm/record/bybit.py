"""Bybit — linear order books, trades and tickers; a book starts with the snapshot that the socket sends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.record.names import named
from botmm.record.recorder import Label, Line
from botmm.record.socket import LostError, Socket, get_document
from botmm.record.space import Rank

REST = "https://api.bybit.com"
SOCKET = "wss://stream.bybit.com"
DEPTH = 200

_TOPIC = re.compile(rb'"topic":"(orderbook|publicTrade|tickers)\.(?:\d+\.)?(\w+)"')
_KIND = re.compile(rb'"type":"(snapshot|delta)"')
_UPDATE = re.compile(rb'"u":(\d+)')
_RANKS = {"orderbook": Rank.DEPTH, "publicTrade": Rank.TRADES, "tickers": Rank.TOUCH}


async def listed(rest: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the venue's own names of linear perpetuals.

    Raises:
        ConfigError: a name that is not listed.
        VenueError: the venue did not answer.
    """
    known: set[str] = set()
    cursor = ""
    for _ in range(20):
        url = f"{rest}/v5/market/instruments-info?category=linear&limit=1000"
        page = await get_document(url + (f"&cursor={quote(cursor)}" if cursor else ""))
        try:
            rows = page["result"]["list"]
            known |= {row["symbol"] for row in rows if row["status"] == "Trading"}
            cursor = page["result"].get("nextPageCursor") or ""
        except (KeyError, TypeError) as error:
            raise VenueError(f"{url}: no list of symbols: {error}", cure="check --url") from None
        if not cursor:
            break
    return named(wanted, known)


@dataclass(slots=True)
class Topics:
    """What the socket carries, and how far each book is."""

    symbols: tuple[str, ...]
    ping: str | None = '{"op":"ping"}'
    _last: dict[bytes, int] = field(default_factory=dict)

    @property
    def hello(self) -> tuple[str, ...]:
        """Return one subscription a symbol."""
        return tuple(
            json.dumps(
                {
                    "op": "subscribe",
                    "args": [f"orderbook.{DEPTH}.{name}", f"publicTrade.{name}", f"tickers.{name}"],
                }
            )
            for name in self.symbols
        )

    def label(self, frame: bytes) -> Label | None:
        """Return what a frame is about; pongs are about nothing."""
        found = _TOPIC.search(frame, 0, 200)
        if found is None:
            pong = b'"op":"ping"' in frame or b'"ret_msg":"pong"' in frame
            return None if pong else Label("", "?", Rank.TRADES)
        kind = found[1].decode()
        return Label(found[2].decode(), kind, _RANKS[kind])

    def begin(self) -> None:
        """Forget the books."""
        self._last.clear()

    def heard(self, frame: bytes) -> str | None:
        """Follow the numbers of changes.

        Raises:
            LostError: a subscription was refused, or a change is missing: a new one brings a snapshot.
        """
        found = _TOPIC.search(frame, 0, 200)
        if found is None:
            if b'"success":false' in frame:
                raise LostError(f"refused: {frame[:200].decode(errors='replace')}")
            return None
        kind, update = _KIND.search(frame), _UPDATE.search(frame)
        if found[1] != b"orderbook" or kind is None or update is None:
            return None
        symbol, number = found[2], int(update[1])
        if kind[1] == b"delta" and self._last.get(symbol) != number - 1 and number != 1:
            raise LostError(f"changes of {symbol.decode()} are missing before {number}")
        self._last[symbol] = number
        return None

    def answered(self, path: str, body: bytes) -> bool:
        """Return true: nothing is asked for."""
        return True


def lines(rest: str, socket: str, symbols: Sequence[str], clock: Clock) -> list[Line]:
    """Return the one connection that a recording takes."""
    topics = Topics(tuple(symbols))
    seed = int(clock.now()) % 2**32
    return [Socket("linear", "quick", f"{socket}/v5/public/linear", rest, topics, clock, seed)]
