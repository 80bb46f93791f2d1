"""Recognise — every format is told by its content; what is not known is refused with a cure."""

from pathlib import Path

import pytest

from botmm.data.importers.mapping import load, shipped
from botmm.data.importers.recognise import Skipped, Wish, files, formats, recognise
from botmm.errors import ConfigError, DataError, UsageError
from tests.unit.data import recordings as rec


def told(path: Path, wish: Wish | None = None) -> tuple[str, str, tuple[str, ...]]:
    source = recognise(path, wish or Wish())
    assert not isinstance(source, Skipped)
    return source.format, source.venue, source.symbols()


def test_hyperliquid_sessions(tmp_path: Path) -> None:
    for kind in ("orderbooks", "prices", "trades"):
        path = rec.hl_csv(tmp_path / "csv") / f"{kind}_BTC.csv.gz"
        assert told(path) == ("hl_ws", "hyperliquid", ("BTC",))
    folder = rec.hl_parquet(tmp_path / "parquet")
    for path, _ in files([folder]):
        assert told(path) == ("hl_ws", "hyperliquid", ("ETH",))


def test_frames(tmp_path: Path) -> None:
    raw = rec.hl_raw(tmp_path / "btc.gz")
    assert told(raw) == ("hl_ws_raw", "hyperliquid", ("BTC",))
    archive = rec.hl_archive(tmp_path / "BTC.lz4")
    assert told(archive) == ("hl_archive", "hyperliquid", ("BTC",))
    usdm = rec.write_gz(tmp_path / "a.gz", rec.binance_lines(0, 5, snapshot=True))
    assert told(usdm) == ("binance_ws_raw", "binance", ("BTCUSDT",))
    assert told(rec.bybit_zip(tmp_path / "x.zip")) == ("bybit_archive", "bybit", ("XRPUSDT",))
    session = rec.bybit_session(tmp_path / "BYBIT.jsonl.zst")
    assert told(session) == ("bybit_session", "bybit", ("BTCUSDT",))


def test_binance_markets_are_told_apart(tmp_path: Path) -> None:
    spot = '1723161254024619568 {"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT",'
    spot += '"b":"1.0","B":"1","a":"2.0","A":"1"}}'
    coin = '1723161256172216566 {"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate",'
    coin += '"E":1723161257440,"T":1723161257432,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1,"u":2,'
    coin += '"pu":0,"b":[],"a":[]}}'
    assert told(rec.write_gz(tmp_path / "s.gz", [spot]))[1] == "binance-spot"
    assert told(rec.write_gz(tmp_path / "c.gz", [coin]))[1:] == ("binance-cm", ("BTCUSD_PERP",))


def test_tables(tmp_path: Path) -> None:
    for path, _ in files([rec.tardis(tmp_path / "tardis")]):
        assert told(path) == ("tardis", "binance", ("BTCUSDT",))
    for path, _ in files([rec.t_depth(tmp_path / "depth")]):
        assert told(path) == ("binance_t_depth", "binance", ("BTCUSDT",))
    for path, _ in files([rec.standx(tmp_path / "standx")]):
        assert told(path) == ("standx_l2", "standx", ("BTC-USD",))
    folder = rec.aster(tmp_path / "aster")
    assert told(folder / "orderbook_BTCUSDT.csv.gz") == ("aster_l2", "aster", ("BTCUSDT",))
    skipped = recognise(folder / "prices_BTCUSDT.csv.gz", Wish())
    assert isinstance(skipped, Skipped)
    assert "without sizes" in skipped.reason


def test_neutral_file_needs_a_symbol(tmp_path: Path) -> None:
    path = rec.neutral(tmp_path / "events.parquet")
    wish = Wish(symbols=("BTCUSDT",), venue="binance")
    assert told(path, wish) == ("neutral", "binance", ("BTCUSDT",))
    source = recognise(path, Wish())
    assert not isinstance(source, Skipped)
    with pytest.raises(DataError, match="does not name its symbol"):
        source.symbols()


def test_unknown_columns_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "trades_BTC.csv"
    path.write_text(
        "timestamp,price,size,side,trade_id,exchange_timestamp,flavour\n1,2,3,buy,4,5,6\n"
    )
    with pytest.raises(DataError, match="flavour") as caught:
        recognise(path, Wish())
    assert "--map" in caught.value.cure


def test_what_no_reader_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(
        DataError, match=r"other\.csv: not a format we know; its columns are a, b, c"
    ):
        recognise(path, Wish())
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(DataError, match="names a twice"):
        recognise(path, Wish())


def test_format_option_is_checked(tmp_path: Path) -> None:
    path = rec.hl_raw(tmp_path / "btc.gz")
    assert told(path, Wish(format="hl_ws_raw"))[0] == "hl_ws_raw"
    with pytest.raises(DataError, match="not binance_ws_raw"):
        recognise(path, Wish(format="binance_ws_raw"))
    with pytest.raises(UsageError, match="no such format: nonsense"):
        recognise(path, Wish(format="nonsense"))
    csv = rec.hl_csv(tmp_path / "csv") / "trades_BTC.csv.gz"
    assert told(csv, Wish(format="hl_ws_csv"))[0] == "hl_ws"


def test_every_format_has_a_line_of_help() -> None:
    assert len(formats()) >= 11
    assert all(about for about in formats().values())


def test_shipped_mappings_are_valid_and_named_apart() -> None:
    names = [mapping.name for mapping in shipped()]
    assert len(names) == len(set(names)) >= 5


def test_mapping_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('schema_version = 1\nname = "x"\nvenue = "y"\ncolour = 1\ntable = []\n')
    with pytest.raises(ConfigError, match="colour"):
        load(path)
    path.write_text('schema_version = 9\nname = "x"\nvenue = "y"\ntable = []\n')
    with pytest.raises(ConfigError, match="schema_version"):
        load(path)
    path.write_text("= nothing")
    with pytest.raises(ConfigError, match=r"map\.toml"):
        load(path)


def test_own_mapping_reads_other_columns(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'schema_version = 1\nname = "mine"\nvenue = "dex"\n[[table]]\nkind = "book"\n'
        'ts_recv = { column = "t", unit = "ns" }\nbid_px = "b{i}"\nbid_qty = "bq{i}"\n'
        'ask_px = "a{i}"\nask_qty = "aq{i}"\n'
    )
    path = tmp_path / "mine.csv"
    path.write_text("t,b1,bq1,a1,aq1\n1770890400000000000,1.5,2,1.6,3\n")
    wish = Wish(mapping=load(mapping), symbols=("ABC",))
    assert told(path, wish) == ("mine", "dex", ("ABC",))


def test_folder_is_searched_and_empty_ones_refused(tmp_path: Path) -> None:
    rec.hl_csv(tmp_path / "deep" / "er")
    (tmp_path / "README.md").write_text("not data")
    assert len(files([tmp_path])) == 3
    with pytest.raises(DataError, match="no such file or folder"):
        files([tmp_path / "missing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no files"):
        files([tmp_path / "empty"])
