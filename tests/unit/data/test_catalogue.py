"""Catalogue — the store's tapes are found by day and listed with what they cover."""

from datetime import date
from pathlib import Path

import pytest

from botmm.data.catalogue import coverage, find_tapes, nearest, read_tape, tape_path
from botmm.errors import DataError
from botmm.units import DAY_NS, day_start
from tests.unit.data import recordings as rec
from tests.unit.data.imported import import_into


def test_tapes_are_found_by_range(tmp_path: Path) -> None:
    folder = tmp_path / "tape" / "v" / "S"
    folder.mkdir(parents=True)
    days = [date(2026, 2, day) for day in (10, 11, 13)]
    for day in days:
        tape_path(tmp_path, "v", "S", day).touch()
    (folder / "2026-02-12.parquet.tmp-1-0").touch()
    at = day_start(date(2026, 2, 11))

    def found(since: int | None, until: int | None) -> list[int]:
        return [int(p.stem[-2:]) for p in find_tapes(tmp_path, "v", "S", since, until)]

    assert found(None, None) == [10, 11, 13]
    assert found(at, at + DAY_NS) == [11], "the end is open"
    assert found(at, at + DAY_NS + 1) == [11]
    assert found(at, at + 2 * DAY_NS + 1) == [11, 13]
    assert found(None, at) == [10]
    assert find_tapes(tmp_path, "v", "OTHER", None, None) == []


def test_a_symbol_that_is_not_there_is_pointed_to_where_it_or_its_like_is(tmp_path: Path) -> None:
    assert nearest(tmp_path, "binance", "BTC") == "import some with `botmm data import PATH`"
    for venue, symbol in (
        ("binance-cm", "BTCUSD_PERP"),
        ("bybit", "BTCUSDT"),
        ("binance", "BTCUSDT"),
        ("hyperliquid", "kPEPE"),
    ):
        path = tape_path(tmp_path, venue, symbol, date(2026, 2, 10))
        path.parent.mkdir(parents=True)
        path.touch()

    def cure(venue: str | None, symbol: str) -> str:
        return nearest(tmp_path, venue, symbol)

    assert cure("binance", "BTCUSD_PERP") == "did you mean --venue binance-cm?"
    assert cure("okx", "BTCUSDT") == "did you mean --venue binance or --venue bybit?"
    assert cure("hyperliquid", "KPEPE") == "did you mean --symbol kPEPE?"
    assert cure("bybit", "BTCUSTD") == (
        "did you mean --symbol BTCUSDT or --symbol BTCUSDT --venue binance?"
    )
    assert cure("bybit", "SOL").startswith("there is: binance/BTCUSDT, binance-cm/BTCUSD_PERP, ")


def test_coverage_adds_up(tmp_path: Path) -> None:
    import_into(tmp_path, rec.hl_csv(tmp_path / "s", hole=20))
    (row,) = coverage(tmp_path)
    assert (row.venue, row.symbol, row.tiers, row.gaps) == ("hyperliquid", "BTC", ("C",), 1)
    assert row.gap_seconds == pytest.approx(30.5)
    # 39 steps of half a second and the hole, less the gap.
    assert row.hours * 3600 == pytest.approx(39 * 0.5 + 30 - 30.5)
    assert coverage(tmp_path, venue="other") == []
    assert coverage(tmp_path, symbols=("ETH",)) == []
    assert row.as_dict()["days"] == ["2026-02-12"]


def test_damaged_tape_is_named_not_hidden(tmp_path: Path) -> None:
    (tape,) = import_into(tmp_path, rec.hl_csv(tmp_path / "s")).written
    data = tape.path.read_bytes()
    tape.path.write_bytes(data[: len(data) // 2])
    (row,) = coverage(tmp_path)
    assert len(row.damaged) == 1
    assert str(tape.path) in row.damaged[0]
    with pytest.raises(DataError, match=r"2026-02-12\.parquet"):
        read_tape(tape.path)
    with pytest.raises(DataError, match="no such tape"):
        read_tape(tmp_path / "missing.parquet")
    # Importing again mends it.
    (again,) = import_into(tmp_path, tmp_path / "s").written
    assert again.path.read_bytes() == data
