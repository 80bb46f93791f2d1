"""Ingest — recordings of every format become tapes with the right book, trades and metadata."""

import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from botmm.data.catalogue import day_files, read_tape, tape_path
from botmm.data.importers.recognise import Wish
from botmm.data.ingest import Request, run
from botmm.errors import DataError
from tests.unit.data import recordings as rec
from tests.unit.data.imported import (
    FRAME,
    GAP,
    Silent,
    columns,
    crossings,
    import_into,
    trades,
    walk,
)

DAY = date(2026, 2, 12)


def last_book(path: Path) -> tuple[dict[int, int], dict[int, int]]:
    *_, (_, book) = walk(columns(path))
    return book.bids, book.asks


def test_session_of_three_files_becomes_one_tape(tmp_path: Path) -> None:
    outcome = import_into(tmp_path, rec.hl_csv(tmp_path / "session"))
    (tape,) = outcome.written
    assert tape.path == tape_path(tmp_path, "hyperliquid", "BTC", DAY)
    assert (tape.tier, tape.gaps, tape.clock_offset_ns) == ("C", (), 0)
    meta = read_tape(tape.path).meta
    assert (meta["px_decimals"], meta["size_decimals"]) == ("1", "5")
    assert meta["price_rule"] == "five_figures"
    assert [s["file"] for s in json.loads(meta["sources"])] == [
        "orderbooks_BTC.csv.gz",
        "prices_BTC.csv.gz",
        "trades_BTC.csv.gz",
    ]
    cols = columns(tape.path)
    assert (np.diff(cols["ts_recv"]) >= 0).all()
    assert crossings(cols) == 0
    assert (cols["kind"] == FRAME).sum() >= 40
    bids, asks = last_book(tape.path)
    px, asks_px = rec.prices(39)
    assert bids == {int(p * 10): 150_001 for p in px}
    assert asks == {int(p * 10): 50_000 for p in asks_px}
    prints = trades(cols)
    assert prints["id"].tolist() == list(range(1000, 1040))
    assert set(prints["qty"].tolist()) == {11}
    assert prints["side"].tolist() == [-1, 1] * 20
    assert cols["ts_recv"][-1] - cols["ts_exch"][-1] == 400_000_000


def test_parquet_session_gives_the_same_rows_as_csv(tmp_path: Path) -> None:
    import_into(tmp_path / "a", rec.hl_csv(tmp_path / "csv", "ETH"))
    import_into(tmp_path / "b", rec.hl_parquet(tmp_path / "parquet", "ETH"))
    a, b = (columns(tape_path(tmp_path / s, "hyperliquid", "ETH", DAY)) for s in "ab")
    for name in a:
        assert np.array_equal(a[name], b[name]), name


def test_verbatim_frames_drop_the_backlog_and_keep_order_counts(tmp_path: Path) -> None:
    outcome = import_into(tmp_path, rec.hl_raw(tmp_path / "btc.gz"))
    (tape,) = outcome.written
    assert tape.tier == "D"
    cols = columns(tape.path)
    assert trades(cols)["id"].tolist() == list(range(78, 97))
    assert tape.quality["backlog_trades"] == 1
    levels = cols["kind"] == 1
    assert set(cols["n"][levels].tolist()) == {2}
    bids, asks = last_book(tape.path)
    assert len(bids) == len(asks) == rec.LEVELS


def test_archive_of_concatenated_frames(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path, rec.hl_archive(tmp_path / "BTC.lz4")).written
    cols = columns(tape.path)
    assert cols["ts_recv"][0] == rec.START_NS + 123_456_789
    assert (cols["kind"] == FRAME).sum() == 20
    assert tape.tier == "D"


@pytest.mark.parametrize("unit", [1, 1000])
def test_binance_clock_is_corrected_and_the_chain_kept(tmp_path: Path, unit: int) -> None:
    lines = rec.binance_lines(0, 200, snapshot=True, unit=unit)
    (tape,) = import_into(tmp_path, rec.write_gz(tmp_path / "a.gz", lines)).written
    assert tape.tier == "B"
    assert abs(tape.clock_offset_ns - 1_266_000_000) < 1_000_000
    assert tape.quality.get("sequence_gaps", 0) == 0
    cols = columns(tape.path)
    assert (cols["ts_recv"] - cols["ts_exch"])[cols["kind"] != GAP].min() >= -1_000_000
    meta = read_tape(tape.path).meta
    assert (meta["px_decimals"], meta["size_decimals"], meta["price_rule"]) == ("1", "3", "fixed:1")
    bids, asks = last_book(tape.path)
    assert bids[618_002] == 200_500
    assert asks[618_003] == 201_125
    assert len(trades(cols)["id"]) == 200


