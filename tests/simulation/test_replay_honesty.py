"""Replay honesty — the same bytes every time, nothing known early, sums exact, fills within what traded."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from botmm.core import ArgumentError, CoreException
from botmm.units import SECOND_NS
from tests.simulation.replayed import MS, START, Columns, market, play, spec, taken, write

MINUTES = 64
TRADE, FRAME, CONTEXT, FUNDING = 5, 6, 7, 8
ORACLE, FUNDING_RATE = 1, 4
MAKER_PPM = 150
HOUR_NS = 3600 * SECOND_NS
VENUES: dict[str, dict[str, Any]] = {
    "shared": {"arrival": "shared"},
    "last": {"arrival": "last"},
    "blocks": {"arrival": "last", "block_ns": 70 * MS},
}
CUTS = (0.3, 0.61, 0.93)


@pytest.fixture(scope="module", params=["classic", "full", "modern"])
def rows(request: pytest.FixtureRequest) -> Columns:
    return market(request.param, MINUTES)


@pytest.fixture(scope="module")
def tape(rows: Columns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "tape.parquet"
    write(path, rows)
    return path


@pytest.fixture(scope="module")
def whole(tape: Path) -> dict[str, dict[str, Any]]:
    """The whole tape replayed at each venue."""
    return {name: play(spec([tape], **sim)) for name, sim in VENUES.items()}


def digest(fills: Columns, path: Path) -> str:
    parquet.write_table(pa.table(fills), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_chunks_and_processes_change_no_byte(
    tape: Path, tmp_path: Path, whole: dict[str, dict[str, Any]]
) -> None:
    told = spec([tape], arrival="shared")
    assert len(whole["shared"]["fills"]["px"]) > 50
    wanted = digest(whole["shared"]["fills"], tmp_path / "fills.parquet")
    for chunk in (1, 777, 50_000):
        again = play(told, chunk)
        assert digest(again["fills"], tmp_path / "fills.parquet") == wanted, chunk
        assert again["summary"] == whole["shared"]["summary"]
    code = (
        "import json, sys; from pathlib import Path;"
        "from tests.simulation.replayed import play;"
        "from tests.simulation.test_replay_honesty import digest;"
        "print(digest(play(json.loads(sys.argv[1]))['fills'], Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(told), str(tmp_path / "other.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == wanted


@pytest.mark.parametrize("venue", VENUES)
def test_files_of_a_tape_may_end_anywhere(
    rows: Columns, tmp_path: Path, whole: dict[str, dict[str, Any]], venue: str
) -> None:
    count = len(rows["kind"])
    parts = [tmp_path / f"{number}.parquet" for number in range(3)]
    writer = None
    for number, part in enumerate(parts):
        span = slice(number * count // 3, (number + 1) * count // 3)
        writer = write(part, taken(rows, span), writer)
    again = play(spec(parts, **VENUES[venue]))
    for table in ("fills", "orders"):
        for name, column in whole[venue][table].items():
            assert np.array_equal(column, again[table][name], equal_nan=name == "ahead"), name


def before(result: dict[str, Any], time: int) -> tuple[Columns, Columns]:
    """Return the fills that happened, and the orders that were sent, before a time."""
    fills, orders = result["fills"], result["orders"]
    sent = taken(orders, np.flatnonzero(orders["ts_sent"] < time))
    by_number = np.argsort(sent["cloid_seq"])
    names = ("cloid_seq", "side", "level", "px", "qty", "ts_sent")
    commands = {name: sent[name][by_number] for name in names}
    happened = taken(fills, np.flatnonzero(fills["ts_exch"] < time))
    # What followed a fill is not known at once.
    return {k: v for k, v in happened.items() if not k.startswith("markout")}, commands


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("cut", CUTS)
def test_a_tape_that_ends_earlier_is_the_same_until_then(
    rows: Columns, tmp_path: Path, whole: dict[str, dict[str, Any]], cut: float, venue: str
) -> None:
    end = START + int(cut * MINUTES * 60 * SECOND_NS)
    known = np.minimum(rows["ts_exch"], rows["ts_recv"]) < end
    write(tmp_path / "short.parquet", taken(rows, known))
    if venue == "shared":
        # By definition this reading of an arrival takes in the next frame.
        frames = rows["ts_exch"][known & (rows["kind"] == FRAME)]
        end = int(frames.max()) if len(frames) > 1 else end
    short = play(spec([tmp_path / "short.parquet"], **VENUES[venue]))
    for one, two in zip(before(whole[venue], end), before(short, end), strict=True):
        assert len(one["px"]) > 5
        for name, column in one.items():
            assert np.array_equal(column, two[name]), name


def test_an_altered_future_changes_nothing_before_it(
    rows: Columns, tmp_path: Path, whole: dict[str, dict[str, Any]]
) -> None:
    end = START + MINUTES * 30 * SECOND_NS
    after = np.minimum(rows["ts_exch"], rows["ts_recv"]) >= end
    altered = {name: column.copy() for name, column in rows.items()}
    sizes = after & (rows["kind"] == TRADE)
    altered["qty"][sizes] *= 50
    write(tmp_path / "altered.parquet", altered)
    one = whole["last"]
    two = play(spec([tmp_path / "altered.parquet"], arrival="last"))
    assert len(one["fills"]["px"]) != len(two["fills"]["px"]), "the alteration matters later"
    for left, right in zip(before(one, end), before(two, end), strict=True):
        for name, column in left.items():
            assert np.array_equal(column, right[name]), name


def test_a_later_delivery_moves_decisions_and_never_the_venue(
    rows: Columns, tmp_path: Path, whole: dict[str, dict[str, Any]]
) -> None:
    delay = 5 * SECOND_NS  # whole steps, so that the maker's steps meet the same rows
    late = dict(rows, ts_recv=rows["ts_recv"] + delay)
    write(tmp_path / "late.parquet", late)
    plain, delayed = whole["shared"], play(spec([tmp_path / "late.parquet"]))
    one, two = plain["orders"], delayed["orders"]
    first, later = int(one["ts_sent"].min()), int(two["ts_sent"].min())
    assert later == first + delay, "the first quote waits for the rows that it needs"
    # Until fills tell on it, the maker sends what it sent before, so much later.
    until = first + 2 * SECOND_NS
    early = np.sort(one["px"][one["ts_sent"] < until])
    assert np.array_equal(early, np.sort(two["px"][two["ts_sent"] < until + delay]))
    assert not np.array_equal(plain["fills"]["ts_exch"], delayed["fills"]["ts_exch"])
    # The venue's clock is not moved: each fill is at a time of the venue's own rows.
    for result in (plain, delayed):
        assert np.isin(result["fills"]["ts_exch"], rows["ts_exch"]).all()


def test_the_ledger_adds_up_to_the_last_unit(whole: dict[str, dict[str, Any]]) -> None:
    result = whole["shared"]
    fills, (told,) = result["fills"], result["summary"]["symbols"]
    cash = -(fills["px"] * fills["qty"] * fills["side"]).sum() - fills["fee"].sum()
    position = int((fills["qty"] * fills["side"]).sum())
    assert position == told["position"] == fills["position"][-1]
    mid2 = int(result["equity"]["mid2"][-1])
    equity2 = 2 * int(cash) + position * mid2 + told["funding2"]
    assert told["capture2"] + told["inventory2"] - told["fees2"] + told["funding2"] == equity2
    assert told["fees2"] == 2 * int(fills["fee"].sum())
    fees = fills["px"] * fills["qty"] * MAKER_PPM // 1_000_000
    assert np.array_equal(fills["fee"], fees), "truncated toward zero, once a fill"


@pytest.mark.parametrize("queue", ["risk-averse", "pow2:3", "qpn"])
def test_fills_never_exceed_what_traded(rows: Columns, tape: Path, queue: str) -> None:
    fills = play(spec([tape], queue=queue))["fills"]
    traded = fills["why"] < 2  # by the queue, or by a print through the price
    prints = rows["kind"] == TRADE
    for side in (1, -1):
        ours = traded & (fills["side"] == side)
        there = prints & (rows["side"] == -side)
        for ts in np.unique(fills["ts_exch"][ours]):
            at = there & (rows["ts_exch"] == ts)
            volume = rows["qty"][at].sum()
            assert 0 < fills["qty"][ours & (fills["ts_exch"] == ts)].sum() <= volume


def test_order_counts_are_used_where_the_tape_has_them(
    rows: Columns, tape: Path, tmp_path: Path
) -> None:
    counted, shared = (play(spec([tape], queue=queue)) for queue in ("qpn", "pow3:3"))
    assert counted["summary"]["symbols"][0]["uncounted_orders"] == 0
    assert not np.array_equal(counted["fills"]["ts_exch"], shared["fills"]["ts_exch"])
    write(tmp_path / "tape.parquet", {**rows, "n": np.zeros_like(rows["n"])})
    blind, shared = (
        play(spec([tmp_path / "tape.parquet"], queue=queue)) for queue in ("qpn", "pow3:3")
    )
    told = blind["summary"]["symbols"][0]
    assert 0 < told["uncounted_orders"] <= told["orders"]
    for name, column in blind["fills"].items():
        assert np.array_equal(column, shared["fills"][name]), f"{name}: shared by the fixed rule"


def test_an_unknown_arrival_is_refused_by_name(tape: Path) -> None:
    with pytest.raises(ArgumentError, match='arrival: "never" is neither shared nor last'):
        play(spec([tape], arrival="never"))


def last_before(rows: Columns, context: int, time: int) -> int:
    """Return what a context said last before a time."""
    known = (rows["kind"] == CONTEXT) & (rows["id"] == context) & (rows["ts_exch"] < time)
    return int(rows["qty"][np.flatnonzero(known)[np.argmax(rows["ts_exch"][known])]])


@pytest.mark.parametrize("settled", [False, True])
def test_funding_is_paid_on_what_was_held_at_the_hour(
    rows: Columns, tmp_path: Path, *, settled: bool
) -> None:
    hour = START + HOUR_NS
    rate, oracle = (last_before(rows, context, hour) for context in (FUNDING_RATE, ORACLE))
    (row,) = np.flatnonzero((rows["kind"] == FUNDING) & (rows["ts_exch"] >= hour))
    if settled:  # at a rate of its own
        rows = dict(rows, qty=rows["qty"].copy())
        rate = rows["qty"][row] = 3 * rate + 7_000_000
        oracle = int(rows["px"][row]) * 10**4
    else:
        rows = taken(rows, np.arange(len(rows["kind"])) != row)
    write(tmp_path / "tape.parquet", rows)
    result = play(spec([tmp_path / "tape.parquet"]))
    fills, funding = result["fills"], result["equity"]["funding"]
    held = int((fills["qty"] * fills["side"])[fills["ts_exch"] < hour].sum())
    assert held != 0
    # Lots of 0.01, oracle of 1e-8 and rate of 1e-12 make 1e-22; cash is in 1e-6.
    paid = int(-held * oracle * rate / 10**16)
    assert np.unique(funding).tolist() == sorted([0, paid])
    first = int(result["equity"]["ts"][np.flatnonzero(funding)[0]])
    assert hour <= first <= hour + (2 if settled else 13) * SECOND_NS
    # The maker's own ledger heard of it.
    assert result["summary"]["symbols"][0]["maker_agrees"] is True


def test_a_tape_whose_venue_times_run_back_for_years_is_refused(tmp_path: Path) -> None:
    rows = market("modern", 2)
    rows["ts_exch"] = rows["ts_exch"].copy()
    rows["ts_exch"][int(np.flatnonzero(rows["kind"] == TRADE)[3])] = 0
    write(tmp_path / "odd.parquet", rows)
    said = r"odd\.parquet: venue times run back by up to \d+ s.*import the recording anew"
    with pytest.raises(CoreException, match=said):
        play(spec([tmp_path / "odd.parquet"]))
