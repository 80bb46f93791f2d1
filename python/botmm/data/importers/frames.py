"""Frames — verbatim messages of a venue, a line each, decoded by the core."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from botmm.data.importers import opening
from botmm.data.importers.base import Batch, Scales, Tally
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
)

_INVERSE = re.compile(r"[A-Z0-9]+USD_(PERP|\d{6})")
_CONNECT = re.compile(rb'\{"t":"connect","conn":"([^"]+)".*?"addr":"([^"]+)"')
_CONN = re.compile(rb'"conn":"([^"]+)"')


def is_inverse(symbol: str) -> bool:
    """Whether a Binance symbol is settled in its base coin (COIN-M)."""
    return _INVERSE.fullmatch(symbol) is not None


@dataclass
class FrameSource:
    """One file of verbatim lines."""

    path: Path
    kind: Format
    venue_name: str | None = None
    touch_only: bool = False
    _read: int = field(default=0, init=False)

    @property
    def format(self) -> str:
        """Return the format's name."""
        return self.kind.name

    @cached_property
    def venue(self) -> str:
        """Return the venue's folder: Binance's three markets are apart."""
        if self.venue_name is not None:
            return self.venue_name
        if self.kind.name != "binance_ws_raw":
            return self.kind.venue
        look = self._look
        if any(is_inverse(symbol) for symbol in self.symbols()):
            return "binance-cm"
        futures = b'"pu":' in look or b'"T":' in (_first(rb'"e":"bookTicker"[^\n]*', look) or b"")
        return "binance" if futures else "binance-spot"

    @property
    def lane(self) -> str:
        """Return one lane: lines are in order of delivery already."""
        return "frames"

    @property
    def incremental(self) -> bool:
        """Whether the book comes as changes that can be used."""
        return self.kind.incremental and not self.touch_only

    @property
    def rules(self) -> str:
        """Return whose habits the streams have; without a snapshot, only the touch counts."""
        return "other" if self.touch_only else self.kind.venue

    @property
    def notes(self) -> dict[str, str]:
        """Return what the format says of its data."""
        if self.touch_only:
            why = "no snapshot to start the book from: touch and trades only"
            return self.kind.notes | {"book": why}
        return self.kind.notes

    @cached_property
    def _look(self) -> bytes:
        """Return the start of the file, whole lines."""
        parts: list[bytes] = []
        with opening.Opened(self.path) as opened:
            for block in opening.lines(opened):
                parts.append(block)
                if sum(map(len, parts)) >= _LOOK:
                    break
        return b"".join(parts)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the file.

        Raises:
            DataError: no line names one.
        """
        found = sorted({name.decode() for name in self.kind.symbol.findall(self._look)})
        if not found:
            raise DataError(f"{self.path}: no market data of {self.kind.name} in the file")
        return tuple(found)

    def window(self, symbol: str) -> int:
        """Return the levels a side that the book shows, 0 for all of them."""
        if self.kind.venue == "hyperliquid":
            return 20
        topic = re.compile(rb"orderbook\.(\d+)\." + symbol.encode() + rb'[\\"]')
        found = topic.search(self._look)
        return 0 if found is None else int(found[1])

    def has_snapshot(self) -> bool:
        """Whether a Binance file holds the snapshot that its changes need."""
        return b'"lastUpdateId"' in self._look

    def first_recv(self, symbol: str) -> int:
        """Return a number that orders files: the first digits of a receive time, or a date."""
        line = self._look[:400]
        stamp = re.match(rb"(\d{16,19}) ", line)
        if stamp is not None:
            return int(stamp[1].ljust(19, b"0"))
        iso = re.match(rb'\{"time":\s*"([0-9T:.-]+)"', line)
        if iso is not None:
            import numpy as np

            moment = np.datetime64(iso[1].decode(), "ns")
            return int(moment.astype(np.int64))
        other = re.search(rb'"ts":\s*(\d+)', self._look)
        return 0 if other is None else int(other[1])

    def position(self) -> int:
        """Return the compressed bytes read so far."""
        return self._read

    def batches(self, symbol: str, scales: Scales, tally: Tally) -> Iterator[Batch]:
        """Yield blocks of lines; see `Source`."""
        line = 1
        linear: set[bytes] = set()
        with opening.Opened(self.path) as opened:
            for block in opening.lines(opened):
                self._read = opened.position
                count = block.count(b"\n")
                if self.kind.decoder.startswith("cryptofeed"):
                    block = _only_linear(block, linear)
                args = (self.kind.decoder, symbol, block, line)
                yield Batch(method="add_lines", args=args, last_recv=0, rows=count)
                line += count


def _only_linear(block: bytes, linear: set[bytes]) -> bytes:
    """Blank the lines of connections that are not Bybit's linear one; spot has the same topics."""
    linear.update(name for name, url in _CONNECT.findall(block) if url.endswith(b"/linear"))
    kept = []
    for text in block.split(b"\n"):
        conn = _CONN.search(text[:64])
        kept.append(text if conn is not None and conn[1] in linear else b"")
    return b"\n".join(kept)


def _first(pattern: bytes, data: bytes) -> bytes | None:
    found = re.search(pattern, data)
    return None if found is None else found[0]