def test_small_clock_jitter_is_counted_not_corrected(tmp_path: Path) -> None:
    lines = rec.binance_lines(0, 50, snapshot=True, offset_ms=-8)
    (tape,) = import_into(tmp_path, rec.write_gz(tmp_path / "a.gz", lines)).written
    assert tape.clock_offset_ns == 0
    assert tape.quality["negative_latency"] > 0


def test_second_file_of_a_pair_continues_the_book(tmp_path: Path) -> None:
    first = rec.write_gz(tmp_path / "a.gz", rec.binance_lines(0, 50, snapshot=True))
    second = rec.write_gz(tmp_path / "b.gz", rec.binance_lines(50, 100, snapshot=False))
    (tape,) = import_into(tmp_path, first, second).written
    bids, _ = last_book(tape.path)
    assert bids[618_002] == 100_500
    assert tape.quality.get("sequence_gaps", 0) == 0


def test_missing_message_is_a_gap_and_voids_the_book(tmp_path: Path) -> None:
    lines = rec.binance_lines(0, 50, snapshot=True) + rec.binance_lines(60, 100, snapshot=False)
    (tape,) = import_into(tmp_path, rec.write_gz(tmp_path / "a.gz", lines)).written
    assert tape.quality["sequence_gaps"] == 1
    cols = columns(tape.path)
    gap = np.flatnonzero(cols["kind"] == GAP)
    assert len(gap) == 1
    assert cols["id"][gap[0]] == 2
    assert last_book(tape.path) == ({}, {})


def test_t_depth_files_join(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path, rec.t_depth(tmp_path / "depth")).written
    bids, asks = last_book(tape.path)
    assert bids == {20_377: 177, 20_376: 177}, "the third bid was deleted by the updates"
    assert asks[20_378] == 450
    assert tape.tier == "B"
    assert "receive time" in tape.notes["clock"]


def test_bybit_archive_and_session(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path / "a", rec.bybit_zip(tmp_path / "x.zip")).written
    bids, asks = last_book(tape.path)
    assert bids == {19_531: 6009, 19_530: 2409}
    assert asks == {19_532: 10_480}
    (tape,) = import_into(tmp_path / "b", rec.bybit_session(tmp_path / "B.jsonl.zst")).written
    prints = trades(columns(tape.path))
    assert set(prints["px"].tolist()) == {19_532}, "the spot connection is another market"
    assert len(prints["px"]) == 10


def test_tardis_incremental_with_trades(tmp_path: Path) -> None:
    folder = rec.tardis(tmp_path / "tardis")
    files = [*folder.glob("*incremental*"), *folder.glob("*_trades_*")]
    (tape,) = import_into(tmp_path, *files).written
    assert (tape.tier, tape.venue, tape.symbol) == ("B", "binance", "BTCUSDT")
    bids, asks = last_book(tape.path)
    scale = 10 ** int(read_tape(tape.path).meta["size_decimals"])
    assert bids[9681] == round(5.25 * scale)
    assert asks == {9682: round(1.5 * scale)}
    assert len(trades(columns(tape.path))["px"]) == 6


def test_tardis_snapshots_and_quotes(tmp_path: Path) -> None:
    folder = rec.tardis(tmp_path / "tardis")
    files = [*folder.glob("*book_snapshot*"), *folder.glob("*quotes*")]
    (tape,) = import_into(tmp_path, *files).written
    assert tape.tier == "C"
    (quotes,) = import_into(tmp_path / "q", *folder.glob("*quotes*")).written
    assert quotes.tier == "E"
    bids, asks = last_book(quotes.path)
    assert (len(bids), len(asks)) == (1, 1)


