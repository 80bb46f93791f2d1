"""Saved signals — a run that begins with the signals of an earlier one knows what that one knew."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from botmm.config import load
from botmm.core import ArgumentError, Replay, signals_info
from botmm.errors import DataError
from botmm.research.plan import Plan, Range, make_plan, whole_tapes
from botmm.research.sweep import play as play_sets
from tests.simulation.replayed import START, market, play, spec, taken, write

MINUTE = 60 * 10**9
BORDER = START + 80 * MINUTE


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a market on two tapes, the second of which continues the first."""
    folder = tmp_path_factory.mktemp("signals")
    rows = market("modern", 95)
    early = rows["ts_recv"] < BORDER
    first, second = folder / "one.parquet", folder / "two.parquet"
    written = write(first, taken(rows, early))
    write(second, taken(rows, ~early), written)
    return first, second


def adaptive(tapes: list[Path], **more: Any) -> dict[str, Any]:
    told = spec(tapes)
    told["symbols"][0]["params"] |= {"strategy": "adaptive", "mode": "glft"}
    told["symbols"][0] |= more
    return told


@pytest.fixture(scope="module")
def saved(tapes: tuple[Path, Path]) -> Path:
    replay = Replay(json.dumps(adaptive([tapes[0]])))
    while not replay.run(1 << 40)["done"]:
        pass
    path = tapes[0].with_name("signals.bin")
    path.write_bytes(replay.signals())
    return path


def seen(told: dict[str, Any], ts: int) -> dict[str, Any]:
    """Return how the quotes of a moment came about."""
    tree: dict[str, Any] = json.loads(Replay(json.dumps(told)).why(ts))
    return tree


def test_a_file_says_whose_signals_it_holds(saved: Path) -> None:
    ((symbol, venue, at),) = signals_info(str(saved))
    assert (symbol, venue) == ("SOL", "hyperliquid")
    assert BORDER - 10 * 10**9 < at <= BORDER


def test_what_was_ready_is_ready(tapes: tuple[Path, Path], saved: Path) -> None:
    cold = play(adaptive([tapes[1]]))["summary"]["symbols"][0]["not_ready"]
    warm = play(adaptive([tapes[1]], signals=str(saved)))["summary"]["symbols"][0]["not_ready"]
    assert any("bias" in what for what in cold)
    assert not any("bias" in what or "volatility" in what for what in warm)


def test_quotes_are_those_of_a_run_that_heard_everything(
    tapes: tuple[Path, Path], saved: Path
) -> None:
    whole = adaptive(list(tapes)) | {"from": START, "warmup_ns": 80 * MINUTE}
    warm = adaptive([tapes[1]], signals=str(saved))
    cold = adaptive([tapes[1]])
    at = BORDER + 2 * MINUTE
    one, two, other = (seen(told, at) for told in (whole, warm, cold))
    assert one == two
    assert one != other


def test_a_sweep_begins_with_them_too(tapes: tuple[Path, Path], saved: Path) -> None:
    plan = whole_tapes(tapes[1], load([], ["strategy.strategy='adaptive'"]).settings)
    cold, warm = (
        play_sets(one, [{"base_spread_bps": 0.5}]) for one in (plan, replace(plan, signals=saved))
    )
    assert cold is not None
    assert warm is not None
    assert cold[0]["net_usd"] != warm[0]["net_usd"]


def test_bad_files_are_refused_by_name(tapes: tuple[Path, Path], saved: Path) -> None:
    data = saved.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    for name, content, says in (
        ("cut.bin", data[:100], "check sum"),
        ("flip.bin", bytes(flipped), "check sum"),
        ("head.bin", data[:18], "truncated"),
        ("other.bin", b"botmm signals 9\n" + data[16:], "another form or version"),
    ):
        path = saved.with_name(name)
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match=f"{name}: .*{says}"):
            Replay(json.dumps(adaptive([tapes[1]], signals=str(path))))
    other = adaptive([tapes[1]], signals=str(saved))
    other["symbols"][0]["symbol"] = "BTC"
    with pytest.raises(ArgumentError, match="holds none of hyperliquid BTC"):
        Replay(json.dumps(other))


def test_a_plan_takes_signals_that_end_where_it_begins(
    tapes: tuple[Path, Path], saved: Path
) -> None:
    settings = load([], []).settings

    def plan(tape: Path, since: int | None = None) -> Plan:
        wanted = Range(since=since, until=None)
        return make_plan(settings, symbols=(), paths=[tape], wanted=wanted, warmup=str(saved))

    assert plan(tapes[1]).signals == saved
    with pytest.raises(DataError, match="they would start with another market"):
        plan(tapes[0])
