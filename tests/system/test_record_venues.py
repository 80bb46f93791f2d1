"""Other venues' tests — books that come as changes: their start, a missing change, their tapes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from botmm.clock import SystemClock
from botmm.data.capture import Reader, Writer
from botmm.data.capture.kinds import Kind
from botmm.data.compact import compact
from botmm.errors import ConfigError
from botmm.record import binance, bybit
from botmm.record.recorder import Recorder, about
from botmm.record.run import Wish, record
from tests.fakes.fake_venues import FakeBinance, FakeBybit, served


class Silent:
    def update(self, fraction: float, count: int) -> None:
        pass


def recorded(
    place: ModuleType,
    venue: FakeBinance | FakeBybit,
    store: Path,
    done: Callable[[Recorder], bool],
) -> Recorder:
    """Record a fake venue until a condition holds."""

    async def whole() -> Recorder:
        clock, name = SystemClock(), place.__name__.rpartition(".")[2]
        folder = store / "capture" / name
        async with served(venue) as url:
            names = await place.listed(url, ["btc"])
            lines = place.lines(url, url.replace("http", "ws"), names, clock)
            what = about(name, url, names, "test")
            writer = Writer(folder, clock, about=what)
            recorder, stop = Recorder(lines, writer, clock, folder, 0), asyncio.Event()

            async def watch() -> None:
                async with asyncio.timeout(30):
                    while not done(recorder):
                        await asyncio.sleep(0.02)
                stop.set()

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watch())
                tasks.create_task(
                    record(recorder, Wish(folder=folder, about=dict(what)), clock, stop)
                )
        return recorder

    return asyncio.run(whole())


def frames(recorder: Recorder, channel: str) -> int:
    return sum(row.count for (_, name), row in recorder.tally.rows.items() if name == channel)


def tape_of(store: Path, venue: str) -> tuple[str, int, int]:
    outcome = compact(store / "capture" / venue, store, Silent())
    assert outcome.failed == []
    tapes = outcome.written
    assert {tape.symbol for tape in tapes} == {"BTCUSDT"}
    return tapes[0].tier, sum(tape.rows for tape in tapes), sum(len(tape.gaps) for tape in tapes)


def test_binance_depth_starts_at_a_snapshot_that_is_new_enough(tmp_path):
    venue = FakeBinance(stale=1)
    recorder = recorded(
        binance, venue, tmp_path,
        lambda r: frames(r, "snapshot") >= 2 and frames(r, "depth") >= 60 and frames(r, "aggTrade") >= 20,
    )  # fmt: skip
    assert venue.asked == ["symbol=BTCUSDT&limit=1000"] * 2
    assert venue.sockets == ["streams=btcusdt@depth@100ms/btcusdt@bookTicker"]
    answers = [r for r in Reader(tmp_path / "capture" / "binance") if r.kind == Kind.ANSWER]
    assert len(answers) == 2
    assert recorder.gaps == 0
    tier, rows, _ = tape_of(tmp_path, "binance")
    assert tier == "B"
    assert rows > 100


def test_a_missing_change_of_binance_is_mended_by_a_new_snapshot(tmp_path):
    venue, planned = FakeBinance(stale=0), list[bool]()

    def done(recorder: Recorder) -> bool:
        if frames(recorder, "depth") >= 30 and not planned:
            planned.append(True)
            venue.skip = 2
        return len(venue.asked) >= 2 and frames(recorder, "depth") >= 80

    recorded(binance, venue, tmp_path, done)
    tier, rows, gaps = tape_of(tmp_path, "binance")
    assert (tier, rows > 100) == ("B", True)
    assert gaps >= 1


def test_bybit_is_recorded_from_its_snapshot_on(tmp_path):
    venue = FakeBybit()
    recorder = recorded(
        bybit, venue, tmp_path,
        lambda r: frames(r, "orderbook") >= 60 and frames(r, "publicTrade") >= 20,
    )  # fmt: skip
    assert venue.subscribed == [["orderbook.200.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT"]]
    assert recorder.gaps == 0
    tier, rows, _ = tape_of(tmp_path, "bybit")
    assert (tier, rows > 80) == ("B", True)


def test_a_missing_change_of_bybit_begins_the_connection_anew(tmp_path):
    venue, planned = FakeBybit(), list[bool]()

    def done(recorder: Recorder) -> bool:
        if frames(recorder, "orderbook") >= 20 and not planned:
            planned.append(True)
            venue.skip = 1
        return len(venue.subscribed) >= 2 and frames(recorder, "orderbook") >= 60

    recorder = recorded(bybit, venue, tmp_path, done)
    assert recorder.gaps >= 1
    assert "changes of BTCUSDT are missing" in recorder.last_gap
    _, rows, gaps = tape_of(tmp_path, "bybit")
    assert rows > 80
    assert gaps >= 1


@pytest.mark.parametrize(("place", "venue"), [(binance, FakeBinance()), (bybit, FakeBybit())])
def test_names_come_from_the_listing(place, venue):
    async def asked(*names: str) -> tuple[str, ...]:
        async with served(venue) as url:
            found: tuple[str, ...] = await place.listed(url, names)
            return found

    assert asyncio.run(asked("btc", "BTC-USDT", "BTCUSDT")) == ("BTCUSDT",)
    with pytest.raises(ConfigError, match="no such perpetual") as error:
        asyncio.run(asked("BTCUSD_"))
    assert error.value.cure == "did you mean BTCUSDT?"
