"""Frames — verbatim messages of a venue, a line each, decoded by the core."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from botmm.data.importers import opening
from botmm.data.importers.base import TIME_NS_MAX, Batch, Scales, Tally
from botmm.errors import DataError

# Lines looked at to name a file's symbols; venues repeat every symbol within seconds.
_LOOK = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How lines of one kind look: who sent them and where the symbol stands."""

    name: str
    decoder: str
    venue: str
    about: str
    first_line: re.Pattern[bytes]
    symbol: re.Pattern[bytes]
    incremental: bool
    notes: dict[str, str] = field(default_factory=dict)


FORMATS = (
    Format(
        name="hl_archive",
        decoder="hl_archive",
        venue="hyperliquid",
        about="Hyperliquid's S3 archive: LZ4 files of l2Book lines",
        first_line=re.compile(rb'\{"time":\s*"\d{4}-[^{]*"raw":'),
        symbol=re.compile(rb'"coin":\s*"([^"]+)"'),
        incremental=False,
    ),
    Format(
        name="hl_ws_raw",
        decoder="hl_ws",
        venue="hyperliquid",
        about="verbatim Hyperliquid frames: `<receive ns> <json>` a line",
        first_line=re.compile(rb'\d{16,19} \{"channel":'),
        symbol=re.compile(rb'"coin":\s*"([^"]+)"'),
        incremental=False,
    ),
    Format(
        name="binance_ws_raw",
        decoder="binance",
        venue="binance",
        about="verbatim Binance streams: `<receive ns or us> <json>` a line",
        first_line=re.compile(rb'\d{16,19} \{\s*"(stream|e|u|lastUpdateId|result)":'),
        symbol=re.compile(rb'"s":\s*"([^"]+)"'),
        incremental=True,
    ),
    Format(
        name="bybit_archive",
        decoder="bybit",
        venue="bybit",
        about="Bybit's order book archive: ob500 and ob200 zips",
        first_line=re.compile(rb'\{"topic":\s*"(orderbook|publicTrade)\.'),
        symbol=re.compile(rb'"topic":\s*"(?:orderbook\.\d+|publicTrade)\.([^"]+)"'),
        incremental=True,
        notes={"clock": "venue's; the archive has no receive time"},
    ),
    Format(
        name="bybit_session",
        decoder="cryptofeed_bybit",
        venue="bybit",
        about="Bybit sessions in cryptofeed's format 2 (JSON lines)",
        first_line=re.compile(rb'\{"t":\s*"header",\s*"format":\s*2,\s*"exchange":\s*"BYBIT"'),
        symbol=re.compile(rb'\\"topic\\":\\"(?:orderbook\.\d+|publicTrade)\.(\w+)\\"'),
        incremental=True,
    ),
    Format(
        name="binance_session",
        decoder="cryptofeed_binance",
        venue="binance",
        about="Binance sessions, spot and USD-M, in cryptofeed's format 2 (JSON lines)",
        first_line=re.compile(
            rb'\{"t":\s*"header",\s*"format":\s*2,\s*"exchange":\s*"BINANCE(_FUTURES)?"'
        ),
        symbol=re.compile(rb'\\"s\\":\s*\\"(\w+)\\"'),
        incremental=True,
    ),
)

_INVERSE = re.compile(r"[A-Z0-9]+USD_(PERP|\d{6})")
_CONNECT = re.compile(rb'\{"t":"connect","conn":"([^"]+)".*?"addr":"([^"]+)"')
_CONN = re.compile(rb'"conn":"([^"]+)"')
_DEPTH_URL = re.compile(rb'"url":"[^"]*/depth\?symbol=(\w+)')
# Only the event of futures has these keys.
_FUTURES = re.compile(rb'\\?"pu\\?":|\\?"e\\?":\\?"bookTicker[^\n]*?\\?"T\\?":')
_DEPTH_TOPIC = re.compile(rb'orderbook\.(\d+)\.(\w+)[\\"]')

# Receive times of the wrappings, each with the decimals of a second that its digits lack.
_STAMPED = re.compile(rb"(\d{11,19}) ")
_ISO = re.compile(rb'\{"time":\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)Z?"')
_SECONDS = re.compile(rb'"ts":\s*(\d+)(?:\.(\d{1,9}))?')


def is_inverse(symbol: str) -> bool:
    """Whether a Binance symbol is settled in its base coin (COIN-M)."""
    return _INVERSE.fullmatch(symbol) is not None


@dataclass(slots=True)
class _Facts:
    """What the start of a file shows."""

    first_recv: int = 0
    symbols: set[bytes] = field(default_factory=set)
    depths: dict[bytes, int] = field(default_factory=dict)
    snapshot: bool = False
    futures: bool = False

    def see(self, block: bytes, kind: Format) -> None:
        """Take a block of whole lines."""
        self.first_recv = self.first_recv or _stamp(block[:4096].lstrip())
        self.symbols.update(kind.symbol.findall(block))
        self.depths |= {name: int(depth) for depth, name in _DEPTH_TOPIC.findall(block)}
        self.snapshot = self.snapshot or b"lastUpdateId" in block
        self.futures = self.futures or _FUTURES.search(block) is not None


