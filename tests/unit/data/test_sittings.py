"""Sittings — recordings of different times: what continues, what begins anew, whose clock it was."""

import gzip
import re
from datetime import date
from pathlib import Path

import pytest

from botmm.data.catalogue import read_tape
from botmm.errors import DataError
from tests.unit.data import recordings as rec
from tests.unit.data.imported import (
    CLEAR,
    GAP,
    KEYFRAME,
    columns,
    crossings,
    import_into,
    import_what_can_be,
    trades,
)

DAY_MS = 86_400_000


def later(path: Path, lines: list[str], shift_ms: int) -> Path:
    """Write lines of Binance moved by a time, update and trade ids with them."""
    moved = []
    for line in lines:
        stamp, _, text = line.partition(" ")
        text = re.sub(r'"([ET])":(\d+)', lambda m: f'"{m[1]}":{int(m[2]) + shift_ms}', text)
        text = re.sub(
            r'"(U|u|pu|t|lastUpdateId)":(\d+)', lambda m: f'"{m[1]}":{int(m[2]) + 10**7}', text
        )
        moved.append(f"{int(stamp) + shift_ms * 10**6} {text}")
    return rec.write_gz(path, moved)


def later_csv(folder: Path, shift_s: int) -> Path:
    """Write a session moved by a time."""
    rec.hl_csv(folder)
    for path in folder.iterdir():
        head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        ms = shift_s * 1000

        def moved(line: str, ms: int = ms) -> str:
            line = re.sub(r"\b(17\d{11})\b", lambda m: str(int(m[1]) + ms), line)
            return re.sub(r"^(\d+)", lambda m: str(int(m[1]) + ms // 1000), line)

        rec.write_gz(path, [head, *map(moved, lines)])
    return folder


def test_each_file_is_corrected_by_its_own_clock(tmp_path: Path) -> None:
    behind = rec.write_gz(tmp_path / "a.gz", rec.binance_lines(0, 100, snapshot=True))
    lines = rec.binance_lines(0, 100, snapshot=True, offset_ms=3)
    right = later(tmp_path / "b.gz", lines, 3 * DAY_MS)
    first, second = import_into(tmp_path / "store", behind, right).written
    assert abs(first.clock_offset_ns - 1_266_000_000) < 1_000_000
    assert second.clock_offset_ns == 0
    for tape in (first, second):
        cols = columns(tape.path)
        delays = (cols["ts_recv"] - cols["ts_exch"])[cols["kind"] != GAP]
        assert delays.min() >= 0
        assert delays.max() < 10_000_000
    assert (first.gaps, second.gaps) == ((), ())
    assert columns(second.path)["flags"][0] & KEYFRAME == 0, "no book of three days before"


def test_files_that_continue_each_other_share_one_clock(tmp_path: Path) -> None:
    """Two corrections that differ by a jitter could swap the rows at the seam."""
    one = rec.write_gz(tmp_path / "a.gz", rec.binance_lines(0, 50, snapshot=True))
    lines = rec.binance_lines(50, 100, snapshot=False, offset_ms=-1275)
    two = rec.write_gz(tmp_path / "b.gz", lines)
    (tape,) = import_into(tmp_path / "store", one, two).written
    assert tape.quality.get("sequence_gaps", 0) == 0
    sources = read_tape(tape.path).meta["sources"]
    assert len(set(re.findall(r'"clock_offset_ns": (\d+)', sources))) == 1


def test_pieces_of_other_days_interleave(tmp_path: Path) -> None:
    """One file holds the first and the third day, another the second."""
    days = [
        later_csv(tmp_path / name, shift * 86_400) for name, shift in (("a", 0), ("b", 1), ("c", 2))
    ]
    for path in days[2].iterdir():
        target = days[0] / path.name
        _, *more = gzip.decompress(path.read_bytes()).decode().splitlines()
        whole = gzip.decompress(target.read_bytes()).decode().splitlines() + more
        if "trades" in path.name:
            whole = [
                re.sub(r",1(\d{3}),", rf",{9 if i > 40 else 1}\1,", line)
                for i, line in enumerate(whole)
            ]
        rec.write_gz(target, whole)
    outcome = import_into(tmp_path / "store", days[0], days[1])
    assert [tape.day for tape in outcome.written] == [date(2026, 2, day) for day in (12, 13, 14)]
    for tape in outcome.written:
        cols = columns(tape.path)
        assert tape.gaps == ()
        assert cols["kind"][0] == CLEAR
        assert crossings(cols) == 0


def test_silence_within_a_day_stays_a_gap(tmp_path: Path) -> None:
    rec.hl_csv(tmp_path / "a")
    later_csv(tmp_path / "b", 3600)
    (tape,) = import_into(tmp_path / "store", tmp_path / "a", tmp_path / "b").written
    ((start, end),) = tape.gaps
    assert (end - start) / 1e9 == pytest.approx(3600 - 19.5)
    assert tape.quality["repeated_trades"] == 40, "the same ids again, an hour later"


def test_book_that_ends_before_its_trades_is_told_at_once(tmp_path: Path) -> None:
    folder = rec.hl_csv(tmp_path / "s", rows=200)
    for name in ("orderbooks_BTC.csv.gz", "prices_BTC.csv.gz"):
        lines = gzip.decompress((folder / name).read_bytes()).decode().splitlines()
        rec.write_gz(folder / name, lines[:101])
    (tape,) = import_into(tmp_path / "store", folder).written
    cols = columns(tape.path)
    gaps = cols["kind"] == GAP
    last_book = tape.gaps[0][0]
    assert cols["ts_recv"][gaps].tolist() == [last_book + 10 * 10**9, cols["ts_recv"][-1]]


def test_touch_without_snapshot_beside_a_book(tmp_path: Path) -> None:
    lone = rec.write_gz(tmp_path / "a.gz", rec.binance_lines(0, 50, snapshot=False))
    book = later(tmp_path / "b.gz", rec.binance_lines(0, 50, snapshot=True), 3 * DAY_MS)
    first, second = import_into(tmp_path / "store", lone, book).written
    assert (first.tier, second.tier) == ("E", "B")
    assert "no snapshot" in first.notes["book"]
    assert "book" not in second.notes


def test_snapshots_of_a_session_go_to_their_symbols(tmp_path: Path) -> None:
    outcome = import_into(tmp_path / "store", rec.binance_session(tmp_path / "F.jsonl.zst"))
    assert [(tape.venue, tape.symbol) for tape in outcome.written] == [
        ("binance", "BTCUSDT"),
        ("binance", "ETHUSDT"),
    ]
    for tape, qty in zip(outcome.written, (2, 9), strict=True):
        cols = columns(tape.path)
        first = (cols["kind"] == 1) & (cols["px"] == 618_004)
        scale = 10 ** int(read_tape(tape.path).meta["size_decimals"])
        assert cols["qty"][first].tolist() == [qty * scale]
        assert len(trades(cols)["id"]) == 20


def test_damaged_file_fails_its_symbol_alone(tmp_path: Path) -> None:
    folder = rec.hl_csv(tmp_path / "s")
    rec.hl_csv(folder, "ETH", rows=2_000)
    path = folder / "trades_ETH.csv.gz"
    path.write_bytes(path.read_bytes()[:-200])
    outcome = import_what_can_be(tmp_path / "store", folder)
    assert [tape.symbol for tape in outcome.written] == ["BTC"]
    (failure,) = outcome.failed
    assert "trades_ETH.csv.gz: truncated or corrupt" in failure.message


def test_file_whose_start_is_damaged_is_named_by_the_tapes_without_it(tmp_path: Path) -> None:
    """It could belong to any symbol, and a tape without it must not look whole."""
    folder = rec.hl_csv(tmp_path / "s")
    path = folder / "trades_BTC.csv.gz"
    sound = path.read_bytes()
    path.write_bytes(sound[:200])
    outcome = import_what_can_be(tmp_path / "store", folder)
    (failure,) = outcome.failed
    assert "trades_BTC.csv.gz: truncated or corrupt" in failure.message
    (tape,) = outcome.written
    meta = read_tape(tape.path).meta
    assert meta["note_unread"] == "not imported with it: trades_BTC.csv.gz"
    path.write_bytes(sound)
    (failure,) = import_what_can_be(tmp_path / "store", folder).failed
    assert "--force" in failure.cure
    (tape,) = import_into(tmp_path / "store", folder, force=True).written
    assert "note_unread" not in read_tape(tape.path).meta


def test_file_with_a_header_only_is_no_error(tmp_path: Path) -> None:
    folder = rec.hl_csv(tmp_path / "s")
    path = folder / "trades_BTC.csv.gz"
    rec.write_gz(path, gzip.decompress(path.read_bytes()).decode().splitlines()[:1])
    outcome = import_into(tmp_path / "store", folder)
    assert [tape.symbol for tape in outcome.written] == ["BTC"]
    assert any("trades_BTC.csv.gz: no rows" in text for text in outcome.ignored)


def test_line_that_runs_far_back_is_named(tmp_path: Path) -> None:
    lines = rec.binance_lines(0, 20, snapshot=True)
    stamp, _, text = lines[30].partition(" ")
    lines[30] = f"{int(stamp) - 90 * 10**9} {text}"
    with pytest.raises(DataError, match=r"line 31: receive time \d+ is 89 s before"):
        import_into(tmp_path / "store", rec.write_gz(tmp_path / "a.gz", lines))


def test_time_beyond_all_recordings_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trades_BTC.csv"
    head = "timestamp,price,size,side,trade_id,exchange_timestamp"
    path.write_text(
        f"{head}\n{rec.START}.5,100.5,1,buy,7,{rec.START_MS}\n99999999999,1,1,buy,8,1\n"
    )
    with pytest.raises(DataError, match="row 2, column timestamp"):
        import_into(tmp_path / "store", path)
