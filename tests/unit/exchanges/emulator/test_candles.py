"""Candles — bars out of trades: bounds, gaps, months."""

from __future__ import annotations

from botmm.exchanges.emulator.candles import Candles, begin_of, end_of
from botmm.exchanges.emulator.coins import listed

(BTC,) = listed(["BTC"])
MINUTE = 60_000
# 2026-01-31 23:59:30 UTC, half a minute before a month ends.
LATE = 1_769_903_970_000


def test_trades_make_one_bar() -> None:
    candles = Candles(BTC)
    for at, px, lots in ((LATE, 100, 5), (LATE + 1, 120, 1), (LATE + 2, 90, 2)):
        candles.add(at, px, lots)
    begin = LATE - 30_000
    assert candles.last("1m") == {
        "t": begin,
        "T": begin + MINUTE - 1,
        "s": "BTC",
        "i": "1m",
        "o": "10.0",
        "c": "9.0",
        "h": "12.0",
        "l": "9.0",
        "v": "0.00008",
        "n": 3,
    }


def test_quiet_minutes_stay_at_the_last_close() -> None:
    candles = Candles(BTC)
    candles.add(LATE, 100, 5)
    candles.add(LATE + 3 * MINUTE, 130, 5)
    bars = candles.between("1m", 0, LATE + 10 * MINUTE)
    assert [(bar["o"], bar["c"], bar["n"]) for bar in bars] == [
        ("10.0", "10.0", 1),
        ("10.0", "10.0", 0),
        ("10.0", "10.0", 0),
        ("13.0", "13.0", 1),
    ]
    assert [b["t"] for b in bars] == sorted({b["t"] for b in bars})
    assert len(candles.between("1m", bars[1]["t"], bars[2]["t"])) == 2


def test_months_are_of_the_calendar() -> None:
    candles = Candles(BTC)
    candles.add(LATE, 100, 5)
    candles.add(LATE + MINUTE, 110, 5)
    first, second = candles.between("1M", 0, LATE + MINUTE)
    assert first["T"] + 1 == second["t"] == 1_769_904_000_000
    assert end_of("1M", second["t"]) - second["t"] + 1 == 28 * 86_400_000
    assert begin_of("1M", second["t"]) == second["t"]


def test_what_is_saved_goes_on() -> None:
    candles, again = Candles(BTC), Candles(BTC)
    candles.add(LATE, 100, 5)
    again.restore(candles.saved())
    for there in (candles, again):
        there.add(LATE + 1, 101, 1)
        there.add(LATE + 2 * MINUTE, 90, 1)
    assert again.saved() == candles.saved()
