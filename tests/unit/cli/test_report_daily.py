"""Tests of `botmm report daily` — a table of days and their sum, or JSON."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from botmm.cli import run
from botmm.live.latches import STATE_FILE
from botmm.store.rows import Bucket
from botmm.store.state import StateStore


def write(folder: Path) -> None:
    with closing(StateStore(folder / STATE_FILE)) as store:
        for number in range(1, 4):
            store.put_bucket(
                Bucket(
                    day=f"2026-01-0{number}",
                    symbol="BTC",
                    placed=8,
                    quoted_ns=2 * 3600 * 10**9,
                    maker_fills=3,
                    taker_fills=1,
                    volume_micro=1_000_000_000,
                    gross_half_micro=5_000_000 * number,
                    fees_micro=500_000,
                    funding_micro=-250_000,
                )
            )


def test_json_has_the_last_days_in_dollars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    assert run(["report", "daily", "--state", str(tmp_path), "--days", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["day"] for row in rows] == ["2026-01-02", "2026-01-03"]
    assert (rows[1]["gross_usd"], rows[1]["net_usd"]) == (7.5, 6.75)
    assert (rows[1]["fills_per_order"], rows[1]["fills_per_hour"]) == (0.5, 2.0)


def test_the_table_ends_with_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert run(["report", "daily", "--state", str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last[:4] == ["all", "12", "3,000.00", "+15.00"]


def test_a_folder_without_state_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", "daily", "--state", str(tmp_path)]) == 2
    assert "is not there" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
