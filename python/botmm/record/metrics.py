"""Metrics — what a recorder is watched by, for Prometheus, on the loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from botmm.observe.metrics import Server, serve

_NOW = {
    "records": "Records of this run.",
    "written_bytes": "Bytes written to segments.",
    "bytes_a_day": "Bytes a day at the mean rate of this run.",
    "pending_bytes": "Bytes in memory that wait for the disk.",
    "lost_records": "Records that memory had no room for.",
    "gaps": "Gap records of this run.",
    "free_bytes": "Free space of the disk.",
}
_OF_A_STREAM = {
    "frames": "Frames of this run.",
    "rate": "Frames a second.",
    "age_s": "Seconds since the last frame.",
}


@dataclass(slots=True)
class Metrics:
    """One registry; `update` takes the recorder's status as it is."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _now: dict[str, Gauge] = field(init=False)
    _streams: dict[str, Gauge] = field(init=False)
    _failing: Gauge = field(init=False)

    def __post_init__(self) -> None:
        """Make every series."""
        at = self.registry
        self._now = {n: Gauge(f"botmm_recorder_{n}", w, registry=at) for n, w in _NOW.items()}
        self._streams = {
            n: Gauge(f"botmm_recorder_stream_{n}", w, ["symbol", "channel"], registry=at)
            for n, w in _OF_A_STREAM.items()
        }
        self._failing = Gauge("botmm_recorder_failing", "1 while nothing is written.", registry=at)

    def update(self, status: Mapping[str, Any]) -> None:
        """Take in a status."""
        for name, gauge in self._now.items():
            gauge.set(status[name])
        self._failing.set(bool(status["failure"]))
        for row in status["streams"]:
            for name, gauge in self._streams.items():
                gauge.labels(row["symbol"], row["channel"]).set(row[name])

    def serve(self, port: int) -> Server:
        """Answer Prometheus on 127.0.0.1; port 0 takes a free one."""
        return serve(self.registry, port)
