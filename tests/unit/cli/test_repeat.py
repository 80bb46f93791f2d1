"""Repeat — the command of a set reads back as what the sweep was told."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from botmm.cli.repeat import replay_command
from botmm.config import load

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("date", "since", "until", "days", "store", "venue", "warmup", "capital")),
    **dict.fromkeys(("maker_fee", "latency", "queue", "seed")),
    "tapes": (),
    "symbols": (),
    "config": (),
    "overrides": (),
    "bridge_gaps": False,
}
END = 1_770_940_800_000_000_000  # 2026-02-13


def words(own: dict[str, Any], *, until: int | None = END, **options: Any) -> list[str]:
    return shlex.split(replay_command(NOTHING | options, own, until=until))


def test_options_come_over() -> None:
    found = words(
        {"base_spread_bps": 2.5},
        symbols=("BTC", "ETH"),
        date="2026-02-12",
        maker_fee=-0.0001,
        capital=5000.0,
        bridge_gaps=True,
        config=(Path("my settings.toml"),),
    )
    assert found == [
        *("botmm", "replay", "--symbols", "BTC", "ETH", "--date", "2026-02-12"),
        *("--capital", "5000", "--maker-fee", "-0.0001", "--bridge-gaps"),
        *("--config", "my settings.toml", "--set", "base_spread_bps=2.5"),
    ]


def test_days_are_counted_from_where_they_were() -> None:
    assert words({}, days=3)[2:] == ["--to", "2026-02-12", "--days", "3"]
    assert words({}, days=3, since="2026-02-01")[2:] == ["--from", "2026-02-01", "--days", "3"]


@pytest.mark.parametrize(
    "own",
    [
        {"base_spread_bps": 3.0000001, "compound": True, "strategy": "adaptive"},
        {"fill_model": "models/a b.json", "num_levels": 2},
        {"fill_model": "true"},
        {"base_spread_bps": 4, "symbols.BTC.base_spread_bps": 5.5},
        {"symbols.BTC.num_levels": 3},
    ],
)
def test_the_settings_of_the_line_are_those_of_the_set(own: dict[str, Any]) -> None:
    told = ("num_levels=1", "strategy.base_spread_bps=9", "symbols.BTC.base_spread_bps=7")
    found = words(own, overrides=told)
    overrides = [found[at + 1] for at, word in enumerate(found) if word == "--set"]
    params = load([], overrides, {}).settings.params("BTC")
    before = load([], told, {}).settings.params("BTC")
    changed = {name.removeprefix("symbols.BTC."): value for name, value in own.items()}
    assert params == before | changed
