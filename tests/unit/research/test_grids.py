"""Grids — products and lists of parameter sets, and what is refused before anything runs."""

from pathlib import Path

import pytest

from botmm.errors import ConfigError, UsageError
from botmm.research import grids


def test_axes_are_multiplied_and_ranges_include_their_end() -> None:
    sets = grids.product(["base_spread_bps=0.5:2:0.5", "compound=true,false"])
    assert len(sets) == 8
    assert sets[0] == {"base_spread_bps": 0.5, "compound": True}
    assert sets[-1] == {"base_spread_bps": 2.0, "compound": False}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base_spread_bps", "not an axis"),
        ("=1,2", "not an axis"),
        ("base_spread_bps=1:2:0", "not a range"),
        ("base_spread_bps=2:1:0.5", "not a range"),
        ("base_spread_bps=0:1:x", "not a range"),
        ("base_spread_bps=1:2", "not a range"),
    ],
)
def test_an_axis_that_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        grids.product([text])


def test_a_grid_beyond_any_memory_is_refused_before_it_is_made() -> None:
    with pytest.raises(UsageError, match="the grid has 100,000,000 sets"):
        grids.product(["base_spread_bps=1:10000:1", "order_size_usd=1:10000:1"])


def test_an_axis_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        grids.product(["num_levels=1,2", "num_levels=3"])


def test_what_is_said_of_one_symbol_refines_what_is_said_of_all() -> None:
    own = {"symbols.ETH.base_spread_bps": 4, "base_spread_bps": 2}
    (changes,) = grids.checked([own], ["BTC", "ETH"])
    assert changes == {"BTC": {"base_spread_bps": 2.0}, "ETH": {"base_spread_bps": 4.0}}


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"base_spread_bp": 1}, "set 1: base_spread_bp is not a parameter"),
        ({"base_spread_bps": -1}, "set 1: base_spread_bps = -1: must be between"),
        ({"symbols.DOGE.base_spread_bps": 1}, "set 1: .*DOGE is not played"),
    ],
)
def test_a_bad_name_or_value_names_its_set(own: dict[str, float], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        grids.checked([{}, own], ["BTC"])


def test_sets_come_from_files_too(tmp_path: Path) -> None:
    table = tmp_path / "sets.csv"
    table.write_text("base_spread_bps,strategy\n1.5,basic\n,adaptive\n")
    assert grids.read(table) == [
        {"base_spread_bps": 1.5, "strategy": "basic"},
        {"strategy": "adaptive"},
    ]
    rows = tmp_path / "sets.json"
    rows.write_text('[{"num_levels": 1}]')
    assert grids.read(rows) == [{"num_levels": 1}]
    rows.write_text("[]")
    with pytest.raises(UsageError, match="no list of sets"):
        grids.read(rows)
    with pytest.raises(UsageError, match=r"none\.csv: No such file or directory$"):
        grids.read(tmp_path / "none.csv")
