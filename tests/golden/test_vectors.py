"""Vectors — the shipped functions give what the vector files want, and a wrong value is caught."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from botmm.errors import DataError
from botmm.research.vectors.case import Case
from botmm.research.vectors.queues import can_replay
from botmm.research.verify import KeyResult, difference, verify

VECTORS = Path(__file__).parent / "vectors"
# Whole files and single keys whose subject comes with a later version.
LATER_FILES = {"candlesim.json", "features.json", "kalman_qqe.json", "supervisor.json"}
LATER_KEYS = {
    ("markout.json", "atr14_every_20"),
    ("markout.json", "tox_score"),
    ("markout.json", "tox_multiplier"),
    ("markout.json", "tox_sequence"),
    ("markout.json", "vpin"),
    ("markout.json", "bvc"),
    ("volsize.json", "regime"),
    ("volsize.json", "sizer"),
    ("volsize.json", "tuner"),
    ("volsize.json", "inventory_age"),
    ("volsize.json", "decay_skew"),
}
REPLAY = ("replay.json", "cases")


@pytest.fixture(scope="module")
def results() -> list[KeyResult]:
    return verify(VECTORS)


def test_every_key_that_can_be_run_holds(results: list[KeyResult]) -> None:
    wrong = [result for result in results if not result.ok and not result.missing]
    assert not wrong, "\n".join(f"{r.file} {r.key}: {r.failure}" for r in wrong)
    assert sum(result.passed for result in results) > 450


def test_only_later_subjects_are_missing(results: list[KeyResult]) -> None:
    missing = {(r.file, r.key) for r in results if r.missing}
    later = {(r.file, r.key) for r in results if r.file in LATER_FILES} | LATER_KEYS
    assert missing == later | (set() if can_replay() else {REPLAY})


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
