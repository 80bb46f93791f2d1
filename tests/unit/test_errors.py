"""Errors — each class has its exit code, and errors of the core become errors with a cure."""

import pytest

from botmm import errors
from botmm.core import CoreException, GapError, TapeError
from botmm.errors import BotmmError, DataError, from_any, from_core


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BotmmError", 1),
        ("UsageError", 2),
        ("ConfigError", 2),
        ("DataError", 3),
        ("VenueError", 4),
        ("RiskStopError", 5),
        ("ReconcileError", 6),
        ("CheckError", 7),
        ("StrategyError", 8),
    ],
)
def test_exit_codes(name: str, code: int) -> None:
    error: BotmmError = getattr(errors, name)("what happened", cure="what to do")
    assert (error.exit_code, error.message, error.cure) == (code, "what happened", "what to do")


def test_a_gap_in_the_core_says_how_to_go_on() -> None:
    known = from_core(GapError("gap of 45.0 s"))
    assert known is not None
    assert known.exit_code == 3
    assert "--bridge-gaps" in known.cure


def test_every_class_of_the_core_is_known() -> None:
    for kind in CoreException.__subclasses__():
        assert from_core(kind("text")) is not None, kind
    assert from_core(TapeError("x.parquet: truncated")).message == "x.parquet: truncated"


def test_other_errors_stay_unknown() -> None:
    assert from_core(ValueError("text")) is None
    assert from_core(type("GapError", (Exception,), {})("not the core's")) is None


@pytest.mark.parametrize(
    ("error", "says", "code"),
    [
        (DataError("row 7"), "row 7", 3),
        (FileNotFoundError(2, "No such file", "a.csv"), "a.csv: No such file", 1),
        (GapError("gap of 45.0 s"), "gap of 45.0 s", 3),
        (ValueError("odd"), "unexpected ValueError: odd", 1),
    ],
)
def test_the_top_of_a_process_says_what_is_at_the_bottom_of_a_group(error, says, code):
    for one in (error, ExceptionGroup("tasks", [ExceptionGroup("inner", [error])])):
        known = from_any(one)
        assert (known.message, known.exit_code) == (says, code)
