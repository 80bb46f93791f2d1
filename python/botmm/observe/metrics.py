"""Metrics — what a market maker is watched by, for Prometheus, on the loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_STATES = ("placing", "working", "canceling", "unknown")
_LATENCY_BUCKETS_S = (
    1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5,
)  # fmt: skip
_TOTALS = {
    "frames": "Frames of the venue's sockets.",
    "bad_frames": "Frames that could not be read.",
    "requests": "Requests to the venue.",
    "places": "Orders sent.",
    "cancels": "Cancels sent.",
    "given_up": "Commands given up.",
    "reconnects": "Connections made anew.",
    "foreign_orders": "Orders seen that are not ours.",
    "corrected_positions": "Positions corrected by the venue's.",
}
_NOW = {
    "equity_usd": "Equity.",
    "net_usd": "Profit of this run after fees and funding.",
    "account_value_usd": "The account's value as the venue tells it.",
    "ledger_difference_usd": "Own ledger less the venue's.",
    "budget_left": "Requests left of the address's budget.",
    "unknown_orders": "Orders whose fate is not proven.",
    "loop_lag_ms": "How late the loop's timer was.",
}
_PER_SYMBOL = {
    "position": "Position in coins.",
    "age_s": "Age of the freshest frame.",
    "net_usd": "Profit after fees and funding.",
    "fees_usd": "Fees paid.",
    "fills": "Fills of this run.",
    "volume_usd": "Volume traded in this run.",
}
_TODAY = {
    "fills": "Fills of the UTC day.",
    "volume_usd": "Volume of the UTC day.",
    "gross_usd": "Profit of the UTC day before fees and funding.",
    "fees_usd": "Fees paid on the UTC day.",
    "funding_usd": "Funding received on the UTC day.",
    "net_usd": "Profit of the UTC day.",
    "maker_share": "Share of the UTC day's fills that were maker's.",
    "fills_per_order": "Fills of the UTC day by orders placed.",
    "fills_per_hour": "Fills of the UTC day by hours quoted.",
}


@dataclass(slots=True)
class Metrics:
    """One registry; `update` takes the daemon's status as it is."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    decision_s: Histogram = field(init=False)
    _orders: Gauge = field(init=False)
    _now: dict[str, Gauge] = field(init=False)
    _per_symbol: dict[str, Gauge] = field(init=False)
    _today: dict[str, Gauge] = field(init=False)
    _totals: dict[str, Counter] = field(init=False)
    _last: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make every series."""
        at = self.registry
        self.decision_s = Histogram(
            "botmm_decision_seconds", "From a record to its commands.", registry=at,
            buckets=_LATENCY_BUCKETS_S,
        )  # fmt: skip
        self._orders = Gauge("botmm_orders", "Orders by state.", ["symbol", "state"], registry=at)
        self._now = {n: Gauge(f"botmm_{n}", words, registry=at) for n, words in _NOW.items()}
        self._per_symbol = {
            n: Gauge(f"botmm_symbol_{n}", words, ["symbol"], registry=at)
            for n, words in _PER_SYMBOL.items()
        }
        self._today = {
            n: Gauge(f"botmm_today_{n}", words, ["symbol"], registry=at)
            for n, words in _TODAY.items()
        }
        self._totals = {
            n: Counter(f"botmm_{n}", words, registry=at) for n, words in _TOTALS.items()
        }

    def update(self, status: Mapping[str, Any]) -> None:
        """Take in a status; what it does not know becomes NaN, never 0."""
        for name, gauge in self._now.items():
            gauge.set(_number(status.get(name)))
        for name, counter in self._totals.items():
            total = status.get(name)
            if total is not None:
                counter.inc(max(0, total - self._last.get(name, 0)))
                self._last[name] = total
        for row in status.get("today", ()):
            for name, gauge in self._today.items():
                gauge.labels(row["symbol"]).set(_number(row[name]))
        for row in status.get("symbols", ()):
            symbol = row["symbol"]
            for name, gauge in self._per_symbol.items():
                gauge.labels(symbol).set(_number(row.get(name)))
            states = [quote["state"] for quote in row.get("quotes", ())]
            for state in {*_STATES, *states}:
                self._orders.labels(symbol, state).set(states.count(state))

    def serve(self, port: int) -> Server:
        """Answer Prometheus on 127.0.0.1; port 0 takes a free one."""
        return serve(self.registry, port)


def serve(registry: CollectorRegistry, port: int) -> Server:
    """Answer Prometheus from a registry on 127.0.0.1; port 0 takes a free one."""
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    return Server(server, thread)


class Server:
    """The endpoint while it answers."""

    def __init__(self, server: Any, thread: Any) -> None:
        """Take what prometheus-client started."""
        self._server, self._thread = server, thread
        self.port: int = server.server_address[1]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
