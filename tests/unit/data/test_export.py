"""Export — CSV and Parquet read back the same; hftbacktest sees the book that we see."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from botmm.data.catalogue import Tape, read_tape
from botmm.data.export import H_EXCH, H_LOCAL, HFT_DTYPE, export, ordered
from tests.unit.data import recordings as rec
from tests.unit.data.imported import columns, import_into, walk


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    lines = rec.binance_lines(0, 100, snapshot=True, offset_ms=0)
    (written,) = import_into(tmp_path, rec.write_gz(tmp_path / "a.gz", lines)).written
    return read_tape(written.path)


def test_csv_is_exact(tape: Tape, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    rows = export([tape], target, "csv")
    table = csv.read_csv(target)
    cols = columns(tape.path)
    assert rows == table.num_rows == len(cols["px"])
    px = np.rint(np.array(table.column("px").to_pylist(), float) * 10).astype(np.int64)
    assert np.array_equal(px, cols["px"])
    assert "61800.3" in target.read_text()
    assert [p for p in tmp_path.iterdir() if ".tmp-" in p.name] == []


def test_native_parquet_is_the_rows(tape: Tape, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    export([tape], target, "native")
    table = pq.read_table(target)
    for name, values in columns(tape.path).items():
        assert np.array_equal(table.column(name).to_numpy(), values), name


def test_neutral_export_imports_to_the_same_book(tape: Tape, tmp_path: Path) -> None:
    target = tmp_path / "events.parquet"
    export([tape], target, "parquet")
    assert pq.read_table(target).schema.names == [
        "ts_exch",
        "ts_local",
        "kind",
        "side",
        "px",
        "qty",
    ]
    (again,) = import_into(tmp_path / "again", target, venue="lab").written
    *_, (_, ours) = walk(columns(tape.path))
    *_, (_, theirs) = walk(columns(again.path))
    assert (ours.bids, ours.asks) == (theirs.bids, theirs.asks)


def test_hft_dtype_is_hftbacktests_own() -> None:
    types = pytest.importorskip("hftbacktest.types")
    assert types.event_dtype == HFT_DTYPE
    assert (types.EXCH_EVENT, types.LOCAL_EVENT) == (H_EXCH, H_LOCAL)


def test_late_rows_are_given_to_each_clock_in_its_order() -> None:
    data = np.zeros(5, HFT_DTYPE)
    data["exch_ts"] = [10, 30, 20, 40, 35]
    data["local_ts"] = [50, 51, 52, 53, 54]
    data["px"] = range(5)
    out = ordered(data)
    exch, local = (out[out["ev"] & np.uint64(flag) != 0] for flag in (H_EXCH, H_LOCAL))
    assert exch["exch_ts"].tolist() == [10, 20, 30, 35, 40]
    assert local["local_ts"].tolist() == [50, 51, 52, 53, 54]
    assert exch["px"].tolist() == [0, 2, 1, 4, 3]
    assert local["px"].tolist() == [0, 1, 2, 3, 4]


def test_hftbacktest_reads_the_file_and_sees_our_touch(tape: Tape, tmp_path: Path) -> None:
    hft = pytest.importorskip("hftbacktest")
    target = tmp_path / "out.npz"
    rows = export([tape], target, "hft")
    with np.load(target) as file:
        assert file["data"].dtype == HFT_DTYPE
        assert len(file["data"]) == rows
    asset = (
        hft.BacktestAsset()
        .data([str(target)])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.1)
        .lot_size(0.001)
    )
    backtest = hft.HashMapMarketDepthBacktest([asset])
    while backtest.wait_next_feed(False, 10**12) == 2:
        pass
    depth = backtest.depth(0)
    *_, (_, book) = walk(columns(tape.path))
    bid, ask = book.touch
    assert (round(depth.best_bid * 10), round(depth.best_ask * 10)) == (bid, ask)
    assert round(depth.best_bid_qty * 1000) == book.bids[bid]
    backtest.close()