@pytest.mark.parametrize("lists", [False, True])
def test_aster_book_in_columns_and_in_lists(tmp_path: Path, lists: bool) -> None:
    outcome = import_into(tmp_path, rec.aster(tmp_path / "aster", lists=lists))
    (tape,) = outcome.written
    assert tape.tier == "D"
    assert any("without sizes" in text for text in outcome.ignored)
    bids, asks = last_book(tape.path)
    px, asks_px = rec.prices(9)
    scale = 10 ** int(read_tape(tape.path).meta["px_decimals"])
    assert set(bids) == {round(p * scale) for p in px}
    assert set(asks) == {round(p * scale) for p in (asks_px[:-1] if lists else asks_px)}
    assert set(bids.values()) == {2}
    assert set(asks.values()) == {42_726}


def test_standx_sides_are_inferred_and_said_so(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path, rec.standx(tmp_path / "standx")).written
    prints = trades(columns(tape.path))
    # Above the mid, below it, at the mid after a rise, and below the mid.
    assert prints["side"].tolist() == [1, -1, 1, -1]
    assert prints["px"].tolist() == [9_412_529, 9_412_498, 9_412_510, 9_412_510]
    assert "Lee and Ready" in tape.notes["trade_side"]
    assert tape.quality["trade_sides_inferred"] == 4
    bids, _ = last_book(tape.path)
    assert max(bids) == 9_412_510
    assert crossings(columns(tape.path)) == 0


def test_sideless_trades_without_a_book_are_refused(tmp_path: Path) -> None:
    folder = rec.standx(tmp_path / "standx")
    with pytest.raises(DataError, match="without a side"):
        import_into(tmp_path, next(folder.glob("trades*")))


def test_neutral_events(tmp_path: Path) -> None:
    path = rec.neutral(tmp_path / "events.parquet")
    (tape,) = import_into(tmp_path, path, symbols=("X",), venue="lab").written
    assert tape.path == tape_path(tmp_path, "lab", "X", DAY)
    meta = read_tape(tape.path).meta
    px, qty = 10 ** int(meta["px_decimals"]), 10 ** int(meta["size_decimals"])
    bids, asks = last_book(tape.path)
    assert bids == {
        round(p * px): round(q * qty) for p, q in ((100.5, 1.75), (100.0, 2), (99.5, 3))
    }
    assert asks == {round(p * px): round(q * qty) for p, q in ((101.0, 2), (102.0, 2))}
    assert trades(columns(tape.path))["qty"].tolist() == [round(0.125 * qty)] * 7


def test_neutral_snapshots_are_of_the_tier_of_snapshots(tmp_path: Path) -> None:
    path = rec.neutral_snapshots(tmp_path / "events.parquet")
    (tape,) = import_into(tmp_path, path, symbols=("X",), venue="lab").written
    assert tape.tier == read_tape(tape.path).meta["tier"] == "D"
    rows = columns(tape.path)
    prints = trades(rows)
    assert len(prints["px"]) == 20
    assert not np.diff(rows["ts_exch"]).min() < 0, "each snapshot is before its trades"
    assert last_book(tape.path) == ({127: 10}, {128: 20})


def neutral_book(
    tmp_path: Path, rows: list[rec.NeutralRow]
) -> tuple[dict[int, int], dict[int, int]]:
    path = rec.neutral_rows(tmp_path / "events.parquet", [*rows, (9, 2, 1, 101.5, 0.5)])
    (tape,) = import_into(tmp_path, path, symbols=("X",), venue="lab").written
    return last_book(tape.path)


def test_neutral_clears_by_side_keep_the_other_side(tmp_path: Path) -> None:
    bids = [(0, 3, 1, 0.0, 0.0), (0, 4, 1, 100.5, 1.0), (0, 4, 1, 100.0, 2.0)]
    asks = [(0, 3, -1, 0.0, 0.0), (0, 4, -1, 101.5, 3.0)]
    assert neutral_book(tmp_path / "a", [*bids, *asks]) == ({1005: 10, 1000: 20}, {1015: 30})
    later = [(5, 3, -1, 0.0, 0.0), (5, 4, -1, 102.5, 4.0)]
    changed = [(3, 1, 1, 100.0, 0.0), (3, 1, 1, 99.5, 7.0)]
    rows = [*bids, *asks, *changed, *later]
    assert neutral_book(tmp_path / "b", rows) == ({1005: 10, 995: 70}, {1025: 40})
    gone = [*bids, *asks, (5, 3, 1, 0.0, 0.0)]
    assert neutral_book(tmp_path / "c", gone) == ({}, {1015: 30})


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ([(0, 4, 1, 100.5, 1.0), (0, 4, -1, 101.5, 1.0)], 1),
        ([(0, 3, 0, 0.0, 0.0), (0, 4, 1, 100.5, 1.0), (5, 4, 1, 100.0, 1.0)], 3),
        ([(0, 3, 1, 0.0, 0.0), (0, 4, 1, 100.5, 1.0), (0, 4, -1, 101.5, 1.0)], 3),
    ],
)
def test_neutral_snapshot_without_a_clear_is_refused(
    tmp_path: Path, rows: list[rec.NeutralRow], row: int
) -> None:
    said = rf"events\.parquet: row {row}, column kind: 4 is a level of a snapshot without a clear"
    with pytest.raises(DataError, match=said) as error:
        neutral_book(tmp_path, rows)
    assert "write a clear (kind 3" in str(error.value.cure)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("absurd", [0, 5, 8_000_000_000_000_000_000])
