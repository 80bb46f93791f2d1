"""Importers on real recordings — counts and facts of the folders' own READMEs."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from botmm.cli import run
from botmm.data.catalogue import read_tape
from botmm.data.importers.opening import Opened
from botmm.data.ingest import Outcome
from botmm.data.quality import check
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
    FRAME,
    GAP,
    GONE,
    KEYFRAME,
    LEFT,
    LEVEL,
    columns,
    crossings,
    import_into,
    import_what_can_be,
    trades,
)

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def inflated(path: Path) -> bytes:
    with Opened(path) as opened:
        return opened.read()


def by_symbol(outcome: Outcome) -> dict[str, Written]:
    return {tape.symbol: tape for tape in outcome.written}


def frames(tape: Written) -> int:
    cols = columns(tape.path)
    return int(((cols["kind"] == FRAME) & (cols["flags"] & KEYFRAME == 0)).sum())


@pytest.fixture(scope="module")
def hl_session(recordings: Path, store: Path) -> dict[str, Written]:
    return by_symbol(import_into(store / "csv", recordings / "hl_ws_csv" / "20250904"))


# Trades that the README counts, less the ids that repeat after the reconnect.
@pytest.mark.parametrize(
    ("symbol", "prints", "repeated", "px_decimals"),
    [("BTC", 4568, 0, 1), ("ETH", 5132, 17, 2), ("SOL", 3125, 10, 4), ("WLFI", 1942, 8, 6)],
)
def test_hl_csv_session(
    hl_session: dict[str, Written], symbol: str, prints: int, repeated: int, px_decimals: int
) -> None:
    tape = hl_session[symbol]
    assert (tape.day, tape.tier, tape.venue) == (date(2025, 9, 4), "C", "hyperliquid")
    cols = columns(tape.path)
    ids = trades(cols)["id"]
    assert len(set(ids.tolist())) == len(ids)
    assert tape.quality.get("repeated_trades", 0) == repeated
    assert len(ids) + repeated + tape.quality.get("backlog_trades", 0) == prints
    assert crossings(cols) == 0
    assert read_tape(tape.path).meta["px_decimals"] == str(px_decimals)
    assert read_tape(tape.path).meta["price_rule"] == "five_figures"


def test_hl_csv_hole_is_a_gap(hl_session: dict[str, Written]) -> None:
    for tape in hl_session.values():
        ((start, end),) = tape.gaps
        assert (end - start) / SECOND == pytest.approx(18, abs=1)
    cols = columns(hl_session["BTC"].path)
    quiet = np.diff(cols["ts_recv"]).max() / SECOND
    assert quiet < 20


def test_hl_csv_prices_are_exact(hl_session: dict[str, Written], recordings: Path) -> None:
    import gzip

    path = recordings / "hl_ws_csv" / "20250904" / "trades_BTC.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    wanted = {}
    for line in lines:
        _, px, qty, side, tid, _ = line.split(",")
        sign = 1 if side == "buy" else -1
        wanted[int(tid)] = (Decimal(px) * 10, Decimal(qty) * 100_000, sign)
    got = trades(columns(hl_session["BTC"].path))
    for i, tid in enumerate(got["id"].tolist()):
        assert (got["px"][i], got["qty"][i], got["side"][i]) == wanted[tid]


def test_hl_touch_and_trades_only(recordings: Path, store: Path) -> None:
    folder = recordings / "hl_ws_csv" / "20250901_07_bbo_trades"
    tapes = import_into(store / "bbo", folder).written
    assert [tape.day.day for tape in tapes] == [1, 2, 3, 4, 5]
    assert {tape.tier for tape in tapes} == {"E"}
    # On two days the touch ended minutes before the trades; each piece is a session of its own.
    silences = [[round((end - start) / SECOND) for start, end in tape.gaps] for tape in tapes]
    assert silences == [[685], [], [], [188], []]


def test_hl_parquet(recordings: Path, store: Path) -> None:
    (tape,) = import_into(store / "parquet", recordings / "hl_ws_parquet").written
    assert (tape.symbol, tape.day, tape.tier) == ("ETH", date(2025, 12, 10), "C")
    assert [round((end - start) / SECOND) for start, end in tape.gaps] == [243]
    cols = columns(tape.path)
    kept = len(trades(cols)["id"])
    dropped = tape.quality.get("repeated_trades", 0) + tape.quality.get("backlog_trades", 0)
    assert kept + dropped == 4701
    assert crossings(cols) == 0
    levels = cols["kind"] == LEVEL
    px = cols["px"][levels & (cols["side"] == 1)]
    assert px.min() > 3300_00
    assert px.max() < 3400_00
    assert len(json.loads(read_tape(tape.path).meta["sources"])) == 39


def test_hl_raw(recordings: Path, store: Path) -> None:
    (tape,) = import_into(store / "raw", recordings / "hl_ws_raw").written
    assert (tape.symbol, tape.tier, tape.day) == ("BTC", "D", date(2025, 1, 26))
    cols = columns(tape.path)
    assert tape.quality["backlog_trades"] > 0
    assert cols["n"][cols["kind"] == LEVEL].max() >= 10
    assert crossings(cols) == 0


PAIR = ("btcusdt_20230404.dat.gz", "btcusdt_20230405.dat.gz")


@pytest.fixture(scope="module")
def binance(recordings: Path, store: Path) -> dict[tuple[str, str, int], Written]:
    folder = recordings / "binance_ws_raw"
    late = list(folder.glob("*/*20240808.gz"))
    outcome = import_into(store / "binance", *late)
    return {(t.venue, t.symbol, t.day.day): t for t in outcome.written}


@pytest.mark.parametrize(
    ("key", "offset_s", "prints"),
    [
        (("binance", "BTCUSDT"), 1.27, 21_313),
        (("binance", "ETHUSDT"), 1.27, 14_076),
        (("binance-cm", "BTCUSD_PERP"), 1.27, 2_286),
        (("binance-cm", "ETHUSD_PERP"), 1.27, 1_732),
        (("binance-spot", "BTCUSDT"), 1.27, 9_757),
        (("binance-spot", "ETHUSDT"), 1.27, 6_106),
    ],
)
def test_binance_2024(
    binance: dict[tuple[str, str, int], Written],
    key: tuple[str, str],
    offset_s: float,
    prints: int,
) -> None:
    tapes = [tape for (venue, symbol, _), tape in sorted(binance.items()) if (venue, symbol) == key]
    assert tapes
    for tape in tapes:
        assert abs(tape.clock_offset_ns / SECOND - offset_s) < 0.02
        assert tape.quality.get("sequence_gaps", 0) == 0, "the chain of update ids is unbroken"
        assert tape.tier == "B"
        inverse = read_tape(tape.path).meta["inverse"]
        assert inverse == ("true" if key[0] == "binance-cm" else "false")
    parts = [columns(tape.path) for tape in tapes]
    assert sum(len(trades(part)["id"]) for part in parts) == prints
    assert sum(map(crossings, parts)) == 0
    delays = np.concatenate(
        [(part["ts_recv"] - part["ts_exch"])[part["kind"] != GAP] for part in parts]
    )
    assert np.median(delays) / 1e6 < 20, "what is left of the delay is milliseconds"


def test_binance_pair_carries_the_book_over(recordings: Path, store: Path) -> None:
    folder = recordings / "binance_ws_raw" / "usdm"
    outcome = import_into(store / "pair", *(folder / name for name in PAIR))
    assert [tape.day.day for tape in outcome.written] == [4, 5]
    for tape in outcome.written:
        assert tape.quality.get("sequence_gaps", 0) == 0
        assert tape.clock_offset_ns == 0
        assert tape.quality["negative_latency"] > 0
        assert tape.tier == "B"
    total = sum(len(trades(columns(tape.path))["id"]) for tape in outcome.written)
    # One print of the second file is the insurance fund's, not the market's.
    assert total == 2_197 + 10_738 - 1
    second = columns(outcome.written[1].path)
    keyframe = second["flags"] & KEYFRAME != 0
    assert keyframe[0]
    assert (keyframe & (second["kind"] == LEVEL)).sum() > 500


def test_binance_file_without_snapshot_is_touch_and_trades(recordings: Path, store: Path) -> None:
    path = recordings / "binance_ws_raw" / "spot" / "btcusdt_20230405.dat.gz"
    (tape,) = import_into(store / "spot", path).written
    assert tape.tier == "E"
    assert len(trades(columns(tape.path))["id"]) == 3_144


def test_aster(recordings: Path, store: Path) -> None:
    outcome = import_into(store / "aster", recordings / "aster_l2" / "20250924_1837")
    found = by_symbol(outcome)
    assert len(trades(columns(found["BTCUSDT"].path))["id"]) == 2_446
    assert len(trades(columns(found["ETHUSDT"].path))["id"]) == 1_362
    assert {tape.tier for tape in outcome.written} == {"D"}
    (late,) = import_into(store / "aster", recordings / "aster_l2" / "20251128_1034").written
    assert frames(late) >= 5_000
    assert crossings(columns(late.path)) == 0


def test_standx_first_day(recordings: Path, store: Path) -> None:
    folder = recordings / "standx_l2"
    names = ("book_BTC-USD_2026-01-05.parquet", "trades_BTC-USD_2026-01-05.parquet")
    outcome = import_into(store / "standx", *(folder / name for name in names))
    assert sum(map(frames, outcome.written)) >= 12_000
    parts = [columns(tape.path) for tape in outcome.written]
    assert sum(len(trades(part)["px"]) for part in parts) == 2_802
    assert sum(map(crossings, parts)) == 0
    prints = trades(parts[0])
    assert 0.2 < (prints["side"] > 0).mean() < 0.8
    report = check(read_tape(outcome.written[0].path))
    assert 0.2 < report.shares()["locked"] < 0.8, "half of the snapshots are locked"
    assert report.shares()["crossed"] == 0.0


def tardis_files(recordings: Path) -> Iterator[Path]:
    yield from (recordings / "tardis_csv").glob("*_2020-02-22_*")


def test_tardis(recordings: Path, store: Path) -> None:
    (tape,) = import_into(store / "tardis", *tardis_files(recordings)).written
    assert (tape.venue, tape.symbol, tape.tier) == ("binance", "BTCUSDT", "E")
    assert len(trades(columns(tape.path))["id"]) == 6_999
    folder = recordings / "tardis_csv"
    for name, rows in (("book_snapshot_25", 25), ("book_snapshot_5", 5)):
        path = folder / f"binance-futures_{name}_BTCUSDT.csv"
        (book,) = import_into(store / name, path).written
        cols = columns(book.path)
        assert frames(book) == 10
        assert int(read_tape(book.path).meta["window"]) == rows
        assert crossings(cols) == 0
    (deribit,) = import_into(
        store / "d", folder / "deribit_incremental_book_L2_BTC-PERPETUAL.csv"
    ).written
    assert (deribit.venue, deribit.tier) == ("deribit", "B")
    (bitmex,) = import_into(store / "b", folder / "bitmex_trades_XBTUSD.csv").written
    assert len(trades(columns(bitmex.path))["px"]) == 10


def test_bybit(recordings: Path, store: Path) -> None:
    folder = recordings / "bybit-binance-samples"
    (tape,) = import_into(store / "ob500", next(folder.glob("bybit*.zip"))).written
    assert (tape.symbol, tape.tier, tape.quality["frames"]) == ("XRPUSDT", "B", 50)
    assert tape.quality.get("sequence_gaps", 0) == 0
    session = by_symbol(
        import_into(store / "session", recordings / "ws_raw_other" / "BYBIT.jsonl.zst")
    )
    # Of BTC 714 and ETH 671 frames, 300 and 250 are the spot market's.
    frames_of = {"BTCUSDT": 414, "ETHUSDT": 421, "SOLUSDT": 383, "DOGEUSDT": 380}
    assert {symbol: session[symbol].quality["frames"] for symbol in frames_of} == frames_of
    for tape in session.values():
        assert crossings(columns(tape.path)) == 0


def test_t_depth_heads_do_not_join_and_say_so(recordings: Path, store: Path) -> None:
    folder = recordings / "bybit-binance-samples"
    (tape,) = import_into(store / "t", *folder.glob("binance_um*T_DEPTH*")).written
    assert tape.symbol == "BTCUSDT"
    assert tape.quality["sequence_gaps"] >= 1
    cols = columns(tape.path)
    assert (cols["kind"] == GAP).sum() == 1


def final_book(path: Path) -> tuple[dict[int, int], dict[int, int]]:
    """Return both sides after the last row of a tape."""
    cols = columns(path)
    sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
    kinds, side_of = cols["kind"].tolist(), cols["side"].tolist()
    for kind, side, px, qty in zip(
        kinds, side_of, cols["px"].tolist(), cols["qty"].tolist(), strict=True
    ):
        if kind == LEVEL:
            sides[side][px] = qty
        elif kind in (GONE, LEFT):
            sides[side].pop(px, None)
        elif kind == CLEAR:
            for cleared in (side,) if side else (1, -1):
                sides[cleared].clear()
    return sides[1], sides[-1]


def decimals(path: Path) -> tuple[int, int]:
    meta = read_tape(path).meta
    return int(meta["px_decimals"]), int(meta["size_decimals"])


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
