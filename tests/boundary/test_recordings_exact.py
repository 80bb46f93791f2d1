"""Exact recordings — tapes of real files against books and counts made by plain code."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from botmm.cli import run
from botmm.data.catalogue import read_tape
from botmm.data.writing import Written
from botmm.errors import DataError
from tests.boundary.raw_counts import (
    PlainBook,
    binance_book,
    binance_trades,
    hl_last_snapshot,
    hl_trades,
    stamped_lines,
    utc_day,
)
from tests.unit.data.imported import (
    CLEAR,
    by_symbol,
    columns,
    decimals,
    final_book,
    import_into,
    import_what_can_be,
    inflated,
    trades,
)

SECOND = 1_000_000_000
PAIR = ("btcusdt_20230404.dat.gz", "btcusdt_20230405.dat.gz")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def binance(recordings: Path, store: Path) -> dict[tuple[str, str, int], Written]:
    late = (recordings / "binance_ws_raw").glob("*/*20240808.gz")
    outcome = import_into(store / "binance", *late)
    return {(tape.venue, tape.symbol, tape.day.day): tape for tape in outcome.written}


@pytest.fixture(scope="module")
def hl_whole(recordings: Path, store: Path) -> dict[tuple[str, date], Written]:
    outcome = import_into(store / "whole", recordings / "hl_ws_csv")
    return {(tape.symbol, tape.day): tape for tape in outcome.written}


def test_pieces_that_interleave_merge_by_time(
    hl_whole: dict[tuple[str, date], Written], recordings: Path
) -> None:
    """One BTC file holds pieces of five days, another a session of the fourth evening."""
    days = {day for symbol, day in hl_whole if symbol == "BTC"}
    assert days == {date(2025, 9, day) for day in range(1, 6)}
    fourth = hl_whole["BTC", date(2025, 9, 4)]
    silences = [round((end - start) / SECOND) for start, end in fourth.gaps]
    assert silences == [70_207, 17], "from the morning's piece to the session, and its own hole"
    assert {tape.tier for (_, day), tape in hl_whole.items() if day.day != 4} == {"E"}
    assert fourth.tier == "C"


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "SOL", "WLFI"])
def test_every_trade_of_a_day_is_there_once(
    hl_whole: dict[tuple[str, date], Written], recordings: Path, symbol: str
) -> None:
    days, repeated = hl_trades(*(recordings / "hl_ws_csv").glob(f"*/trades_{symbol}.csv.gz"))
    tapes = {day: tape for (name, day), tape in hl_whole.items() if name == symbol}
    for day, tape in tapes.items():
        kept = trades(columns(tape.path))["id"]
        assert len(np.unique(kept)) == len(kept)
        assert len(kept) + tape.quality.get("backlog_trades", 0) == days[day], day
    assert sum(tape.quality.get("repeated_trades", 0) for tape in tapes.values()) == repeated


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "SOL", "WLFI"])
def test_book_ends_as_the_last_snapshot_says(
    hl_whole: dict[tuple[str, date], Written], recordings: Path, symbol: str
) -> None:
    tape = hl_whole[symbol, date(2025, 9, 4)]
    folder = recordings / "hl_ws_csv" / "20250904"
    _, bids, asks = hl_last_snapshot(folder / f"orderbooks_{symbol}.csv.gz")
    px, qty = decimals(tape.path)
    wanted = PlainBook(bids, asks).scaled(px, qty)
    for got, last, best in zip(final_book(tape.path), wanted, (max, min), strict=True):
        # The touch may have moved since; what lies behind both touches is as it was.
        behind = sorted(last, reverse=best is max)[3:]
        assert len(behind) >= 15
        assert {level: got.get(level) for level in behind} == {lv: last[lv] for lv in behind}


def test_day_that_does_not_continue_has_no_book_of_before(
    hl_whole: dict[tuple[str, date], Written],
) -> None:
    for day in range(2, 6):
        tape = hl_whole["BTC", date(2025, 9, day)]
        cols = columns(tape.path)
        assert cols["kind"][0] == CLEAR, "no keyframe of another session"
        assert "continues" not in read_tape(tape.path).meta
    last = final_book(hl_whole["BTC", date(2025, 9, 5)].path)
    assert [len(side) for side in last] == [1, 1], "a touch, without the levels of the day before"


@pytest.fixture(scope="module")
def usdm(recordings: Path, store: Path) -> dict[date, Written]:
    """Import the pair of 2023 and the file of 2024 together."""
    folder = recordings / "binance_ws_raw" / "usdm"
    outcome = import_into(store / "usdm", *sorted(folder.glob("btcusdt*")))
    return {tape.day: tape for tape in outcome.written}


def test_each_day_holds_its_own_rows_on_its_own_clock(
    usdm: dict[date, Written], recordings: Path
) -> None:
    folder = recordings / "binance_ws_raw" / "usdm"
    late = date(2024, 8, 8)
    assert sorted(usdm) == [date(2023, 4, 4), date(2023, 4, 5), late, date(2024, 8, 9)]
    assert usdm[date(2023, 4, 4)].clock_offset_ns == usdm[date(2023, 4, 5)].clock_offset_ns == 0
    offset = usdm[late].clock_offset_ns
    assert offset / SECOND == pytest.approx(1.27, abs=0.01)
    wanted = binance_trades([folder / name for name in PAIR])
    wanted += binance_trades([folder / "btcusdt_20240808.gz"], offset)
    got = {day: len(trades(columns(tape.path))["id"]) for day, tape in usdm.items()}
    assert {day: count for day, count in got.items() if count} == wanted
    assert not any(tape.gaps for tape in usdm.values())
    for day, tape in usdm.items():
        recv = columns(tape.path)["ts_recv"]
        assert {utc_day(int(recv[0])), utc_day(int(recv[-1]))} == {day}


def test_book_of_the_pair_equals_one_built_from_the_lines(
    usdm: dict[date, Written], recordings: Path
) -> None:
    folder = recordings / "binance_ws_raw" / "usdm"
    book = binance_book(frame for _, frame in stamped_lines(*(folder / name for name in PAIR)))
    tape = usdm[date(2023, 4, 5)]
    assert final_book(tape.path) == book.scaled(*decimals(tape.path))


@pytest.mark.parametrize(
    ("file", "venue", "symbol"),
    [
        ("usdm/ethusdt_20240808.gz", "binance", "ETHUSDT"),
        ("cm/btcusd_perp_20240808.gz", "binance-cm", "BTCUSD_PERP"),
        ("spot/ethusdt_20240808.gz", "binance-spot", "ETHUSDT"),
    ],
)
def test_book_of_2024_equals_one_built_from_the_lines(
    binance: dict[tuple[str, str, int], Written],
    recordings: Path,
    file: str,
    venue: str,
    symbol: str,
) -> None:
    path = recordings / "binance_ws_raw" / file
    book = binance_book(frame for _, frame in stamped_lines(path))
    tape = binance[venue, symbol, 9]
    assert final_book(tape.path) == book.scaled(*decimals(tape.path))


def test_file_without_snapshot_stays_a_touch_beside_one_with(recordings: Path, store: Path) -> None:
    folder = recordings / "binance_ws_raw" / "spot"
    outcome = import_into(store / "spots", *folder.glob("btcusdt*"))
    assert [(tape.day.year, tape.tier) for tape in outcome.written] == [
        (2023, "E"),
        (2024, "B"),
        (2024, "B"),
    ]
    lone = outcome.written[0]
    assert "no snapshot" in lone.notes["book"]
    *_, ticker = (
        frame
        for _, frame in stamped_lines(folder / "btcusdt_20230405.dat.gz")
        if "B" in frame and "e" not in frame
    )
    touch = PlainBook()
    touch.change([[ticker["b"], ticker["B"]]], [[ticker["a"], ticker["A"]]])
    assert final_book(lone.path) == touch.scaled(*decimals(lone.path))


def test_inverse_contracts_are_refused_by_replay(
    binance: dict[tuple[str, str, int], Written], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = binance["binance-cm", "BTCUSD_PERP", 8]
    root = tape.path.parents[3]
    args = ["--symbol", "BTCUSD_PERP", "--venue", "binance-cm", "--date", "2024-08-08"]
    code = run(["replay", *args, "--store", str(root), "--out", str(store / "replay")])
    assert code != 0
    assert "BTCUSD_PERP" in capsys.readouterr().err


SESSIONS = {
    "BINANCE_FUTURES": ("binance", ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT")),
    "BINANCE": ("binance-spot", ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")),
}


@pytest.mark.parametrize("exchange", SESSIONS)
def test_binance_sessions(recordings: Path, store: Path, exchange: str) -> None:
    path = recordings / "ws_raw_other" / f"{exchange}.jsonl.zst"
    found = by_symbol(import_into(store / exchange, path))
    venue, symbols = SESSIONS[exchange]
    assert set(found) == set(symbols)
    lines = [json.loads(line) for line in inflated(path).splitlines()]
    for symbol in symbols:
        frames_of = []
        for line in sorted(lines[1:], key=lambda line: line["ts"]):
            if line["t"] == "http" and f"/depth?symbol={symbol}&" in line["url"]:
                frames_of.append(json.loads(line["data"]))
            elif line["t"] == "recv":
                data = json.loads(line["data"])["data"]
                frames_of += [data] if data.get("s") == symbol else []
        tape = found[symbol]
        assert (tape.venue, tape.tier) == (venue, "B")
        assert final_book(tape.path) == binance_book(frames_of).scaled(*decimals(tape.path))
        ids = {f.get("t", f.get("a")) for f in frames_of if f.get("e") in ("trade", "aggTrade")}
        assert set(trades(columns(tape.path))["id"].tolist()) == ids


def test_what_is_no_recording_is_said_plainly(recordings: Path, store: Path) -> None:
    path = recordings / "ws_raw_other" / "COINBASE.jsonl.zst"
    with pytest.raises(DataError, match="not a format we know") as caught:
        import_into(store / "coinbase", path)
    assert "hl_ws_raw" in caught.value.cure
    outcome = import_into(store / "other", recordings / "ws_raw_other")
    assert any("COINBASE" in text for text in outcome.ignored)


def test_overlap_fails_its_symbol_alone(recordings: Path, store: Path) -> None:
    outcome = import_what_can_be(store / "all", recordings / "tardis_csv")
    assert {tape.symbol for tape in outcome.written} == {"XBTUSD", "BTC-PERPETUAL"}
    (failure,) = outcome.failed
    assert "two recordings of one time" in failure.message
    assert "book_snapshot_5" in failure.message
    assert "book_snapshot_25" in failure.message


def test_tardis_levels_make_the_book_of_the_rows(recordings: Path, store: Path) -> None:
    path = recordings / "tardis_csv" / "deribit_incremental_book_L2_BTC-PERPETUAL.csv"
    (tape,) = import_into(store / "levels", path).written
    book = PlainBook()
    for row in pd.read_csv(path, dtype=str).itertuples():
        level = [[row.price, row.amount]]
        book.change(level if row.side == "bid" else [], level if row.side == "ask" else [])
    assert final_book(tape.path) == book.scaled(*decimals(tape.path))


@pytest.mark.parametrize("depth", [5, 25])
def test_tardis_snapshots_end_as_their_last_row(recordings: Path, store: Path, depth: int) -> None:
    path = recordings / "tardis_csv" / f"binance-futures_book_snapshot_{depth}_BTCUSDT.csv"
    (tape,) = import_into(store / f"depth{depth}", path).written
    row = pd.read_csv(path, dtype=str).iloc[-1]
    book = PlainBook()
    levels = [
        [[row[f"{side}[{i}].price"], row[f"{side}[{i}].amount"]] for i in range(depth)]
        for side in ("bids", "asks")
    ]
    book.change(*levels)
    got, wanted = final_book(tape.path), book.scaled(*decimals(tape.path))
    assert got == wanted


def test_tardis_quotes_end_as_their_last_row(recordings: Path, store: Path) -> None:
    path = recordings / "tardis_csv" / "binance-futures_quotes_2020-02-22_BTCUSDT.csv.gz"
    (tape,) = import_into(store / "quotes", path).written
    row = pd.read_csv(path, dtype=str).iloc[-1]
    touch = PlainBook()
    touch.change([[row.bid_price, row.bid_amount]], [[row.ask_price, row.ask_amount]])
    assert final_book(tape.path) == touch.scaled(*decimals(tape.path))
    assert tape.tier == "E"


def test_aster_days_are_apart(recordings: Path, store: Path) -> None:
    outcome = import_into(store / "asters", recordings / "aster_l2")
    found = {(tape.symbol, tape.day): tape for tape in outcome.written}
    assert not found["ETHUSDT", date(2025, 11, 28)].gaps
    silences = [(end - start) / SECOND for start, end in found["BTCUSDT", date(2025, 9, 24)].gaps]
    assert [round(silence) for silence in silences] == [19_638], "between two sessions of a day"
    files = (recordings / "aster_l2").glob("*/trades_ETHUSDT.csv.gz")
    rows = pd.concat([pd.read_csv(path) for path in files]).drop_duplicates("id")
    wanted = Counter(pd.to_datetime(rows.unix_timestamp_ms, unit="ms").dt.date)
    got = {
        day: len(trades(columns(tape.path))["id"])
        for (symbol, day), tape in found.items()
        if symbol == "ETHUSDT"
    }
    assert got == dict(wanted)


def test_hl_parquet_ends_as_its_last_snapshot(recordings: Path, store: Path) -> None:
    folder = recordings / "hl_ws_parquet" / "ETH"
    (tape,) = import_into(store / "parquet_end", folder).written
    row = pd.read_parquet(max((folder / "orderbooks").iterdir())).iloc[-1]
    px, qty = decimals(tape.path)
    for got, side in zip(final_book(tape.path), ("bid", "ask"), strict=True):
        levels = [(row[f"{side}_price_{i}"], row[f"{side}_size_{i}"]) for i in range(3, 20)]
        wanted = {round(p * 10**px): round(q * 10**qty) for p, q in levels}
        assert {level: got.get(level) for level in wanted} == wanted
    files = (folder / "trades").iterdir()
    rows = pd.concat([pd.read_parquet(path) for path in files])
    ids = set(rows.trade_id.astype("int64"))
    kept = trades(columns(tape.path))["id"].tolist()
    assert set(kept) <= ids
    assert len(kept) + tape.quality["backlog_trades"] == len(ids)


def test_hl_raw_ends_as_its_last_frame(recordings: Path, store: Path) -> None:
    (path,) = (recordings / "hl_ws_raw").glob("*.gz")
    (tape,) = import_into(store / "raw_end", path).written
    frames_of = [frame for _, frame in stamped_lines(path)]
    *_, last = (frame for frame in frames_of if "levels" in frame)
    book = PlainBook()
    book.change(*([[level["px"], level["sz"]] for level in side] for side in last["levels"]))
    assert final_book(tape.path) == book.scaled(*decimals(tape.path))


def test_bybit_archive_ends_as_its_lines_say(recordings: Path, store: Path) -> None:
    path = next((recordings / "bybit-binance-samples").glob("bybit*.zip"))
    (tape,) = import_into(store / "ob500_end", path).written
    book = PlainBook()
    for line in inflated(path).splitlines():
        frame = json.loads(line)
        if frame["type"] == "snapshot":
            book = PlainBook()
        book.change(frame["data"]["b"], frame["data"]["a"])
    for got, wanted, best in zip(
        final_book(tape.path), book.scaled(*decimals(tape.path)), (max, min), strict=True
    ):
        near = sorted(wanted, reverse=best is max)[:500]
        assert {level: wanted[level] for level in near} == got