@dataclass
class FrameSource:
    """One file of verbatim lines."""

    path: Path
    kind: Format
    venue_name: str | None = None
    _read: int = field(default=0, init=False)

    @property
    def format(self) -> str:
        """Return the format's name."""
        return self.kind.name

    @property
    def venue(self) -> str:
        """Return the venue's folder: Binance's three markets are apart."""
        if self.venue_name is not None:
            return self.venue_name
        if self.kind.venue != "binance":
            return self.kind.venue
        if any(is_inverse(symbol) for symbol in self.symbols()):
            return "binance-cm"
        return "binance" if self._facts.futures else "binance-spot"

    @property
    def incremental(self) -> bool:
        """Whether the book comes as changes."""
        return self.kind.incremental

    @property
    def starts_book(self) -> bool:
        """Whether it holds the snapshot that changes need; only Binance's stream sends none."""
        return self.kind.venue != "binance" or self._facts.snapshot

    @property
    def has_clock(self) -> bool:
        """Whether lines have a receive time; Bybit's archive has the venue's only."""
        return self.kind.decoder != "bybit"

    @property
    def rules(self) -> str:
        """Return whose habits the streams have."""
        return self.kind.venue

    @property
    def notes(self) -> dict[str, str]:
        """Return what the format says of its data."""
        return self.kind.notes

    @cached_property
    def _facts(self) -> _Facts:
        """Look at the start; damage after a symbol was named is found on reading."""
        facts, seen = _Facts(), 0
        with opening.Opened(self.path) as opened:
            blocks = opening.lines(opened)
            while seen < _LOOK:
                try:
                    block = next(blocks, b"")
                except DataError:
                    if not facts.symbols:
                        raise
                    break
                if not block:
                    break
                facts.see(block, self.kind)
                seen += len(block)
        return facts

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the file.

        Raises:
            DataError: no line names one.
        """
        found = sorted(name.decode("utf-8", "replace") for name in self._facts.symbols)
        if not found:
            raise DataError(
                f"{self.path}: no market data of {self.kind.name} in the file",
                cure="leave the file out",
            )
        return tuple(found)

    def window(self, symbol: str) -> int:
        """Return the levels a side that the book shows, 0 for all of them."""
        if self.kind.venue == "hyperliquid":
            return 20
        return self._facts.depths.get(symbol.encode(), 0)

    def first_recv(self, symbol: str) -> int:
        """Return the first receive time of the file."""
        return self._facts.first_recv

    def position(self) -> int:
        """Return the compressed bytes read so far."""
        return self._read

    def gaps(self, symbol: str) -> Sequence[tuple[int, int]]:
        """Return nothing: the format tells no gaps."""
        return ()

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield blocks of lines; see `Source`."""
        line = 1
        linear: set[bytes] = set()
        with opening.Opened(self.path) as opened:
            for block in opening.lines(opened):
                self._read = opened.position
                count = block.count(b"\n")
                last = _stamp(block[block.rstrip().rfind(b"\n") + 1 :])
                if self.kind.name == "bybit_session":
                    block = _only_linear(block, linear)
                elif self.kind.name == "binance_session":
                    block = _with_snapshots(block, symbol.encode())
                args = (self.kind.decoder, symbol, block, line)
                yield Batch(method="add_lines", args=args, last_recv=last, rows=count)
                line += count


def _only_linear(block: bytes, linear: set[bytes]) -> bytes:
    """Blank the lines of connections that are not Bybit's linear one; spot has the same topics."""
    linear.update(name for name, url in _CONNECT.findall(block) if url.endswith(b"/linear"))
    kept = []
    for text in block.split(b"\n"):
        conn = _CONN.search(text[:64])
        kept.append(text if conn is not None and conn[1] in linear else b"")
    return b"\n".join(kept)


def _with_snapshots(block: bytes, symbol: bytes) -> bytes:
    """Let the REST snapshots of a symbol pass as frames; their answers do not name it."""
    kept = []
    for text in block.split(b"\n"):
        url = _DEPTH_URL.search(text[:512]) if text.startswith(b'{"t":"http"') else None
        mine = url is not None and url[1] == symbol
        kept.append(text.replace(b'"t":"http"', b'"t":"recv"', 1) if mine else text)
    return b"\n".join(kept)


def _stamp(lines: bytes) -> int:
    """Return the receive time that stands first in lines, in Unix nanoseconds; 0 for none."""
    if (stamped := _STAMPED.match(lines)) is not None:
        return _nanos(int(stamped[1]))
    if (iso := _ISO.match(lines)) is not None:
        try:
            return int(np.datetime64(iso[1].decode(), "ns").astype(np.int64))
        except ValueError:
            return 0
    if (seconds := _SECONDS.search(lines)) is not None:
        whole, fraction = seconds[1], seconds[2] or b""
        return _nanos(int(whole + fraction.ljust(9, b"0") if fraction else whole))
    return 0


def _nanos(value: int) -> int:
    """Return a time in seconds or parts of it as nanoseconds; 0 for what can be no time."""
    for limit, factor in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3)):
        if value < limit:
            value *= factor
            break
    return value if value < TIME_NS_MAX else 0
