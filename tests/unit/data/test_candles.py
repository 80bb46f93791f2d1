"""Candles — what is read, and how a wrong file is named."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from botmm.data.candles import MINUTE_MS, is_candle_file, read_candles
from botmm.errors import DataError

T = 1_770_854_400_000
END = (T + 100 * MINUTE_MS) * 1_000_000
HEAD = "t,o,h,l,c,v\n"


def row(minute: int, text: str = "100,102,99,101,3.5") -> str:
    return f"{T + minute * MINUTE_MS},{text}\n"


def written(tmp_path: Path, *rows: str, head: str = HEAD) -> Path:
    path = tmp_path / "candles.csv"
    path.write_text(head + "".join(rows))
    return path


def test_candles_that_closed_before_the_run_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, *(row(minute) for minute in range(10)))
    assert is_candle_file(path)
    got = read_candles(path, before_ns=(T + 8 * MINUTE_MS) * 1_000_000, most=3)
    assert [t for t, *_ in got] == [T + minute * MINUTE_MS for minute in (5, 6, 7)]
    assert got[0][1:] == (100.0, 102.0, 99.0, 101.0, 3.5)


def test_parquet_with_timestamps_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    table = pa.table(
        {
            "t": pa.array([T, T + MINUTE_MS], pa.timestamp("ms", tz="UTC")).cast(
                pa.timestamp("ns", tz="UTC")
            ),
            **{name: [1.0, 1.0] for name in "ohlcv"},
        }
    )
    parquet.write_table(table, path)
    assert is_candle_file(path)
    assert [t for t, *_ in read_candles(path, before_ns=END, most=9)] == [T, T + MINUTE_MS]
    parquet.write_table(table.drop_columns(["v"]), path)
    assert not is_candle_file(path)
    assert not is_candle_file(tmp_path / "tape.parquet")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(0), row(1, "100,98,99,101,1")], "row 2: prices are not in order: o 100.0, h 98.0"),
        ([row(0, "nan,102,99,101,1")], "row 1: o = None is not a number from 0"),
        ([row(0, "100,102,99,101,-1")], "row 1: v = -1.0"),
        ([row(0, "100,102,0,101,1")], "row 1: prices are not in order"),
        ([row(0), row(2), row(1)], "row 3: t = 1770854460000 is not later"),
        ([f"{T // 1000},1,1,1,1,1\n"], "row 1: t = 1770854400 is no whole minute in Unix ms"),
        ([row(200)], "none of its 1 candles closed before the run"),
        ([row(0, "a,102,99,101,1")], "candles.csv: "),
    ],
)
def test_wrong_candles_are_named(tmp_path: Path, rows: list[str], said: str) -> None:
    with pytest.raises(DataError, match=r"candles\.csv") as caught:
        read_candles(written(tmp_path, *rows), before_ns=END, most=10)
    assert said in str(caught.value)


def test_a_missing_file_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_candles(tmp_path / "none.csv", before_ns=END, most=1)
    path = written(tmp_path, "1,1,1\n", head="t,o,h\n")
    with pytest.raises(DataError, match="no column l, c, v"):
        read_candles(path, before_ns=END, most=1)
