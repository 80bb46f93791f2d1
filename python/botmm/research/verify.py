"""Verify — vector files against the shipped functions, judged key by key."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botmm.core import CoreException
from botmm.errors import DataError
from botmm.research.vectors.adaptation import ADAPTATION
from botmm.research.vectors.case import Case, Key, Runner
from botmm.research.vectors.performance import PERFORMANCE
from botmm.research.vectors.queues import QUEUES
from botmm.research.vectors.quoting import QUOTING
from botmm.research.vectors.signals import SIGNALS
from botmm.research.vectors.trends import TRENDS

TOLERANCE = 1e-9

# Keys that other keys of their file read; they hold nothing to compare.
_GIVEN: dict[str, frozenset[str]] = {
    "book": frozenset({"tick", "snapshots", "trades"}),
    "candlesim": frozenset({"tick", "lot", "max_pos"}),
    "features": frozenset({"names"}),
    "latency": frozenset({"feed", "recorded_rows", "blocks"}),
    "markout": frozenset({"mid_times", "mids", "fee_bps", "candles_file"}),
    "metrics": frozenset({"daily_returns"}),
    "queue": frozenset({"qpn", "log_unit"}),
    "supervisor": frozenset({"configs"}),
}
_RUNNERS = (*QUOTING, *QUEUES, *SIGNALS, *TRENDS, *ADAPTATION, *PERFORMANCE)
# What a malformed file can make of running it.
_MALFORMED = (
    ArithmeticError,
    AttributeError,
    CoreException,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first case of a key that does not hold."""

    case: str
    got: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyResult:
    """The verdict on one top-level key of one file."""

    file: str
    key: str
    cases: int
    passed: int
    missing: bool
    failure: Failure | None

    @property
    def ok(self) -> bool:
        """Whether every case holds, and there is one."""
        return self.failure is None and not self.missing and self.cases > 0


def verify(folder: Path) -> list[KeyResult]:
    """Run every vector file of a folder through the shipped functions.

    Args:
        folder: holds the JSON files and the CSV files they name.

    Returns:
        One result a key, by file and in the order of the file.

    Raises:
        DataError: there are no vector files, or one is not JSON.
    """
    results = []
    for path in sorted(folder.glob("*.json")):
        file = _load(path)
        given = _GIVEN.get(path.stem, frozenset()) | {"note"}
        for name in [name for name in file if name not in given]:
            key = Key(name=name, value=file[name], file=file, folder=folder)
            results.append(_judged(path, key))
    if not results:
        raise DataError(
            f"no vector files in {folder}", cure="name a folder like tests/golden/vectors"
        )
    return results


def _load(path: Path) -> dict[str, Any]:
    """Return the content of a vector file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: not readable as JSON: {error}", cure="restore the file"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}, not keys", cure="restore it")
    return content


def _runner(stem: str, name: str) -> Runner | None:
    """Return who runs a key of a file, None if nobody can yet."""
    for file, pattern, runner in _RUNNERS:
        if file == stem and re.fullmatch(pattern, name):
            return runner
    return None


def _judged(path: Path, key: Key) -> KeyResult:
    """Run the cases of one key up to the first that cannot be run."""
    runner = _runner(path.stem, key.name)
    cases, passed, failure = 0, 0, None
    if runner is not None:
        try:
            for case in runner(key):
                cases += 1
                wrong = difference(case)
                passed += wrong is None
                failure = failure or wrong
        except _MALFORMED as error:
            cases += 1
            got = f"cannot be run: {type(error).__name__}: {error}"
            failure = failure or Failure(case=f"after {cases - 1} cases", got=got, wanted="a case")
        if cases == 0:
            failure = Failure(case="none", got="no cases", wanted="at least one")
    return KeyResult(
        file=path.name,
        key=key.name,
        cases=cases,
        passed=passed,
        missing=runner is None,
        failure=failure,
    )


def difference(case: Case) -> Failure | None:
    """Return the first place where a case differs, None if it holds.

    Floats are equal within 1e-9 of the larger (at least of 1); all else must be the same, and
    every wanted field must be there.
    """
    found = _first_difference(case.got, case.wanted, "")
    if found is None:
        return None
    where, got, wanted = found
    return Failure(case=case.name + where, got=_text(got), wanted=_text(wanted))


_Place = tuple[str, Any, Any]


def _first_difference(got: Any, wanted: Any, where: str) -> _Place | None:
    """Return where two values differ first, with both sides."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return where, got, wanted
        pairs = [(f".{name}", got.get(name, _ABSENT), wanted[name]) for name in wanted]
    elif isinstance(wanted, list):
        if not isinstance(got, list | tuple) or len(got) != len(wanted):
            return where, got, wanted
        pairs = [(f"[{at}]", *pair) for at, pair in enumerate(zip(got, wanted, strict=True))]
    else:
        return None if _same(got, wanted) else (where, got, wanted)
    for step, one, other in pairs:
        found = _first_difference(one, other, where + step)
        if found is not None:
            return found
    return None


class _Absent:
    """Stands where a wanted field is not there."""

    def __repr__(self) -> str:
        """Say so."""
        return "nothing"


_ABSENT = _Absent()


def _same(got: Any, wanted: Any) -> bool:
    """Whether two plain values are equal."""
    if _is_number(got) and _is_number(wanted) and float in (type(got), type(wanted)):
        if not (math.isfinite(got) and math.isfinite(wanted)):
            return bool(got == wanted)
        return bool(abs(got - wanted) <= TOLERANCE * max(1.0, abs(got), abs(wanted)))
    return type(got) is type(wanted) and bool(got == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    """Return a value as messages show it: exact, but not endless."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
