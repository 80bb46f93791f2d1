"""Tests of the reload — files are taken whole or not at all, and no limit is loosened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from botmm.config import load
from botmm.errors import ConfigError
from botmm.live.reload import Reload, overlay, scales
from botmm.store.params_files import write_allocations, write_live_params

NAMES = ("BTC", "ETH")


class Case:
    def __init__(self, folder: Path) -> None:
        self.params, self.shares = folder / "p.json", folder / "a.json"
        files = (f"live.params_file={self.params}", f"live.allocations_file={self.shares}")
        self.settings = load((), files, environ={}).settings
        self.events: list[Any] = []
        self.alarms: list[str] = []

    def reload(self) -> Reload:
        return Reload(
            self.settings, NAMES, self.events.append, lambda key, words: self.alarms.append(words)
        )

    def told(self) -> list[Any]:
        told = list(self.events)
        self.events.clear()
        return told


def test_what_changed_is_told_once_and_what_went_is_as_configured(tmp_path: Path) -> None:
    case = Case(tmp_path)
    reload = case.reload()
    reload.look()
    assert case.told() == [], "no file, no event"
    write_live_params(case.params, {"ETH": {"order_size_usd": 50.0, "gamma": 0.1}})
    reload.look()
    reload.look()
    values = {"order_size_usd": 50.0, "gamma": 0.1}
    assert case.told() == [{"kind": "params", "symbol": 1, "params": values}]
    write_live_params(case.params, {"ETH": {"gamma": 0.1}})
    reload.look()
    values = {"order_size_usd": 150.0, "gamma": 0.1}
    assert case.told() == [{"kind": "params", "symbol": 1, "params": values}]
    assert case.alarms == []


def test_shares_are_multiples_of_equal_ones_and_what_is_not_given_stops(tmp_path: Path) -> None:
    case = Case(tmp_path)
    write_allocations(case.shares, {"BTC": 0.75})
    reload = case.reload()
    reload.look()
    assert case.told() == [
        {"kind": "scale", "symbol": 0, "scale": 1.5},
        {"kind": "scale", "symbol": 1, "scale": 0.0},
    ]
    write_allocations(case.shares, {"BTC": 0.75, "ETH": 0.25, "DOGE": 0.0})
    reload.look()
    assert case.told() == [{"kind": "scale", "symbol": 1, "scale": 0.5}]


@pytest.mark.parametrize(
    ("key", "value", "most"),
    [("max_position_usd", 501.0, "500"), ("order_size_usd", 301.0, "300"),
     ("stale_ms", 7001.0, "7000")],
)  # fmt: skip
def test_a_loosened_limit_is_refused_with_its_key_and_changes_nothing(
    tmp_path: Path, key: str, value: float, most: str
) -> None:
    case = Case(tmp_path)
    reload = case.reload()
    write_live_params(case.params, {"BTC": {"gamma": 0.1}, "ETH": {key: value}})
    reload.look()
    assert case.told() == []
    assert key in case.alarms[0]
    assert most in case.alarms[0]
    with pytest.raises(ConfigError, match=key):
        overlay(case.settings)


def test_a_share_beyond_the_largest_order_is_refused(tmp_path: Path) -> None:
    case = Case(tmp_path)
    write_allocations(case.shares, {"BTC": 0.9, "ETH": 0.1})
    assert scales(case.settings, NAMES) == {"BTC": 1.8, "ETH": 0.2}
    with pytest.raises(ConfigError, match=r"BTC = 0\.9 makes orders 2\.7 times"):
        scales(case.settings, ("BTC", "ETH", "SOL"))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", json.dumps({"schema_version": 2, "weights": {}}),
             json.dumps({"schema_version": 1, "weights": {"BTC": 0.7, "ETH": 0.7}})],
)  # fmt: skip
def test_a_bad_file_of_shares_is_named_and_changes_nothing(tmp_path: Path, text: str) -> None:
    case = Case(tmp_path)
    reload = case.reload()
    case.shares.write_text(text)
    reload.look()
    reload.look()
    assert case.told() == []
    (words,) = case.alarms
    assert str(case.shares) in words
