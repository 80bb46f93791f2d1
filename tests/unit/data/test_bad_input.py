"""Bad input — each defect is a named error with file, row and value, or a counted record."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from botmm.data.importers.opening import Opened
from botmm.errors import DataError
from tests.unit.data import recordings as rec
from tests.unit.data.imported import columns, import_into, import_what_can_be, trades

HEAD = "timestamp,price,size,side,trade_id,exchange_timestamp"


def trades_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "trades_BTC.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n")
    return path


GOOD = f"{rec.START}.5,100.5,1,buy,7,{rec.START_MS}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"{rec.START}.6,nan,1,buy,8,{rec.START_MS}", "row 2, column price: 'nan'"),
        (f"{rec.START}.6,100.5,-1,buy,8,{rec.START_MS}", "row 2, column size: '-1' is negative"),
        (f"{rec.START}.6,-100.5,1,buy,8,{rec.START_MS}", "row 2, column price: '-100.5'"),
        (f"{rec.START}.6,100.5,1,both,8,{rec.START_MS}", "row 2, column side: 'both'"),
        (f"later,100.5,1,buy,8,{rec.START_MS}", "row 2, column timestamp: 'later'"),
        (f"{rec.START}.6,1e2x,1,buy,8,{rec.START_MS}", "row 2, column price: '1e2x'"),
        (f"{rec.START}.6,100.0000000001,1,buy,8,{rec.START_MS}", "row 2, column price"),
        (f"{rec.START - 60}.6,100.5,1,buy,8,{rec.START_MS}", "row 2, column timestamp"),
        (f"{rec.START}.6,100.5,1,buy", "trades_BTC.csv: CSV parse error"),
    ],
)
def test_bad_cell_is_named_by_file_row_and_value(tmp_path: Path, line: str, shown: str) -> None:
    with pytest.raises(DataError) as caught:
        import_into(tmp_path / "store", trades_file(tmp_path, GOOD, line))
    assert shown in caught.value.message
    assert "trades_BTC.csv" in caught.value.message
    assert not (tmp_path / "store").exists()


def test_nan_in_parquet_is_named(tmp_path: Path) -> None:
    folder = rec.hl_parquet(tmp_path / "p")
    path = next((folder / "ETH" / "trades").iterdir())
    table = pq.read_table(path).to_pandas()
    table.loc[3, "size"] = np.nan
    schema = pq.read_schema(path)
    size = pa.array(table["size"].to_numpy(), pa.float64(), from_pandas=False)
    fixed = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
    fixed = fixed.set_column(schema.get_field_index("size"), "size", size)
    pq.write_table(fixed, path)
    with pytest.raises(DataError, match="row 4, column size: nan is not a number"):
        import_into(tmp_path / "store", folder)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (pa.list_(pa.string()), "1.0"),
        (pa.list_(pa.float64()), 1.0),
        (pa.list_(pa.struct([("px", pa.string())])), {"px": "1.0"}),
        (pa.list_(pa.list_(pa.float64())), [1.0]),
    ],
)
def test_lists_of_anything_but_levels_are_named(
    tmp_path: Path, kind: pa.DataType, level: object
) -> None:
    path = rec.aster(tmp_path / "aster", lists=True) / "orderbook_BTCUSDT.parquet"
    table = pq.read_table(path)
    bids = pa.array([[level]] * len(table), kind)
    pq.write_table(table.set_column(table.schema.names.index("bids"), "bids", bids), path)
    with pytest.raises(DataError, match=r"orderbook_BTCUSDT.*column bids: .* is no list of \["):
        import_into(tmp_path / "store", path)


def test_newest_first_is_refused(tmp_path: Path) -> None:
    lines = [f"{rec.START + 9 - i}.5,100.5,1,buy,{i + 1},{rec.START_MS}" for i in range(10)]
    with pytest.raises(DataError, match="newest first"):
        import_into(tmp_path / "store", trades_file(tmp_path, *lines))


def test_small_steps_back_keep_the_order_and_are_counted(tmp_path: Path) -> None:
    lines = [
        f"{rec.START}.5,100.5,1,buy,1,{rec.START_MS}",
        f"{rec.START}.7,100.5,1,buy,2,{rec.START_MS}",
        f"{rec.START}.6,100.5,1,buy,3,{rec.START_MS}",
    ]
    (tape,) = import_into(tmp_path / "store", trades_file(tmp_path, *lines)).written
    assert tape.quality["receive_time_backward"] == 1
    prints = trades(columns(tape.path))
    assert prints["id"].tolist() == [1, 2, 3]
    assert np.diff(prints["ts_recv"]).tolist() == [200_000_000, 0]


def test_repeated_trades_are_dropped_once_by_id(tmp_path: Path) -> None:
    lines = [
        f"{rec.START + i}.5,100.5,1,buy,{i % 3 + 1},{rec.START_MS + 1000 * i}" for i in range(6)
    ]
    (tape,) = import_into(tmp_path / "store", trades_file(tmp_path, *lines)).written
    assert tape.quality["repeated_trades"] == 3
    assert trades(columns(tape.path))["id"].tolist() == [1, 2, 3]


def test_prices_off_the_venues_grid_are_counted(tmp_path: Path) -> None:
    """Whole prices and those of five figures are on Hyperliquid's grid."""
    prices = ("123456", "100.51", "100.512", "0.012345", "99999.5")
    lines = [
        f"{rec.START + i}.5,{px},1,buy,{i + 1},{rec.START_MS + 1000 * i}"
        for i, px in enumerate(prices)
    ]
    (tape,) = import_into(tmp_path / "store", trades_file(tmp_path, *lines)).written
    assert tape.quality["off_grid"] == 2
    assert len(trades(columns(tape.path))["px"]) == 5


