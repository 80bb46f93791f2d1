"""Tests of desk specs — the text holds all that a run begins with, so that its journal is enough."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from botmm.config import load
from botmm.errors import ConfigError
from botmm.live.desk_spec import Known, desk_spec
from botmm.live.engine import Engine

RATES = (0.00015, 0.00045)


@dataclass(frozen=True)
class Coin:
    name: str = "BTC"
    size_decimals: int = 5


MINUTES = [(i * 60_000, 50_000.0 + i % 7, 50_010.0, 49_990.0, 50_000.0, 1.0) for i in range(90)]


def spec(known: Known = Known()) -> str:  # noqa: B008 — it is frozen
    return desk_spec(
        load((), (), environ={}).settings,
        [Coin()],
        tag=7,
        now=1_700_000_000_000_000_000,
        rates=RATES,
        overlay={"BTC": {"order_size_usd": 50.0}},
        known=known,
    )


def test_a_run_plays_again_without_the_file_that_it_began_with() -> None:
    known = Engine(spec(Known(minutes=[MINUTES]))).desk.signals()
    assert known != Engine(spec()).desk.signals()
    assert Engine(spec(Known(signals=known))).desk.signals() == known


def test_the_largest_order_is_that_of_the_configuration() -> None:
    params = json.loads(spec())["symbols"][0]["params"]
    assert params["order_size_usd"] * params["order_value_factor"] == 150.0 * 2.0


def test_parameters_of_the_file_lie_over_the_configuration() -> None:
    assert json.loads(spec())["symbols"][0]["params"]["order_size_usd"] == 50.0


def test_a_rate_that_no_tier_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="taker rate"):
        desk_spec(
            load((), (), environ={}).settings,
            [Coin()],
            tag=7,
            now=1,
            rates=(0.00015, 0.45),
            overlay={},
            known=Known(),
        )


@pytest.mark.parametrize("compounds", [True, False])
def test_what_earlier_runs_earned_counts_where_sizes_compound(compounds: bool) -> None:
    text = desk_spec(
        load((), (f"compound={str(compounds).lower()}",), environ={}).settings,
        [Coin()],
        tag=7,
        now=1,
        rates=RATES,
        overlay={},
        known=Known(retained={"BTC": 5_000_000, "ETH": 7}),
    )
    assert json.loads(text)["symbols"][0].get("retained") == (5_000_000 if compounds else None)
    Engine(text)
