"""Synth plan — which synthetic markets are wanted, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from botmm.data.catalogue import read_tape, tape_path
from botmm.errors import DataError
from botmm.units import SECOND_NS, day_of, day_start

SYMBOLS = ("BTC", "ETH", "SOL", "XRP")
STREAMS = ("classic", "modern", "full")
MODELS = ("orders", "plain")
# A step is ten minutes of the market: a few tens of thousands of rows.
STEP_NS = 600 * SECOND_NS
_SAMPLE_DAY = date(2026, 1, 5)


class Tracker(Protocol):
    """What is told how far the work is."""

    def update(self, fraction: float, count: int) -> None:
        """Take the share done (0 to 1) and the rows so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthPlan:
    """Which markets to simulate, and where their tapes go."""

    store: Path
    symbols: tuple[str, ...] = ("BTC",)
    venue: str = "hyperliquid"
    start: int = day_start(_SAMPLE_DAY)
    length_ns: int = 2 * 3600 * SECOND_NS
    seed: int = 1
    streams: str = "classic"
    model: str = "orders"
    latency_ms: int | None = None
    truth: Path | None = None
    ghost_every_ms: int = 2000

    @property
    def end(self) -> int:
        """Return the first nanosecond that is not simulated."""
        return self.start + self.length_ns

    def market(self, symbol: str) -> dict[str, Any]:
        """Return what the core is asked to simulate; it identifies a tape."""
        wish: dict[str, Any] = {
            "symbol": symbol,
            "seed": self.seed,
            "start": self.start,
            "streams": self.streams,
        }
        if self.latency_ms is not None:
            wish["latency_ms"] = self.latency_ms
        if self.model != "orders":
            wish["model"] = self.model
        return wish

    def days(self) -> list[date]:
        """Return the UTC days that the plan has a part in."""
        first, last = day_of(self.start), day_of(self.end - 1)
        return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]

    def path(self, symbol: str, day: date) -> Path:
        """Return the tape of a symbol and day."""
        return tape_path(self.store, self.venue, symbol, day)

    def paths(self, symbol: str) -> list[Path]:
        """Return the tapes of a symbol, by day."""
        return [self.path(symbol, day) for day in self.days()]

    def meta(self, symbol: str, decimals: tuple[int, int], identity: str) -> dict[str, str]:
        """Return what a tape says of itself.

        Args:
            symbol: whose tape it is.
            decimals: of prices and sizes.
            identity: what two tapes share that hold the same rows.
        """
        full = self.streams == "full"
        how = "level by level" if self.model == "plain" else "order by order"
        return {
            "venue": self.venue,
            "symbol": symbol,
            "px_decimals": str(decimals[0]),
            "size_decimals": str(decimals[1]),
            "price_rule": "five_figures",
            "tier": "B" if full else "C",
            "window": "0" if full else "20",
            "inverse": "false",
            "clock_offset_ns": "0",
            "source": "synthetic",
            "source_format": "synth",
            "synthetic_market": identity,
            "note_synthetic": f"a market simulated {how}, seed {self.seed}; not a recording",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthTape:
    """One tape that was written."""

    path: Path
    symbol: str
    rows: int
    size_bytes: int

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "path": str(self.path),
            "symbol": self.symbol,
            "rows": self.rows,
            "bytes": self.size_bytes,
        }


@dataclass(slots=True)
class SynthOutcome:
    """What was written, and what was there already."""

    written: list[SynthTape] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    ghosts: int = 0


def is_made(path: Path, identity: str) -> bool:
    """Whether a tape is there and is the one of this identity.

    Raises:
        DataError: a recording is there, which nothing synthetic may replace, or a file that cannot be read.
    """
    if not path.exists():
        return False
    try:
        meta = read_tape(path).meta
    except DataError:
        if _is_synthetic(path):
            return False  # written by another version
        raise
    if meta.get("source") != "synthetic":
        raise DataError(
            f"{path}: holds a recording, which a synthetic market must not replace",
            cure="choose another --store, --venue or --date",
        )
    return meta.get("synthetic_market") == identity


def _is_synthetic(path: Path) -> bool:
    """Whether a file says that it is a synthetic tape, of whatever version."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        meta = pq.read_metadata(path).metadata or {}
    except pa.ArrowInvalid:
        return False
    return bool(meta.get(b"source") == b"synthetic")