def test_one_negative_latency_is_counted_and_shifts_nothing(tmp_path: Path) -> None:
    lines = [
        f"{rec.START + i}.5,100.5,1,buy,{i + 1},{rec.START_MS + 1000 * i + (900 if i == 3 else 0)}"
        for i in range(8)
    ]
    (tape,) = import_into(tmp_path / "store", trades_file(tmp_path, *lines)).written
    assert tape.quality["negative_latency"] == 1
    assert tape.clock_offset_ns == 0
    first = trades(columns(tape.path))["ts_recv"][0]
    assert first == rec.START_NS + 500_000_000


def test_duplicate_snapshots_are_counted(tmp_path: Path) -> None:
    folder = rec.hl_csv(tmp_path / "s")
    path = folder / "orderbooks_BTC.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    rec.write_gz(path, [lines[0], *(line for line in lines[1:] for _ in range(2))])
    (tape,) = import_into(tmp_path / "store", folder).written
    assert tape.quality["duplicate_rows"] == 40


MAKERS: dict[str, Callable[[Path], Path]] = {
    "csv.gz": lambda p: rec.hl_csv(p) / "orderbooks_BTC.csv.gz",
    "parquet": lambda p: sorted((rec.hl_parquet(p) / "ETH" / "orderbooks").iterdir())[0],
    "lz4": lambda p: rec.hl_archive(p / "BTC.lz4"),
    "raw.gz": lambda p: rec.hl_raw(p / "btc.gz"),
    "zip": lambda p: rec.bybit_zip(p / "x.zip"),
    "zst": lambda p: rec.bybit_session(p / "B.jsonl.zst"),
    "neutral": lambda p: rec.neutral(p / "events.parquet"),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.75, 0.97])
def test_truncated_file_leaves_no_tape(tmp_path: Path, kind: str, share: float) -> None:
    (tmp_path / "in").mkdir()
    path = MAKERS[kind](tmp_path / "in")
    data = path.read_bytes()
    path.write_bytes(data[: max(int(len(data) * share), 9)])
    with pytest.raises(DataError, match=path.name):
        import_into(tmp_path / "store", path, symbols=("BTC", "ETH", "XRPUSDT", "BTCUSDT", "X"))
    assert not list((tmp_path / "store").rglob("*.parquet*"))


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("at", [0, 1, 2, 8])
def test_a_damaged_start_keeps_no_other_file_of_the_folder_from_being_imported(
    tmp_path: Path, kind: str, at: int
) -> None:
    rec.hl_csv(tmp_path / "in" / "sound")
    (tmp_path / "made").mkdir()
    made = MAKERS[kind](tmp_path / "made")
    path = tmp_path / "in" / made.name
    path.write_bytes(made.read_bytes()[:at] + b"\x00\xff" * 8)
    outcome = import_what_can_be(tmp_path / "store", tmp_path / "in")
    assert [tape.symbol for tape in outcome.written] == ["BTC"]
    (error,) = outcome.failed
    assert error.message.startswith(f"not imported: {path}: ")
    assert error.cure


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_flipped_byte_is_an_error_or_harmless(tmp_path: Path, kind: str, share: float) -> None:
    """A flip is caught, or sits where it means nothing; it never escapes as another exception."""
    (tmp_path / "in").mkdir()
    path = MAKERS[kind](tmp_path / "in")
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 0x55
    path.write_bytes(data)
    with suppress(DataError):
        import_into(tmp_path / "store", path, symbols=("BTC", "ETH", "XRPUSDT", "BTCUSDT"))
    assert not list((tmp_path / "store").rglob("*.tmp-*"))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ('"px":"100005.0"', '"px":"abc"', "abc"),
        ('"levels"', '"lvls"', "levels"),
        ('"time"', '"tim"', "time"),
        ('{"channel"', '{"chan', "line 11"),
    ],
)
def test_malformed_frame_is_named_by_line(tmp_path: Path, old: str, new: str, shown: str) -> None:
    path = rec.hl_raw(tmp_path / "btc.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    lines[10] = lines[10].replace(old, new, 1)
    rec.write_gz(path, lines)
    with pytest.raises(DataError) as caught:
        import_into(tmp_path / "store", path)
    assert "btc.gz" in caught.value.message
    assert "line 11" in caught.value.message
    assert shown in caught.value.message


@pytest.mark.parametrize("name", ["../../x", "PURR/USDC", ".hidden"])
def test_symbol_never_leads_out_of_the_store(tmp_path: Path, name: str) -> None:
    path = rec.hl_raw(tmp_path / "btc.gz")
    text = gzip.decompress(path.read_bytes()).decode().replace('"BTC"', f'"{name}"')
    rec.write_gz(path, text.splitlines())
    with pytest.raises(DataError, match="cannot name a folder"):
        import_into(tmp_path / "store", path)
    assert not (tmp_path / "store").exists()


def test_bad_snapshot_of_another_symbol_is_named_with_its_file(tmp_path: Path) -> None:
    """Only the scan for scales reads it when the first symbol is imported."""
    path = rec.binance_session(tmp_path / "F.jsonl.zst")
    with Opened(path) as opened:
        text = opened.read()
    path.write_bytes(text.replace(b"61800.10", b"6;800.10", 2))
    with pytest.raises(DataError, match=r"F\.jsonl\.zst: .*line \d+: .*6;800\.10"):
        import_into(tmp_path / "store", path, symbols=("ETHUSDT",))
