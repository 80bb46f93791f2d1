"""Volume tests — a minute agrees with its candle, and a lost or doubled trade is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from botmm.cli import run
from botmm.data.catalogue import read_tape
from botmm.data.compact import compact
from botmm.data.ingest import Outcome
from botmm.data.volume import MINUTE_NS, Compared, compare
from tests.fakes.recordings import START, S, Told, minute, recording
from tests.unit.data.test_compact import Silent

LOTS = 120 * 1_000
"""Of a minute: a trade of 0.01 twice a second, at five decimals."""
MINUTES = [START + n * MINUTE_NS for n in range(5)]
CANDLES = dict.fromkeys(MINUTES, LOTS)


def heard() -> list[Told]:
    return [one for start in MINUTES for one in minute(start)]


def is_trade(one: Told) -> bool:
    return b'"trades"' in one[1]


def tapes(store: Path, told: list[Told]) -> Outcome:
    recording(store / "capture" / "hyperliquid", told)
    return compact(store / "capture" / "hyperliquid", store, Silent())


def compared(store: Path, told: list[Told], candles: dict[int, int]) -> Compared:
    (tape,) = tapes(store, told).written
    return compare(read_tape(tape.path), candles)


def test_whole_minutes_agree(tmp_path):
    found = compared(tmp_path, heard(), CANDLES)
    assert (found.minutes, found.left_out) == (3, 2)  # the first and the last are not whole
    assert found.traded == 3 * LOTS
    assert found.differ == ()
    assert found.share == 1.0


def test_a_lost_trade_and_a_doubled_one_are_seen(tmp_path):
    """Planted: one trade of the second minute is not there, the candle of the third lacks one."""
    told = heard()
    at = next(n for n, one in enumerate(told) if is_trade(one) and one[0] > MINUTES[1] + S)
    found = compared(tmp_path, told[:at] + told[at + 1 :], CANDLES | {MINUTES[2]: LOTS - 1_000})
    assert [(d.start, d.tape - d.candle) for d in found.differ] == [
        (MINUTES[1], -1_000),
        (MINUTES[2], 1_000),
    ]
    assert found.share == pytest.approx(1 / 3)


def test_minutes_with_a_gap_are_left_out(tmp_path):
    low, high = MINUTES[2] + 10 * S, MINUTES[2] + 40 * S
    recording(tmp_path / "capture" / "hyperliquid", [one for one in heard() if one[0] < low])
    found = compared(tmp_path, [one for one in heard() if one[0] > high], CANDLES)
    assert len(found.tape.gaps) == 1
    assert (found.minutes, found.differ) == (2, ())


def test_a_minute_without_a_candle_had_no_trade(tmp_path):
    quiet = [one for one in heard() if not (is_trade(one) and 0 <= one[0] - MINUTES[2] < MINUTE_NS)]
    candles = {start: lots for start, lots in CANDLES.items() if start != MINUTES[2]}
    assert compared(tmp_path / "quiet", quiet, candles).differ == ()
    assert [d.candle for d in compared(tmp_path / "traded", heard(), candles).differ] == [0]


def test_what_the_candles_do_not_cover_is_not_judged(tmp_path):
    found = compared(tmp_path, heard(), {MINUTES[1]: LOTS})
    assert (found.minutes, found.differ) == (1, ())
    assert compared(tmp_path / "none", heard(), {}).share == 0.0


def test_the_command_takes_a_file_of_candles(tmp_path, capsys):
    tapes(tmp_path, heard())
    file = tmp_path / "btc.csv"
    rows = [f"{start // 10**6},100,100,100,100,1.2" for start in MINUTES]
    file.write_text("\n".join(["t,o,h,l,c,v", *rows]) + "\n")
    place = ["data", "volume", "--symbol", "BTC", "--store", str(tmp_path), "--candles", str(file)]
    assert run([*place, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["minutes"], told["share"], told["differ"]) == (3, 1.0, [])
    rows[2] = rows[2].replace("1.2", "1.3")
    file.write_text("\n".join(["t,o,h,l,c,v", *rows]) + "\n")
    assert run(place) == 7
    shown = capsys.readouterr()
    assert "tape 1.20000, candle 1.30000" in shown.out
    assert "1 of 3 minutes differ" in shown.err
