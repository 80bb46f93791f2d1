"""Saved runs — a run that is saved and gone on with gives what one that was never stopped gives."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.core import ArgumentError, Replay
from tests.simulation.replayed import market, play, spec, taken, write


def in_pieces(told: dict[str, Any], whole: dict[str, Any], pieces: int) -> dict[str, Any]:
    """Run to the end, each piece in another object that knows only what was saved."""
    text, summary = json.dumps(told), whole["summary"]
    replay = Replay(text)
    first, last = int(summary["first_ts"]), int(summary["last_ts"])
    for ts in np.linspace(first, last + 10**9, pieces).astype(int).tolist():
        replay.why(ts)
        replay = Replay(text, saved=replay.save())
    while not replay.run(1 << 40)["done"]:
        pass
    result = Replay(text, saved=replay.save()).result()
    return {**result, "summary": json.loads(result["summary"])}


def assert_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert one["summary"] == two["summary"]
    for table in ("fills", "orders", "equity"):
        for name, column in one[table].items():
            assert np.array_equal(column, two[table][name], equal_nan=name == "ahead"), name


def two_tapes(folder: Path, streams: str, minutes: int = 30) -> list[Path]:
    """Return a market on two tapes, the second of which continues the first."""
    rows = market(streams, minutes)
    half = rows["ts_recv"] < np.median(rows["ts_recv"])
    first, second = folder / "one.parquet", folder / "two.parquet"
    written = write(first, taken(rows, half))
    write(second, taken(rows, ~half), written)
    return [first, second]


@pytest.mark.parametrize("streams", ["classic", "modern", "full"])
@pytest.mark.parametrize("queue", ["risk-averse", "qpn"])
def test_a_run_in_pieces_is_the_run(tmp_path: Path, streams: str, queue: str) -> None:
    told = spec(two_tapes(tmp_path, streams), queue=queue)
    told["symbols"][0]["params"] |= {"strategy": "adaptive", "mode": "glft"}
    whole = play(told)
    assert len(whole["fills"]["ts_exch"]) > 10
    for pieces in (7, 60):
        assert_same(in_pieces(told, whole, pieces), whole)


def test_a_run_over_a_range_in_pieces_is_the_run(tmp_path: Path) -> None:
    tapes = two_tapes(tmp_path, "modern")
    told = spec(tapes)
    start = int(play(told)["summary"]["first_ts"])
    told |= {"from": start + 600 * 10**9, "to": start + 1_500 * 10**9, "warmup_ns": 120 * 10**9}
    whole = play(told)
    assert len(whole["fills"]["ts_exch"]) > 0
    assert_same(in_pieces(told, whole, 23), whole)


def test_what_was_saved_of_another_run_is_refused(tmp_path: Path) -> None:
    one, two = (write_one(tmp_path / name, seed) for name, seed in (("one", 1), ("two", 2)))
    saved = Replay(json.dumps(one)).save()
    two["symbols"] *= 2
    with pytest.raises(ArgumentError, match="another run"):
        Replay(json.dumps(two), saved=saved)
    with pytest.raises(ArgumentError, match="saved"):
        Replay(json.dumps(one), saved=saved[: len(saved) // 2])


def write_one(folder: Path, seed: int) -> dict[str, Any]:
    """Return a run over a tape of its own."""
    folder.mkdir()
    write(folder / "tape.parquet", market("classic", 2, seed))
    return spec([folder / "tape.parquet"])
