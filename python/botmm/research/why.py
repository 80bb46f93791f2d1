"""Why — how a finished run's quotes came about at a moment, played again from the last keyframe."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botmm import core
from botmm.errors import DataError, UsageError
from botmm.research.keyframes import FILE, Keyframe, nearest
from botmm.research.output import MANIFEST, file_digest
from botmm.units import parse_time, time_text

SIDES = ("bids", "asks")


class Explainer(Protocol):
    """The core's replay, as far as this module uses it."""

    def why(self, ts: int) -> str:
        """Play up to a time and say how the quotes came about then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One of our orders, its price and what adds up to it; integers with their decimals."""

    side: str
    level: int
    px: int
    left: int
    state: str
    terms: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one symbol's maker had decided at a moment."""

    symbol: str
    ts: int
    facts: Mapping[str, Any]
    quotes: tuple[Quote, ...]
    absent: Mapping[str, str | None]
    caps: Mapping[str, tuple[str, ...]]


def explain(
    folder: Path, at: str, symbol: str | None, engine: Callable[..., Explainer]
) -> list[Moment]:
    """Return what was decided at a time of a run, a row a symbol.

    Raises:
        UsageError: no run, a time that is none or outside of the run, a symbol that it had not.
        DataError: a tape that is gone or is not the one that the run played.
    """
    manifest, summary = (_json(folder / name) for name in (MANIFEST, "summary.json"))
    if manifest.get("strategy") is not None:
        own = manifest["strategy"]["name"]
        raise UsageError(
            f"{folder}: the quotes are those of the strategy {own}, not of the shipped maker",
            cure="note in its on_step what it thinks",
        )
    names = [str(row["symbol"]) for row in manifest["spec"]["symbols"]]
    if symbol is not None and symbol not in names:
        raise UsageError(f"{folder} is a run of {', '.join(names)}, not of {symbol}")
    try:
        ts = parse_time(at, end=False)
    except ValueError as error:
        raise UsageError(str(error)) from None
    first, last = int(summary["core"]["first_ts"]), int(summary["core"]["last_ts"])
    if not first <= ts <= last:
        raise UsageError(
            f"--at {at} is outside of the run",
            cure=f"it goes from {time_text(first)} to {time_text(last)}",
        )
    frame = _keyframe(folder, manifest, ts)
    rows = manifest["data"]
    if frame is not None:
        rows = [row for row in rows if frame.ts <= row["last_ts"] and row["first_ts"] <= ts]
    _check_data(rows)
    going = {} if frame is None else {"saved": frame.state}
    told = json.loads(engine(json.dumps(manifest["spec"]), **going).why(ts))
    moments = [_moment(int(told["ts"]), row) for row in told["symbols"]]
    return [moment for moment in moments if symbol in {None, moment.symbol}]


def _json(path: Path) -> Any:
    """Read a file of a run."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise UsageError(
            f"{path}: not a file of a run: {error}",
            cure="name the folder that `botmm replay` wrote with --out",
        ) from None


def _keyframe(folder: Path, manifest: Mapping[str, Any], ts: int) -> Keyframe | None:
    """Return where to play from; None for the beginning: no state, or none of this core's."""
    path = folder / FILE
    if manifest.get("build") != file_digest(core.BUILD) or not path.is_file():
        return None
    return nearest(folder, ts) if file_digest(path) == manifest["files"].get(FILE) else None


def _check_data(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse tapes that are not those that the run played."""
    for row in rows:
        path = Path(row["path"])
        if not path.is_file():
            raise DataError(f"{path}: the run's tape is gone", cure="run the command where it ran")
        digest = file_digest(path)
        if digest != row["sha256"]:
            raise DataError(
                f"{path}: not the tape that the run played: sha256 {digest[:12]}, "
                f"then {row['sha256'][:12]}",
                cure="replay it again",
            )


def _moment(ts: int, row: Mapping[str, Any]) -> Moment:
    """Return a row of the core's answer."""
    quotes = tuple(
        Quote(
            side=side,
            level=int(quote["level"]),
            px=int(quote["px"]),
            left=int(quote["left"]),
            state=str(quote["state"]),
            terms=tuple((str(name), int(value)) for name, value in quote["terms"]),
        )
        for side in SIDES
        for quote in row[side]["quotes"]
    )
    return Moment(
        symbol=str(row["symbol"]),
        ts=ts,
        facts={name: value for name, value in row.items() if name not in SIDES},
        quotes=quotes,
        absent={side: row[side]["absent"] for side in SIDES},
        caps={side: tuple(row[side]["caps"]) for side in SIDES},
    )
