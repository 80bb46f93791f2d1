"""Corrupt recordings — whatever happened to a file, no half tape and no unnamed error."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from botmm.core import read_tape
from botmm.data.importers.opening import PARQUET, Opened
from botmm.errors import BotmmError
from tests.unit.data import recordings as rec
from tests.unit.data.imported import import_what_can_be


def first(folder: Path, pattern: str = "*") -> Path:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())[0]


MAKERS: dict[str, Callable[[Path], Path]] = {
    "hl_book.csv": lambda p: first(rec.hl_csv(p), "orderbooks*"),
    "hl_touch.csv": lambda p: first(rec.hl_csv(p), "prices*"),
    "hl_trades.csv": lambda p: first(rec.hl_csv(p), "trades*"),
    "hl_book.parquet": lambda p: first(rec.hl_parquet(p), "orderbooks_*"),
    "hl_raw": lambda p: rec.hl_raw(p / "btc.gz"),
    "hl_archive": lambda p: rec.hl_archive(p / "BTC.lz4"),
    "binance_raw": lambda p: rec.write_gz(
        p / "btcusdt.gz", rec.binance_lines(0, 20, snapshot=True)
    ),
    "binance_session": lambda p: rec.binance_session(p / "F.jsonl.zst"),
    "t_depth.csv": lambda p: first(rec.t_depth(p), "*snap*"),
    "bybit_zip": lambda p: rec.bybit_zip(p / "x.zip"),
    "bybit_session": lambda p: rec.bybit_session(p / "B.jsonl.zst"),
    "tardis_levels.csv": lambda p: first(rec.tardis(p), "*incremental*"),
    "tardis_book.csv": lambda p: first(rec.tardis(p), "*book_snapshot*"),
    "tardis_quotes.csv": lambda p: first(rec.tardis(p), "*quotes*"),
    "aster_lists.parquet": lambda p: first(rec.aster(p, lists=True), "*.parquet"),
    "aster_trades.csv": lambda p: first(rec.aster(p), "trades*"),
    "standx.parquet": lambda p: first(rec.standx(p), "book*"),
    "neutral": lambda p: rec.neutral(p / "events.parquet"),
}

# There are 18 formats, and each try imports a file.
TRIES = settings(max_examples=settings.default.max_examples // 2)

# Where in the file, and what to do there.
shares = st.floats(0, 1, exclude_max=True)
damages = st.lists(
    st.one_of(
        st.tuples(st.just("cut"), shares, st.just(0)),
        st.tuples(st.just("flip"), shares, st.integers(1, 255)),
        st.tuples(st.just("digit"), shares, st.integers(0, 9)),
        st.tuples(st.just("drop"), shares, st.integers(1, 300)),
        st.tuples(st.just("repeat"), shares, st.integers(1, 300)),
    ),
    min_size=1,
    max_size=3,
)


def damaged(data: bytes, damage: list[tuple[str, float, int]]) -> bytes:
    out = bytearray(data)
    for what, share, value in damage:
        at = int(len(out) * share)
        if what == "cut":
            del out[at:]
        elif what == "flip" and out:
            out[at] ^= value
        elif what == "digit":
            at = next((i for i in range(at, len(out)) if 48 <= out[i] <= 57), None)
            if at is not None:
                out[at] = 48 + value
        elif what == "drop":
            del out[at : at + value]
        elif what == "repeat":
            out[at:at] = out[at : at + value]
    return bytes(out)


def complaints(store: Path, path: Path) -> list[str]:
    """Import a file and return the messages of what failed."""
    try:
        outcome = import_what_can_be(store, path, venue="lab")
    except BotmmError as error:
        return [error.message]
    return [failure.message for failure in outcome.failed]


def import_damaged(kind: str, damage: list[tuple[str, float, int]], *, plain: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        path = MAKERS[kind](folder / "in")
        data = path.read_bytes()
        if plain and not data.startswith(PARQUET):
            with Opened(path) as opened:
                data = opened.read()
        path.write_bytes(damaged(data, damage))
        store = folder / "store"
        for message in complaints(store, path):
            assert path.name in message
        left = [p for p in store.rglob("*") if p.is_file()]
        assert all(p.suffix == ".parquet" for p in left)
        for tape in left:
            read_tape(str(tape))


@pytest.mark.parametrize("kind", MAKERS)
@TRIES
@given(damage=damages)
def test_damage_of_the_file_is_named_or_harmless(
    kind: str, damage: list[tuple[str, float, int]]
) -> None:
    import_damaged(kind, damage, plain=False)


@pytest.mark.parametrize("kind", MAKERS)
@TRIES
@given(damage=damages)
@example(damage=[("flip", 0.939453125, 10)])  # a price of one symbol, met while looking for another
@example(damage=[("flip", 0.3754255750581575, 63)])  # a level of one number instead of two
def test_damage_of_the_text_is_named_or_harmless(
    kind: str, damage: list[tuple[str, float, int]]
) -> None:
    import_damaged(kind, damage, plain=True)