def test_a_venue_time_that_is_none_is_counted_and_replaced(
    tmp_path: Path, kind: int, absurd: int
) -> None:
    path = rec.neutral(tmp_path / "events.parquet")
    table = pq.read_table(path)
    at = table.column("kind").to_pylist().index(kind, 12)
    times = table.column("ts_exch").to_pylist()
    times[at] = absurd
    pq.write_table(table.set_column(0, "ts_exch", pa.array(times, pa.int64())), path)
    (tape,) = import_into(tmp_path, path, symbols=("X",), venue="lab").written
    meta = read_tape(tape.path).meta
    assert int(meta["disorder_ns"]) < 10**9
    rows = columns(tape.path)
    assert abs(rows["ts_exch"] - rows["ts_recv"]).max() < 10**9
    if kind == 2 or absurd:
        assert tape.quality["bad_venue_times"] == 1
        said = rf"events\.parquet: message \d+, venue time {absurd} is more than 600 s"
        assert re.match(said, tape.notes["venue_time"])
        assert meta["note_venue_time"] == tape.notes["venue_time"]


def test_hole_becomes_a_gap_row_and_metadata(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path, rec.hl_csv(tmp_path / "s", hole=20)).written
    ((start, end),) = tape.gaps
    assert (end - start) * 1e-9 == pytest.approx(30.5)
    cols = columns(tape.path)
    gap = cols["kind"] == GAP
    assert cols["ts_exch"][gap].tolist() == [start]
    assert cols["ts_recv"][gap].tolist() == [end]
    assert read_tape(tape.path).gaps == ((start, end),)


def test_import_twice_is_skipped_and_force_gives_the_same_bytes(tmp_path: Path) -> None:
    session = rec.hl_csv(tmp_path / "session")
    (tape,) = import_into(tmp_path, session).written
    before = tape.path.read_bytes()
    again = import_into(tmp_path, session)
    assert again.written == []
    assert "already imported" in again.kept[0]
    assert len(import_into(tmp_path, session, force=True).written) == 1
    assert tape.path.read_bytes() == before


def test_other_files_of_a_day_are_refused_without_force(tmp_path: Path) -> None:
    import_into(tmp_path, rec.hl_csv(tmp_path / "a"))
    other = rec.hl_csv(tmp_path / "b", rows=30)
    with pytest.raises(DataError, match="made from other files") as caught:
        import_into(tmp_path, other)
    assert "--force" in caught.value.cure
    (tape,) = import_into(tmp_path, other, force=True).written
    assert len(trades(columns(tape.path))["id"]) == 30


def test_two_recordings_of_one_time_are_refused(tmp_path: Path) -> None:
    folder = rec.hl_csv(tmp_path / "a", rows=200)
    book = folder / "orderbooks_BTC.csv.gz"
    (folder / "again").mkdir()
    (folder / "again" / book.name).write_bytes(book.read_bytes())
    with pytest.raises(DataError, match="two recordings of one time"):
        import_into(tmp_path, folder)
    raw = rec.hl_raw(tmp_path / "btc.gz")
    with pytest.raises(DataError, match="two recordings of one time"):
        import_into(tmp_path, rec.hl_csv(tmp_path / "c"), raw)


