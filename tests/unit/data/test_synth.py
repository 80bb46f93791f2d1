"""Synth — synthetic tapes: same seed same rows, days, truth, and what they refuse to replace."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from botmm.cli import run
from botmm.core import TapeWriter, read_tape, tape_info
from botmm.data.synth import make, make_sample
from botmm.data.synth_plan import SynthPlan
from botmm.errors import DataError, UsageError
from botmm.units import DAY_NS, SECOND_NS

HALF_HOUR = 1800 * SECOND_NS
LEVEL, GONE, LEFT, TRADE, FRAME, CONTEXT, FUNDING = 1, 2, 3, 5, 6, 7, 8
KEYFRAME = 4


def rows_of(path: Path) -> dict[str, Any]:
    columns = read_tape(str(path))
    kept = columns["flags"] & KEYFRAME == 0
    return {name: column[kept] for name, column in columns.items()}


def plan_in(store: Path, **changes: Any) -> SynthPlan:
    return SynthPlan(store=store, **({"length_ns": HALF_HOUR} | changes))


@pytest.mark.parametrize("streams", ["classic", "modern", "full"])
def test_same_seed_gives_the_same_bytes(tmp_path: Path, streams: str) -> None:
    one, two, other = (
        make(plan_in(tmp_path / name, streams=streams, seed=seed)).written[0].path.read_bytes()
        for name, seed in (("one", 7), ("two", 7), ("other", 8))
    )
    assert one == two
    assert one != other


def test_streams_hold_what_the_venue_would_send(tmp_path: Path) -> None:
    kinds = {}
    for streams in ("classic", "modern", "full"):
        (tape,) = make(plan_in(tmp_path / streams, streams=streams)).written
        rows = rows_of(tape.path)
        assert np.all(np.diff(rows["ts_recv"]) >= 0)
        stamped = rows["kind"] != CONTEXT  # the venue sends contexts without a time
        assert np.all((rows["ts_recv"] > rows["ts_exch"])[stamped])
        numbers, counts = np.unique(rows["kind"], return_counts=True)
        kinds[streams] = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        assert tape_info(str(tape.path))["meta"]["tier"] == ("B" if streams == "full" else "C")
    assert 3300 <= kinds["classic"][FRAME] <= 3600  # each half second
    assert kinds["modern"][LEVEL] < kinds["classic"][LEVEL] < kinds["full"][LEVEL]
    assert kinds["full"].get(LEFT, 0) == 0
    assert kinds["classic"][TRADE] == kinds["modern"][TRADE]


def test_tapes_are_cut_at_midnight_of_receipt(tmp_path: Path) -> None:
    start = plan_in(tmp_path).start + DAY_NS - HALF_HOUR
    outcome = make(plan_in(tmp_path, start=start, length_ns=2 * HALF_HOUR))
    first, second = (rows_of(tape.path)["ts_recv"] for tape in outcome.written)
    midnight = start + HALF_HOUR
    assert first[-1] < midnight <= second[0]
    assert second[-1] < start + 2 * HALF_HOUR
    names = [tape.path.name for tape in outcome.written]
    assert names == ["2026-01-05.parquet", "2026-01-06.parquet"]
    funding = read_tape(str(outcome.written[1].path))
    settled = funding["ts_exch"][funding["kind"] == FUNDING]
    assert settled.tolist() == [midnight]


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, symbols=("SOL", "XRP"))
    made = make(plan)
    again = make(plan)
    assert [tape.path for tape in made.written] == again.kept
    assert not again.written
    assert len(make(plan_in(tmp_path, symbols=("SOL",), seed=9)).written) == 1


def test_a_recording_is_never_replaced(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    (path,) = plan.paths("BTC")
    path.parent.mkdir(parents=True)
    (other,) = make(plan_in(tmp_path / "other")).written
    meta = tape_info(str(other.path))["meta"] | {"source": "a recorder"}
    writer = TapeWriter(str(path), meta)
    writer.append(rows_of(other.path))
    writer.close()
    before = path.read_bytes()
    with pytest.raises(DataError, match="holds a recording"):
        make(plan)
    assert path.read_bytes() == before


def test_truth_has_a_row_an_order_with_its_samples(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "truth.parquet"
    outcome = make(plan_in(tmp_path, symbols=("BTC", "ETH"), truth=file))
    table = pq.read_table(file)
    assert table.num_rows == outcome.ghosts > 1600
    assert set(table["symbol"].to_pylist()) == {"BTC", "ETH"}
    for row in table.slice(0, 200).to_pylist():
        assert row["sample_ts"][0] == row["ts"]
        assert row["sample_ahead"][0] == row["ahead"]
        assert row["sample_ts"] == sorted(set(row["sample_ts"]))
        assert row["sample_ts"][-1] <= row["ended"]
        assert len(row["sample_qty"]) == len(row["sample_ts"])
    assert [path.name for path in file.parent.iterdir()] == ["truth.parquet"]


def test_the_sample_is_made_once(tmp_path: Path) -> None:
    path = make_sample(tmp_path)
    stamp = path.stat().st_mtime_ns
    assert make_sample(tmp_path) == path
    assert path.stat().st_mtime_ns == stamp
    assert tape_info(str(path))["meta"]["source"] == "synthetic"


def test_a_synthetic_tape_of_another_version_is_made_anew_a_recording_is_not(
    tmp_path: Path,
) -> None:
    plan = plan_in(tmp_path)
    (path,) = [written.path for written in make(plan).written]
    table = pq.read_table(path)
    meta = {**table.schema.metadata, b"botmm_schema": b"999"}
    pq.write_table(table.replace_schema_metadata(meta), path)
    assert make(plan).written[0].path == path
    assert tape_info(str(path))["meta"]["botmm_schema"] != "999"
    pq.write_table(table.replace_schema_metadata({**meta, b"source": b"recorded"}), path)
    with pytest.raises(DataError, match="tape schema 999"):
        make(plan)


def test_plain_days_are_made_once_and_whatever_was_made_with_them(tmp_path: Path) -> None:
    few = plan_in(tmp_path / "few", model="plain", length_ns=DAY_NS)
    first = make(few).written[0].path
    stamp = first.stat().st_mtime_ns
    two = plan_in(
        tmp_path / "few", model="plain", length_ns=DAY_NS + HALF_HOUR, symbols=("BTC", "SOL")
    )
    outcome = make(two)
    assert outcome.kept == [first]
    assert first.stat().st_mtime_ns == stamp
    names = [(tape.symbol, tape.path.name) for tape in outcome.written]
    assert names == [
        ("SOL", "2026-01-05.parquet"),
        ("BTC", "2026-01-06.parquet"),
        ("SOL", "2026-01-06.parquet"),
    ]
    alone = plan_in(tmp_path / "alone", model="plain", start=two.start + DAY_NS)
    (made,) = make(alone).written
    assert made.path.read_bytes() == outcome.written[1].path.read_bytes()


def test_plain_tapes_say_so_and_play_on_over_midnight(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, model="plain", length_ns=DAY_NS + HALF_HOUR)
    one, two = (tape_info(str(tape.path))["meta"] for tape in make(plan).written)
    assert json.loads(two["synthetic_market"])["model"] == "plain"
    assert (two["source"], two["tier"], two["window"]) == ("synthetic", "C", "20")
    assert two["continues_ts_recv"] == one["last_ts_recv"]
    assert int(one["last_ts_exch"]) <= int(two["first_ts_exch"])
    assert int(two["disorder_ns"]) < SECOND_NS


def test_a_plain_market_never_replaces_a_recording(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, model="plain", length_ns=DAY_NS + HALF_HOUR)
    path = plan.paths("BTC")[1]
    path.parent.mkdir(parents=True)
    (other,) = make(plan_in(tmp_path / "other")).written
    writer = TapeWriter(str(path), tape_info(str(other.path))["meta"] | {"source": "a recorder"})
    writer.append(rows_of(other.path))
    writer.close()
    with pytest.raises(DataError, match="holds a recording"):
        make(plan)
    assert [file.name for file in path.parent.iterdir()] == [path.name], "and nothing was made"


def test_command_says_that_it_is_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "synth", "--hours", "0.1", "--store", str(tmp_path), "--latency-ms", "80"]
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert "synthetic (seed 1), not recordings" in out
    assert "synth:" not in err
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["synthetic"], told["written"], len(told["kept"])) == (True, [], 1)
    rows = rows_of(Path(told["kept"][0]))
    late = (rows["ts_recv"] - rows["ts_exch"])[rows["kind"] != CONTEXT]
    assert late.min() == late.max() == 80_000_000


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--symbol", "DOGE"], "no synthetic market for DOGE"),
        (["--hours", "1", "--days", "1"], "both lengths"),
        (["--date", "soon"], "not a day"),
        (["--model", "plain", "--truth", "t.parquet"], "no orders to tell the truth about"),
        (["--model", "plain", "--streams", "full"], "not full"),
    ],
)
def test_command_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], text: str
) -> None:
    assert run(["data", "synth", "--store", str(tmp_path), *words]) == UsageError.exit_code
    assert text in capsys.readouterr().err
