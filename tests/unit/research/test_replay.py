"""Replay — what the core is told is what the settings say; a stopped run keeps its result."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from botmm.config import load
from botmm.data.catalogue import Tape
from botmm.errors import DataError
from botmm.research.plan import Plan, Range
from botmm.research.replay import alternatives, run, run_alternative, spec
from botmm.units import UnixNanos
from tests.fakes.fake_replay import FakeReplay
from tests.fakes.specs import DAY, START


def make_plan(*overrides: str, days: int = 1) -> Plan:
    tape = Tape(
        path=Path("data/tape/hyperliquid/BTC/2026-02-12.parquet"),
        venue="hyperliquid",
        symbol="BTC",
        day=date(2026, 2, 12),
        rows=1_000_000,
        size_bytes=1,
        first_ts=UnixNanos(START),
        last_ts=UnixNanos(START + days * DAY),
        meta={"px_decimals": "1", "size_decimals": "5"},
    )
    return Plan(
        settings=load([], overrides, {}).settings,
        tapes={"BTC": (tape,)},
        range=Range(since=START, until=START + days * DAY),
        warmup_ns=0,
        fees=(0.00015, 0.00045),
    )


class Recorder:
    """Hands out fake engines and keeps what they were told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, text: str) -> FakeReplay:
        self.told.append(json.loads(text))
        return FakeReplay(text)


def test_the_core_is_told_what_the_settings_say() -> None:
    told = spec(make_plan("sim.entry_ms=20", "sim.block_ms=70", "replay.seed=9", "num_levels=3"))
    assert told["symbols"][0]["params"]["num_levels"] == 3
    assert told["symbols"][0]["tapes"] == ["data/tape/hyperliquid/BTC/2026-02-12.parquet"]
    assert told["sim"] == {
        "queue": "qpn",
        "latency": {
            "model": "constant",
            "entry_ns": 20_000_000,
            "response_ns": 150_000_000,
            "scale": 1.0,
        },
        "partial_fills": True,
        "through_fill": "volume",
        "block_ns": 70_000_000,
        "arrival": "shared",
    }
    assert told["fees"] == {"maker": 0.00015, "taker": 0.00045}
    assert (told["from"], told["to"], told["seed"]) == (START, START + DAY, 9)
    assert (told["step_ms"], told["max_gap_s"], told["bridge_gaps"]) == (100.0, 30.0, False)
    assert told["account"] == {"capital_usd": 1000.0}


def test_equity_rows_are_close_on_short_ranges_and_as_asked_on_long_ones() -> None:
    assert spec(make_plan(days=1))["equity_interval_s"] == 10.0
    assert spec(make_plan(days=365))["equity_interval_s"] == 10.0


def test_recorded_latencies_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "latency.csv"
    path.write_text("request,exch,resp\n1,5,9\n11,15,20\n", encoding="utf-8")
    overrides = ("sim.latency_model='file'", f"sim.latency_file='{path}'")
    told = spec(make_plan(*overrides), latency_scale=2.0)
    rows = [[1, 5, 9], [11, 15, 20]]
    assert told["sim"]["latency"] == {"model": "recorded", "rows": rows, "scale": 2.0}
    for text, said in (
        ("a,b,c\n1,5,9\n11,9,20\n", "row 2: times are not in order"),
        ("a,b,c\n11,15,20\n1,5,9\n", "row 2: 1 is before the request of the last row"),
        ("a,b,c\n1,,9\n", "row 1: a time is missing"),
        ("a,b,c\n,5,9\n11,15,20\n", "row 1: a time is missing"),
        ("a,b\n1,5\n", "2 columns"),
        ("a,b,c\nx,y,z\n", "three columns"),
        ("a,b,c\n", "no rows"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError) as caught:
            spec(make_plan(*overrides))
        assert said in f"{caught.value.message} {caught.value.cure}"
    path.unlink()
    with pytest.raises(DataError, match="no such latency file"):
        spec(make_plan(*overrides))


def test_rows_are_handed_on_as_they_come() -> None:
    kept: dict[str, list[int]] = defaultdict(list)
    done = run(
        make_plan(),
        FakeReplay,
        lambda share, rows: False,
        keep=lambda table, rows: kept[table].append(len(next(iter(rows.values())))),
    )
    # No keyframe: the run has fewer rows than lie between two.
    assert kept.pop("keyframes") == [0] * 10
    assert kept.keys() == {"fills", "orders", "equity"}
    for counts in kept.values():
        assert len(counts) == 11
        assert sum(counts) > 0
    assert len(done.fills["px"]) == sum(kept["fills"])


def test_reading_starts_before_quoting_by_the_warmup() -> None:
    told = spec(replace(make_plan(), warmup_ns=5))
    assert (told["from"], told["warmup_ns"]) == (START - 5, 5)


def test_a_run_tells_its_progress_and_ends() -> None:
    seen: list[tuple[float, int]] = []
    done = run(make_plan(), FakeReplay, lambda share, rows: bool(seen.append((share, rows))))
    assert not done.partial
    assert [rows for _, rows in seen] == [100_000 * i for i in range(1, 11)]
    assert [round(share, 2) for share, _ in seen] == [i / 10 for i in range(1, 11)]
    assert done.rows == 1_000_000


def test_a_stopped_run_keeps_what_was_played() -> None:
    done = run(make_plan(), FakeReplay, lambda share, rows: True)
    assert done.partial
    assert done.rows == 100_000
    last = done.summary["last_ts"]
    assert last == START + DAY // 10
    assert done.equity["ts"][-1] == last


def test_alternatives_change_one_assumption_each() -> None:
    plan, engines = make_plan(), Recorder()
    tried = alternatives(plan, sensitivity=True, band=True)
    assert [(a.kind, a.label) for a in tried] == [
        ("latency", "0.5×"),
        ("latency", "2×"),
        ("queue", "risk-averse"),
        ("queue", "pow2:3"),
    ]
    for alternative in tried:
        variant = run_alternative(plan, engines, lambda share, rows: False, alternative)
        assert variant is not None
        assert variant.fills > 0
    changed = [(t["sim"]["latency"]["scale"], t["sim"]["queue"]) for t in engines.told]
    assert changed == [(0.5, "qpn"), (2.0, "qpn"), (1.0, "risk-averse"), (1.0, "pow2:3")]
    plain = spec(plan)
    for told in engines.told:
        told["sim"] = plain["sim"]
        assert told == plain


def test_a_stopped_alternative_says_nothing() -> None:
    first = alternatives(make_plan(), sensitivity=True, band=False)[0]
    assert run_alternative(make_plan(), FakeReplay, lambda share, rows: True, first) is None


def test_a_range_without_rows_is_refused() -> None:
    class Empty(FakeReplay):
        def run(self, max_rows: int) -> dict[str, Any]:
            return {"rows": 0, "ts": START, "done": True, "fills": 0, "net_usd": 0.0}

    with pytest.raises(DataError, match="no rows from 2026-02-12 00:00:00"):
        run(make_plan(), Empty, lambda share, rows: False)
