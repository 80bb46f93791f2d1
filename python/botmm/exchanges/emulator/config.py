"""Config — what a local exchange is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botmm.errors import UsageError
from botmm.exchanges.emulator.faults import FaultPlan
from botmm.exchanges.emulator.limits import LimitNumbers

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DEFAULT_PORT = 3001


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """One local exchange; the market is synthetic where neither tapes nor a live feed are named."""

    symbols: tuple[str, ...] = ("BTC", "ETH", "SOL")
    host: str = "127.0.0.1"
    # 0 lets the system choose one.
    port: int = 0
    speed: float = 1.0
    seed: int = 1
    # Tapes by symbol, played from their first row on.
    tapes: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    # Base address of a venue whose public feed is played.
    live: str | None = None
    accounts: int = 3
    deposit_usd: int = 10_000
    block_ns: int = 70_000_000
    # How long actions are on their way to the exchange, and replies back.
    entry_ms: int = 0
    response_ms: int = 0
    queue: str = "qpn"
    # Numbers of the core's rules that differ from the venue's.
    rules: Mapping[str, Any] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    # More of a synthetic market, as {"BTC": {"price": 60000.0}}.
    synthetic: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: LimitNumbers = field(default_factory=LimitNumbers)
    # Whether refusals name the asset, as on the wire.
    asset_suffix: bool = True
    faults: FaultPlan = field(default_factory=FaultPlan)
    # Restored from at start if it is there, saved to at the end.
    state: Path | None = None
    # Simulated before the first client comes, so that there are trades and candles.
    warm_up_s: int = 5_400

    def checked(self) -> EmulatorConfig:
        """Return the same config.

        Raises:
            UsageError: a value that cannot be, or another address than loopback.
        """
        if self.host not in LOOPBACK:
            raise UsageError(
                f"the local exchange does not listen on {self.host}",
                cure="it has public keys and takes control requests: use 127.0.0.1",
            )
        if not self.symbols:
            raise UsageError("a local exchange needs a symbol")
        if not 0.01 <= self.speed <= 10_000:
            raise UsageError(f"speed {self.speed:g}: must be between 0.01 and 10,000")
        if self.live is not None and (self.tapes or self.speed != 1.0):
            raise UsageError("a live feed is played at speed 1 and without tapes")
        missing = [symbol for symbol in self.symbols if self.tapes and symbol not in self.tapes]
        if missing:
            raise UsageError(f"no tape of {', '.join(missing)}")
        return self

    def source(self, symbol: str) -> dict[str, Any]:
        """Return where the core takes a coin's market from."""
        if self.live is not None:
            return {"kind": "pushed"}
        if self.tapes:
            return {"kind": "tape", "paths": [str(path) for path in self.tapes[symbol]]}
        return {"kind": "synthetic", **self.synthetic.get(symbol, {})}
