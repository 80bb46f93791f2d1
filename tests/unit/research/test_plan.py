"""Plan — ranges and tapes are those asked for; what is not there is refused, with what is."""

from pathlib import Path

import numpy as np
import pytest

from botmm.config import Settings, load
from botmm.core import TapeWriter
from botmm.errors import BotmmError, DataError, UsageError
from botmm.research.plan import Plan, Range, make_plan, resolved, select_range
from botmm.units import day_of, day_start, parse_date
from tests.fakes.specs import DAY, START


def write_tape(store: Path, day: int, *, symbol: str = "BTC", **meta: str) -> Path:
    """Write a tape of two rows on a day after 2026-02-12: one at 1:00, one at 23:00."""
    start = START + day * DAY
    path = store / "tape" / meta.get("venue", "hyperliquid") / symbol
    path = path / f"{day_of(start).isoformat()}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "venue": "hyperliquid",
        "symbol": symbol,
        "px_decimals": "1",
        "size_decimals": "5",
        "tier": "D",
        "window": "20",
        "inverse": "false",
    }
    ts = np.array([start + DAY // 24, start + 23 * DAY // 24])
    columns = {
        "ts_exch": ts,
        "ts_recv": ts,
        "seq": np.zeros(2, np.uint64),
        "stream": np.full(2, 4, np.uint8),
        "kind": np.full(2, 5, np.uint8),
        "side": np.ones(2, np.int8),
        "px": np.full(2, 650_000),
        "qty": np.full(2, 10),
        "n": np.zeros(2, np.uint32),
        "flags": np.ones(2, np.uint8),
        "id": np.arange(1, 3, dtype=np.uint64),
    }
    with TapeWriter(str(path), facts | meta) as writer:
        writer.append(columns)
        writer.close()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for day in range(3):
        write_tape(tmp_path, day)
    write_tape(tmp_path, 1, symbol="ETH")
    return tmp_path


def settings_of(store: Path) -> Settings:
    return load([], [f"store.dir='{store}'", "replay.warmup_s=7200"], {}).settings


def planned(store: Path, wanted: Range, *symbols: str, warmup: str | None = None) -> Plan:
    return make_plan(settings_of(store), symbols=symbols, paths=(), wanted=wanted, warmup=warmup)


def days(plan: Plan, symbol: str = "BTC") -> list[str]:
    return [tape.path.stem for tape in plan.tapes[symbol]]


def test_ranges() -> None:
    def chosen(**options: object) -> Range:
        blank = {"day": None, "since": None, "until": None, "days": None}
        return select_range(**(blank | options))  # type: ignore[arg-type]

    day = Range(since=START, until=START + DAY)
    assert chosen(day="2026-02-12") == day
    assert chosen(since="2026-02-12", until="2026-02-12") == day
    assert chosen(since="2026-02-12", days=1) == day
    assert chosen(until="2026-02-12", days=1) == day
    assert resolved(chosen(days=1), parse_date("2026-02-12")) == day
    assert chosen() == Range()
    for wrong in (
        {"day": "2026-02-12", "days": 1},
        {"since": "2026-02-12", "until": "2026-02-13", "days": 1},
        {"since": "2026-02-13", "until": "2026-02-12T23:00"},
        {"day": "12.2.2026"},
    ):
        with pytest.raises(UsageError):
            chosen(**wrong)


def test_the_store_is_searched_for_symbols_and_days(store: Path) -> None:
    plan = planned(store, Range(since=START, until=START + 2 * DAY), "BTC", "ETH")
    assert plan.symbols == ("BTC", "ETH")
    assert days(plan) == ["2026-02-12", "2026-02-13"]
    assert days(plan, "ETH") == ["2026-02-13"]
    assert plan.fees == (0.00015, 0.00045)
    assert plan.span == (START + DAY // 24, START + DAY + 23 * DAY // 24)


def test_days_alone_count_from_the_end_of_the_data(store: Path) -> None:
    plan = planned(store, Range(last_days=2), "BTC")
    assert days(plan) == ["2026-02-13", "2026-02-14"]
    assert plan.range.since == day_start(parse_date("2026-02-13"))


def test_warmup_from_the_store_puts_earlier_days_in_front(store: Path) -> None:
    plan = planned(store, Range(since=START + DAY, until=START + 2 * DAY), "BTC", warmup="auto")
    assert days(plan) == ["2026-02-12", "2026-02-13"]
    assert plan.range.since == START + DAY + DAY // 24
    assert plan.warmup_ns == 2 * 3600 * 10**9


def test_warmup_from_a_file_must_be_earlier_data_of_the_symbol(store: Path) -> None:
    wanted = Range(since=START + DAY, until=START + 2 * DAY)
    early = store / "tape/hyperliquid/BTC/2026-02-12.parquet"
    plan = planned(store, wanted, "BTC", warmup=str(early))
    assert days(plan) == ["2026-02-12", "2026-02-13"]
    assert plan.warmup_ns == DAY  # from the first row of the file to the first of the range
    for wrong in ("BTC/2026-02-14", "ETH/2026-02-13"):
        with pytest.raises(DataError, match="no earlier data of BTC"):
            planned(store, wanted, "BTC", warmup=str(store / f"tape/hyperliquid/{wrong}.parquet"))


def test_named_tapes_need_no_store(store: Path) -> None:
    folder = store / "tape" / "hyperliquid"
    plan = make_plan(settings_of(store), symbols=("ETH",), paths=[folder], wanted=Range())
    assert plan.symbols == ("ETH",)
    one = folder / "BTC" / "2026-02-13.parquet"
    plan = make_plan(settings_of(store), symbols=(), paths=[one], wanted=Range())
    assert days(plan) == ["2026-02-13"]


def test_a_symbol_of_another_venue_is_pointed_to_there(store: Path) -> None:
    write_tape(store, 0, symbol="BTCUSD_PERP", venue="binance-cm")
    error = refused(store, Range(), "BTCUSD_PERP")
    assert "no tape of BTCUSD_PERP on hyperliquid" in error.message
    assert error.cure == "did you mean --venue binance-cm?"


def refused(store: Path, wanted: Range, *symbols: str) -> BotmmError:
    with pytest.raises(BotmmError) as caught:
        planned(store, wanted, *symbols)
    return caught.value


def test_what_is_not_there_is_refused_with_what_is(store: Path) -> None:
    error = refused(store, Range(), "DOGE")
    assert error.exit_code == 3
    assert "hyperliquid/BTC, hyperliquid/ETH" in error.cure
    error = refused(store, Range(since=START + 90 * DAY, until=START + 91 * DAY), "BTC")
    assert error.exit_code == 3
    assert "2026-02-12 to 2026-02-14, 3 days" in error.cure
    error = refused(store, Range(since=START + 23 * DAY // 24 + 1, until=START + DAY), "BTC")
    assert (error.exit_code, "there is data from" in error.cure) == (3, True)
    assert refused(store, Range()).exit_code == 2


def test_inverse_contracts_are_refused_by_name(store: Path) -> None:
    write_tape(store, 0, symbol="BTCUSD_PERP", inverse="true")
    error = refused(store, Range(), "BTCUSD_PERP")
    assert error.exit_code == 3
    assert "BTCUSD_PERP" in error.message
    assert "inverse" in error.message


def test_tapes_that_overlap_or_mix_venues_are_refused(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tape" / "hyperliquid" / "BTC"
    copy = folder / "copy.parquet"
    copy.write_bytes((folder / "2026-02-12.parquet").read_bytes())
    paths = [copy, folder / "2026-02-12.parquet"]
    with pytest.raises(DataError, match="overlap in time"):
        make_plan(settings_of(store), symbols=(), paths=paths, wanted=Range())
    other = write_tape(tmp_path, 0, venue="binance")
    with pytest.raises(UsageError, match="binance, hyperliquid"):
        make_plan(settings_of(store), symbols=(), paths=[other, paths[1]], wanted=Range())


def test_a_file_that_is_no_tape_is_named(store: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no PAR1")
    for path in (broken, tmp_path / "none.parquet"):
        with pytest.raises(DataError, match=path.name):
            make_plan(settings_of(store), symbols=(), paths=[path], wanted=Range())