def over_midnight(path: Path) -> Path:
    """Write frames of 100 s around midnight."""
    lines = []
    for line in rec.binance_lines(0, 1000, snapshot=True, offset_ms=0):
        stamp, _, text = line.partition(" ")
        shift = 14 * 3600 * 10**9 - 50 * 10**9
        moved = text
        for key in ("E", "T"):
            old = int(text.split(f'"{key}":')[1].split(",")[0].rstrip("}"))
            moved = moved.replace(str(old), str(old + shift // 10**6))
        lines.append(f"{int(stamp) + shift} {moved}")
    return rec.write_gz(path, lines)


def test_tapes_are_cut_at_midnight_and_start_with_the_known_book(tmp_path: Path) -> None:
    outcome = import_into(tmp_path, over_midnight(tmp_path / "a.gz"))
    first, second = outcome.written
    assert (first.day, second.day) == (DAY, date(2026, 2, 13))
    cols = columns(second.path)
    assert cols["flags"][0] & 4, "a keyframe stands first"
    bids, _ = last_book(second.path)
    assert bids == {618_002: 1_000_500, 618_001: 696}


def test_interrupted_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    source = over_midnight(tmp_path / "a.gz")
    whole = import_into(tmp_path / "whole", source)
    store = tmp_path / "store"
    first, second = import_into(store, source).written
    kept = first.path.stat().st_mtime_ns
    second.path.unlink()
    outcome = import_into(store, source)
    assert [tape.day for tape in outcome.written] == [second.day]
    assert first.path.stat().st_mtime_ns == kept, "a finished day stays finished"
    assert second.path.read_bytes() == whole.written[1].path.read_bytes()


class Interrupt(Silent):
    """Interrupts the import after some progress."""

    def __init__(self, after: float) -> None:
        super().__init__()
        self.after = after

    def update(self, fraction: float, count: int) -> None:
        super().update(fraction, count)
        if fraction >= self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [0.1, 0.6, 1.0])
def test_interrupt_leaves_nothing_half_written(tmp_path: Path, after: float) -> None:
    store = tmp_path / "store"
    request = Request(paths=(rec.hl_csv(tmp_path / "s"),), store=store)
    with pytest.raises(KeyboardInterrupt):
        run(request, Interrupt(after))
    assert [p for p in store.rglob("*") if p.is_file()] == []


def test_days_can_be_chosen(tmp_path: Path) -> None:
    source = over_midnight(tmp_path / "a.gz")
    day = date(2026, 2, 13)
    request = Request(paths=(source,), store=tmp_path, days=(day, day))
    outcome = run(request, Silent())
    assert [tape.day for tape in outcome.written] == [day]
    assert set(day_files(tmp_path, "binance", "BTCUSDT")) == {day}
    bids, _ = last_book(outcome.written[0].path)
    assert bids[618_001] == 696, "the book of the day before is carried over"


def test_inverse_contract_is_imported_and_marked(tmp_path: Path) -> None:
    lines = [
        line.replace("BTCUSDT", "BTCUSD_PERP") for line in rec.binance_lines(0, 20, snapshot=True)
    ]
    (tape,) = import_into(tmp_path, rec.write_gz(tmp_path / "cm.gz", lines)).written
    assert tape.venue == "binance-cm"
    assert read_tape(tape.path).meta["inverse"] == "true"


def test_earlier_scales_are_kept(tmp_path: Path) -> None:
    lines = rec.binance_lines(0, 50, snapshot=True)
    import_into(tmp_path, rec.write_gz(tmp_path / "a.gz", lines))
    coarse = [
        line.replace(".125", ".000").replace(".909", ".900").replace(".696", ".600")
        for line in over_midnight_lines()
    ]
    (tape,) = import_into(tmp_path, rec.write_gz(tmp_path / "b.gz", coarse)).written
    assert read_tape(tape.path).meta["size_decimals"] == "3"


def over_midnight_lines() -> list[str]:
    """Return lines of the day after."""
    shift = 86_400_000
    out = []
    for line in rec.binance_lines(0, 50, snapshot=True):
        stamp, _, text = line.partition(" ")
        old = text.split('"E":')[1].split(",")[0].rstrip("}")
        out.append(f"{int(stamp) + shift * 10**6} {text.replace(old, str(int(old) + shift))}")
    return out


def test_symbol_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data of DOGE"):
        import_into(tmp_path, rec.hl_csv(tmp_path / "s"), symbols=("DOGE",))


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    tracker = Silent()
    run(Request(paths=(rec.hl_csv(tmp_path / "s"),), store=tmp_path, wish=Wish()), tracker)
    assert tracker.fraction > 0.9
