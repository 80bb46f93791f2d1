"""Analysis — the parts of a result add up, markouts and round trips are what they claim."""

from typing import Any

import numpy as np
import pytest

from botmm.report.analysis import UNRESOLVED, Figures, analyse, verdict_of
from botmm.report.tally import OrderTally
from tests.fakes.fake_replay import FakeReplay
from tests.fakes.specs import DAY, START, spec


def analysed(result: dict[str, Any]) -> Figures:
    tally = OrderTally()
    tally.add(result["orders"])
    return analyse(result["fills"], result["equity"], tally, result["summary"])


def figures_of(days: float = 3.0, symbols: int = 1) -> tuple[Figures, dict[str, Any]]:
    result = FakeReplay.played(spec(days=days, symbols=symbols))
    return analysed(result), result


@pytest.mark.parametrize("symbols", [1, 3])
def test_parts_explain_the_account_exactly(symbols: int) -> None:
    figures, _ = figures_of(symbols=symbols)
    assert figures.residual == 0
    assert figures.curve.net[-1] == pytest.approx(figures.parts.net_usd, abs=1e-6)


def test_a_missing_fee_is_seen_in_the_residual() -> None:
    result = FakeReplay.played(spec())
    result["fills"]["fee"][0] += 1
    figures = analysed(result)
    assert figures.residual == 2  # one cash unit is two halves


def test_days_add_up_to_the_whole() -> None:
    figures, _ = figures_of(days=2.5, symbols=2)
    assert [day.day for day in figures.days] == ["2026-02-12", "2026-02-13", "2026-02-14"]
    for part in ("capture_usd", "inventory_usd", "fees_usd", "funding_usd", "volume_usd"):
        total = sum(getattr(day.parts, part) for day in figures.days)
        assert total == pytest.approx(getattr(figures.parts, part), abs=1e-6)
    assert sum(day.parts.fills for day in figures.days) == figures.parts.fills


def test_the_interval_holds_the_result_and_is_repeatable() -> None:
    figures, _ = figures_of()
    again, _ = figures_of()
    assert figures.net_interval is not None
    assert figures.net_interval.low < figures.parts.net_usd < figures.net_interval.high
    assert figures.net_interval == again.net_interval


def test_an_hour_is_too_short_for_an_interval() -> None:
    figures, _ = figures_of(days=1 / 24)
    assert figures.net_interval is None


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (1.99, "smoke test"),
        (2, "indicative"),
        (6.9, "indicative"),
        (7, "usable"),
        (14, "benchmark"),
    ],
)
def test_the_verdict_goes_by_length(days: float, verdict: str) -> None:
    assert verdict_of(days * 86_400)[0] == verdict


def one_fill(**columns: Any) -> dict[str, Any]:
    """Return a result with given fills of one symbol at price 100.0 and nothing else."""
    count = len(columns["side"])
    blank = {
        "symbol": np.zeros(count, np.uint16),
        "ts_exch": START + np.arange(count) * 10**9,
        "ts_recv": START + np.arange(count) * 10**9,
        "px": np.full(count, 1000),
        "qty": np.full(count, 10),
        "fee": np.zeros(count, np.int64),
        "why": np.zeros(count, np.uint8),
        "mid2": np.full(count, 2000),
        **{f"markout_{i}": np.full(count, UNRESOLVED) for i in range(6)},
    }
    fills = blank | {name: np.asarray(column) for name, column in columns.items()}
    result = FakeReplay.played(spec(days=1.0))
    result["fills"] = fills
    return result


def test_markouts_are_signed_weighted_and_in_bps() -> None:
    # Bought 10 at 100.0 and the mid went to 101; bought 30 and it went to 99.
    moved = np.array([2020, 1980])
    figures = analysed(one_fill(side=[1, 1], qty=[10, 30], markout_1=moved)).symbols[0]
    at_fill, after = figures.markouts["buy"]
    assert (at_fill.horizon_s, at_fill.mean, at_fill.fills) == (0.0, 0.0, 2)
    assert (after.horizon_s, after.fills) == (1.0, 2)
    assert after.mean == pytest.approx((100 * 10 - 100 * 30) / 40)
    assert after.low is None
    assert figures.markouts["sell"] == []
    sold = analysed(one_fill(side=[-1, -1], qty=[10, 30], markout_1=moved)).symbols[0]
    assert sold.markouts["sell"][1].mean == pytest.approx(-after.mean)


def test_round_trips_count_closing_fills_and_stretches() -> None:
    # +10, +10, -10, -20 (turns round), +10 (flat): three closing fills, two stretches.
    trips = (
        analysed(
            one_fill(
                side=[1, 1, -1, -1, 1], qty=[10, 10, 10, 20, 10], px=[1000, 1000, 1010, 1010, 1020]
            )
        )
        .symbols[0]
        .trips
    )
    assert (trips.closing_fills, trips.episodes, trips.episode_wins) == (3, 2, 1)
    assert trips.median_minutes == pytest.approx((3 + 1) / 2 / 60)


def test_no_fills_is_a_result_too() -> None:
    result = one_fill(side=np.zeros(0, np.int8))
    for name, column in result["fills"].items():
        result["fills"][name] = column[:0]
    row = result["summary"]["symbols"][0]
    row |= {"fills": 0, "volume": 0, "capture2": 0, "inventory2": 0, "fees2": 0, "funding2": 0}
    figures = analysed(result).symbols[0]
    assert figures.residual == 0
    assert figures.parts.bps(figures.parts.net_usd) is None
    assert (figures.crossed_share, figures.trips.median_minutes) == (None, None)


def test_gaps_are_no_data() -> None:
    result = FakeReplay.played(spec(days=1.0))
    row = result["summary"]["symbols"][0]
    row["gaps"] = [[START - DAY, START + DAY // 2, 1], [START - 9 * DAY, START - 8 * DAY, 1]]
    assert analysed(result).symbols[0].gaps == [(START, START + DAY // 2, 1)]
    assert analysed(result).seconds == pytest.approx(43_200, abs=1)


def test_a_symbol_that_came_late_is_no_longer_for_it() -> None:
    result = FakeReplay.played(spec(days=1.0, symbols=2))
    early, late = result["summary"]["symbols"]
    early["gaps"] = [[START + DAY // 4, START + DAY * 3 // 4, 1]]
    late["first_ts"], late["gaps"] = START + DAY * 3 // 4, []
    figures = analysed(result)
    assert figures.seconds == pytest.approx(43_200, abs=30)
    ((first, last),) = figures.silences
    assert (first, last) == (START + DAY // 4, START + DAY * 3 // 4)


def test_a_warmup_is_no_data_either() -> None:
    result = FakeReplay.played(spec(days=3.0))
    warm = analyse(
        result["fills"], result["equity"], OrderTally(), result["summary"], warmup_ns=DAY * 3 // 2
    )
    assert warm.seconds == pytest.approx(1.5 * 86_400, abs=100)
    assert warm.verdict == "smoke test"
    assert warm.symbols[0].order_life_median_s is None
