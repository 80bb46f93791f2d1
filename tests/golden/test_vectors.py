"""Vectors — the shipped functions give what the vector files want, and a wrong value is caught."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from botmm.errors import DataError
from botmm.research.vectors.case import Case
from botmm.research.verify import KeyResult, difference, verify

VECTORS = Path(__file__).parent / "vectors"
# Whole files and single keys whose subject comes with a later version.
LATER_FILES = {"candlesim.json", "supervisor.json"}
LATER_KEYS = {
    ("features.json", "walk_forward"),
    ("features.json", "purged_kfold"),
    ("features.json", "scores"),
}


@pytest.fixture(scope="module")
def results() -> list[KeyResult]:
    return verify(VECTORS)


def test_every_key_that_can_be_run_holds(results: list[KeyResult]) -> None:
    wrong = [result for result in results if not result.ok and not result.missing]
    assert not wrong, "\n".join(f"{r.file} {r.key}: {r.failure}" for r in wrong)
    assert sum(result.passed for result in results) > 650


def test_only_later_subjects_are_missing(results: list[KeyResult]) -> None:
    missing = {(r.file, r.key) for r in results if r.missing}
    later = {(r.file, r.key) for r in results if r.file in LATER_FILES} | LATER_KEYS
    assert missing == later


def planted(tmp_path: Path, name: str, change: Callable[[Any], None]) -> dict[str, KeyResult]:
    """Return the results of one file after a change to a copy of it."""
    for path in VECTORS.glob("*.csv"):
        shutil.copy(path, tmp_path)
    content = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    change(content)
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    return {result.key: result for result in verify(tmp_path)}


def test_a_planted_price_fails_with_its_case(tmp_path: Path) -> None:
    def raise_a_bid(content: Any) -> None:
        content["cases"][5]["expect"]["bids"][0]["px_units"] += 10

    cases = planted(tmp_path, "quoting.json", raise_a_bid)["cases"]
    assert not cases.ok
    assert (cases.cases, cases.passed) == (38, 37)
    assert cases.failure is not None
    assert cases.failure.case == "eth_long_half.bids[0].px_units"
    assert (cases.failure.got, cases.failure.wanted) == ("301150", "301160")


@pytest.mark.parametrize(
    ("name", "key", "path"),
    [
        ("rounding.json", "prices", (0, "nearest")),
        ("as_glft.json", "glft_exact", (0, "out", "delta_bid", 0)),
        ("book.json", "micro", ("fit", "raw", "G", 0)),
        ("queue.json", "simulated", (0, "steps", 5, "qpn_ahead")),
        ("latency.json", "recorded", (0, "out", 0)),
        ("fees.json", "staking", (0, "vs_none", "net")),
        ("metrics.json", "sharpe_365", ()),
        ("metrics.json", "pnl", ("out", "inventory")),
        ("markout.json", "fills", (0, "out", "markout", "5")),
        ("volsize.json", "windows", (0, "yang_zhang")),
        ("volsize.json", "sizer", (3, "out", "mult")),
        ("volsize.json", "tuner", ("steps", 7, "out", "spread_mult")),
        ("volsize.json", "inventory_age", ("rows", 1, "age")),
        ("volsize.json", "decay_skew", (1, "out")),
        ("markout.json", "tox_sequence", ("trace", 11, "state", "sell")),
        ("markout.json", "vpin", ("out", 3)),
        ("markout.json", "atr14_every_20", ("33",)),
        ("kalman_qqe.json", "level", ("loglik",)),
        ("kalman_qqe.json", "noise_mle", ("q",)),
        ("kalman_qqe.json", "qqe_6_3_2618_last10", ("line", 9)),
        ("features.json", "rows", (21, "out", 12)),
    ],
)
def test_a_planted_value_fails_anywhere(
    tmp_path: Path, name: str, key: str, path: tuple[Any, ...]
) -> None:
    def spoil(content: Any) -> None:
        *above, last = (key, *path)
        for step in above:
            content = content[step]
        value = content[last]
        content[last] = value + "1" if isinstance(value, str) else value * 1.000_001 + 1e-6

    results = planted(tmp_path, name, spoil)
    assert not results[key].ok
    assert results[key].failure is not None
    assert [other for other, r in results.items() if not r.ok and not r.missing] == [key]


def test_a_key_without_cases_fails(tmp_path: Path) -> None:
    result = planted(tmp_path, "fees.json", lambda content: content["vip"].clear())["vip"]
    assert not result.ok
    assert result.failure is not None
    assert result.failure.got == "no cases"


def test_a_malformed_case_fails_and_an_unknown_key_is_missing(tmp_path: Path) -> None:
    def spoil(content: Any) -> None:
        del content["vip"][1]["vol14"]
        content["novelty"] = [1]

    results = planted(tmp_path, "fees.json", spoil)
    failure = results["vip"].failure
    assert failure is not None
    assert "vol14" in failure.got
    assert results["novelty"].missing


def test_folders_without_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no vector files"):
        verify(tmp_path)
    (tmp_path / "fees.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"fees\.json: not readable"):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (1.0, 1.0 + 2e-9),
        (1, True),
        (None, 0.0),
        ("1.0", 1.0),
        (float("nan"), float("nan")),
        (3, 4),
        ([1.0], [1.0, 2.0]),
        ({}, {"a": None}),
    ],
)
def test_what_differs_is_told(got: Any, wanted: Any) -> None:
    assert difference(Case("case", got, wanted)) is not None


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (1.0, 1.0 + 5e-10),
        (0.0, 0),
        (1e12, 1e12 + 100),
        ((1, 2), [1, 2]),
        ({"a": 1, "more": 2}, {"a": 1}),
    ],
)
def test_what_agrees_passes(got: Any, wanted: Any) -> None:
    assert difference(Case("case", got, wanted)) is None


def test_a_planted_cell_of_the_series_fails(tmp_path: Path) -> None:
    for path in VECTORS.iterdir():
        if path.stem in {"kalman_qqe", "candles"}:
            shutil.copy(path, tmp_path)
    series = tmp_path / "kalman_qqe.csv"
    head, *lines = series.read_text(encoding="utf-8").splitlines()
    cells = lines[150].split(",")
    cells[head.split(",").index("qqe_line")] = "1"
    cells[head.split(",").index("tr_p12")] = ""
    lines[150] = ",".join(cells)
    series.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    failures = {r.key: r.failure.case for r in verify(tmp_path) if r.failure is not None}
    assert failures == {"qqe": "qqe_line[150]", "trend": "tr_p12[150]"}
