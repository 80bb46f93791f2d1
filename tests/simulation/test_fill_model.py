"""Fill model — quotes that it finds not worth their fee are left out, and what is no model is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError, ModelError, Replay
from tests.fakes.markets import WIDE, Market, play, told, write_market
from tests.fakes.models import one_split
from tests.fakes.specs import START

BASE: dict[str, Any] = {
    "bias_strength": 0.0,
    "toxicity": False,
    "base_spread_bps": 12.0,
    "vol_multiplier": 0.0,
}
BASE |= {"inventory_skew_factor": 0.0, **WIDE}
LEFT = "ahead_frac"


@pytest.fixture(scope="module")
def eth(tmp_path_factory: pytest.TempPathFactory) -> Market:
    return write_market(tmp_path_factory.mktemp("eth"), "ETH", 40, seed=3, streams="classic")


def orders(market: Market, **params: Any) -> dict[str, np.ndarray]:
    return play(told((market, BASE | params)))["orders"]


def test_a_sure_fill_leaves_the_quotes_alone(eth: Market, tmp_path: Path) -> None:
    plain = orders(eth)
    sure = orders(eth, fill_model=one_split(tmp_path, 30.0, 30.0, cut=0.0))
    assert plain["px"].tobytes() == sure["px"].tobytes()
    assert set(plain["level"]) == {0, 1}


def test_quotes_without_a_chance_are_left_out(eth: Market, tmp_path: Path) -> None:
    never = one_split(tmp_path, -30.0, -30.0, cut=0.0)
    run = play(told((eth, BASE | {"fill_model": never})))
    assert len(run["orders"]["px"]) == 0
    digest = json.loads(Path(never).read_text())["sha256"]
    assert run["summary"]["symbols"][0]["fill_model"] == digest
    why = json.loads(
        Replay(json.dumps(told((eth, BASE | {"fill_model": never})))).why(START + 600 * 10**9)
    )
    for side in ("bids", "asks"):
        assert "the fill model finds no quote worth its fee" in why["symbols"][0][side]["absent"]


def test_the_edge_counts_beside_the_chance(eth: Market, tmp_path: Path) -> None:
    # Level 0 stands 6 bps away, level 1 12; the fee is 1.5 bps: a chance of 0.2 pays only for the
    # second, one of 0.3 for both.
    for chance, levels in ((0.1, set()), (0.2, {1}), (0.3, {0, 1})):
        odds = math.log(chance / (1 - chance))
        got = orders(eth, fill_model=one_split(tmp_path, odds, odds, cut=0.0))
        assert set(got["level"]) == levels, chance


def test_what_adverse_fills_lose_is_taken_from_the_edge(eth: Market, tmp_path: Path) -> None:
    # A fill is sure and adverse in one case of two; level 0 stands 6 bps away, level 1 12, and
    # the fee is 1.5: a loss of 8 leaves both worth it, 10 the second, 22 none.
    sure = one_split(tmp_path, 30.0, 30.0, cut=0.0)
    for loss, levels in ((8.0, {0, 1}), (10.0, {1}), (22.0, set())):
        adverse = one_split(tmp_path, 0.0, 0.0, cut=0.0, loss_bps=loss)
        got = orders(eth, fill_model=sure, adverse_model=adverse)
        assert set(got["level"]) == levels, loss
    digest = json.loads(Path(adverse).read_text())["sha256"]
    run = play(told((eth, BASE | {"fill_model": sure, "adverse_model": adverse})))
    assert run["summary"]["symbols"][0]["adverse_model"] == digest


def test_a_model_of_adverse_fills_needs_its_loss_and_a_model_of_fills(
    eth: Market, tmp_path: Path
) -> None:
    sure = one_split(tmp_path, 30.0, 30.0, cut=0.0)
    with pytest.raises(ArgumentError, match="adverse_model: the file does not say what"):
        orders(eth, fill_model=sure, adverse_model=sure)
    adverse = one_split(tmp_path, 0.0, 0.0, cut=0.0, loss_bps=3.0)
    with pytest.raises(ArgumentError, match="adverse_model: needs a fill_model beside it"):
        orders(eth, adverse_model=adverse)
    negative = one_split(tmp_path, 0.0, 0.0, cut=0.0, loss_bps=-3.0)
    with pytest.raises(ModelError, match="loss_bps must be a number not below 0, had -3"):
        orders(eth, fill_model=sure, adverse_model=negative)


def test_the_market_is_looked_at(eth: Market, tmp_path: Path) -> None:
    # Between 6 and 12 bps of the price, which has two decimals and moves in tenths.
    cut = float(orders(eth)["px"].mean()) / 100 * 9e-4 / 0.1
    near_only = orders(eth, fill_model=one_split(tmp_path, 30.0, -30.0, cut=round(cut, 1)))
    assert np.count_nonzero(near_only["level"] == 1) == 0
    assert np.count_nonzero(near_only["level"] == 0) > 5_000
    for feature, cut in (("imb1_side", 0.0), ("tfi10s_side", 0.0), ("mom10s_side", 0.0)):
        some = orders(eth, fill_model=one_split(tmp_path, 30.0, -30.0, cut=cut, feature=feature))
        assert len(some["px"]) > 0, feature
        assert some["px"].tobytes() != orders(eth)["px"].tobytes(), feature


def test_the_place_in_the_queue_is_looked_at(eth: Market, tmp_path: Path) -> None:
    # A new order has the whole of its level ahead: only one that came forward tells the two apart.
    near = BASE | {"base_spread_bps": 0.5}
    any_ahead, half_ahead = (
        orders(
            eth, **near | {"fill_model": one_split(tmp_path, -30.0, 30.0, cut=cut, feature=LEFT)}
        )
        for cut in (0.0, 0.5)
    )
    assert len(any_ahead["px"]) > 1_000
    # What came to the front half of its queue is withdrawn, and placed again at the end.
    assert len(half_ahead["px"]) > len(any_ahead["px"])


def test_the_place_is_our_own_estimate_and_not_the_venue_s(tmp_path: Path) -> None:
    model = one_split(tmp_path, -30.0, 30.0, cut=0.5, feature=LEFT)
    sol = write_market(tmp_path, "SOL", 4, seed=3, streams="classic")
    wish = told((sol, BASE | {"base_spread_bps": 0.1, "fill_model": model}))
    careful, hopeful = (
        play(wish | {"sim": wish["sim"] | {"queue": queue}}) for queue in ("risk-averse", "pow2:2")
    )
    # The venues' queues differ, and fills tell it; until the first that does, orders are the same.
    fills = [
        set(zip(run["fills"]["ts_exch"], run["fills"]["qty"], strict=True))
        for run in (careful, hopeful)
    ]
    until = min(ts for ts, _ in fills[0] ^ fills[1])
    before = [
        {name: column[run["orders"]["ts_sent"] < until] for name, column in run["orders"].items()}
        for run in (careful, hopeful)
    ]
    assert len(before[0]["px"]) > 50
    for name in ("ts_sent", "side", "px", "qty", "level"):
        assert before[0][name].tobytes() == before[1][name].tobytes(), name


def test_what_is_no_model_is_refused(eth: Market, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.json"):
        orders(eth, fill_model=str(tmp_path / "none.json"))
    path = Path(one_split(tmp_path, 1.0, 2.0, cut=0.0))
    path.write_text(path.read_text().replace("2.0", "3.0"))
    with pytest.raises(ModelError, match="it changed"):
        orders(eth, fill_model=str(path))


def test_a_busy_neighbour_changes_no_look(eth: Market, tmp_path: Path) -> None:
    busy = write_market(tmp_path, "BTC", 40, seed=4, streams="full")
    model = one_split(tmp_path, 30.0, -30.0, cut=0.0, feature="ofi5s_side")
    params = BASE | {"fill_model": model}
    alone = play(told((eth, params)))["orders"]
    beside = play(told((eth, params), (busy, {**WIDE, "min_notional_usd": 1e6})))["orders"]
    assert len(alone["px"]) > 20
    for name, column in alone.items():
        assert column.tobytes() == beside[name][beside["symbol"] == 0].tobytes(), name
