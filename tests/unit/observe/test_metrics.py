"""Metrics tests — Prometheus reads on the loopback what the status says; unknown is not 0."""

from __future__ import annotations

import math
import urllib.request

from botmm.live.days import shown
from botmm.observe.metrics import Metrics
from botmm.store.rows import Bucket

STATUS = {
    "equity_usd": 12.5, "ledger_difference_usd": None, "reconnects": 2, "frames": 100,
    "symbols": [{
        "symbol": "BTC", "position": "-0.25", "fills": 3, "age_s": 0.5,
        "quotes": [{"state": "working"}, {"state": "working"}],
    }],
}  # fmt: skip


def test_values_follow_the_status():
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    metrics.update(STATUS)
    metrics.update(STATUS | {"reconnects": 5})
    assert value("botmm_equity_usd") == 12.5
    assert value("botmm_reconnects_total") == 5
    assert value("botmm_frames_total") == 100
    assert value("botmm_symbol_position", {"symbol": "BTC"}) == -0.25
    assert value("botmm_orders", {"symbol": "BTC", "state": "working"}) == 2
    difference = value("botmm_ledger_difference_usd")
    assert difference is not None
    assert math.isnan(difference)
    day = shown(Bucket(day="2026-01-01", symbol="BTC", maker_fills=2, gross_half_micro=3_000_000))
    metrics.update(STATUS | {"today": [day]})
    assert value("botmm_today_net_usd", {"symbol": "BTC"}) == 1.5
    rate = value("botmm_today_fills_per_order", {"symbol": "BTC"})
    assert rate is not None
    assert math.isnan(rate)
    gone = {"symbols": [{"symbol": "BTC", "quotes": []}]}
    metrics.update(gone)
    assert value("botmm_orders", {"symbol": "BTC", "state": "working"}) == 0


def test_it_answers_on_the_loopback_only():
    metrics = Metrics()
    metrics.decision_s.observe(0.0002)
    server = metrics.serve(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as reply:
            text = reply.read().decode()
    finally:
        server.close()
    assert "botmm_decision_seconds_count 1.0" in text
    assert server._server.server_address[0] == "127.0.0.1"
