"""Importers on real recordings — counts and facts of the folders' own READMEs."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from botmm.data.catalogue import read_tape
from botmm.data.quality import check
from botmm.data.writing import Written
from tests.unit.data.imported import (
    FRAME,
    GAP,
    KEYFRAME,
    LEVEL,
    by_symbol,
    columns,
    crossings,
    import_into,
    trades,
)

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


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
