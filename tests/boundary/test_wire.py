"""Wire at the boundary — exact columns, dtypes, error classes, and recorded frames."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from botmm import core

Texts = list[str]


def packed(texts: Texts) -> tuple[bytes, np.ndarray]:
    """Return texts as one buffer and the offsets of its pieces."""
    ends = np.cumsum([0, *(len(text.encode()) for text in texts)], dtype=np.int64)
    return "".join(texts).encode(), ends


def ints(texts: Texts, decimals: int, **options: bool) -> list[int]:
    values = core.decimals_to_ints(*packed(texts), decimals, **options)
    assert values.dtype == np.int64
    return [int(value) for value in values]


def test_decimal_columns_are_exact() -> None:
    assert ints(["83767.0", "-0.5", "0", "1e-05"], 5) == [8_376_700_000, -50_000, 0, 1]
    assert ints([], 2) == []
    data, offsets = packed(["1.25", "30"])
    array = np.frombuffer(data, np.uint8)
    assert core.decimals_to_ints(array, offsets, 2).tolist() == [125, 3000]
    assert core.max_decimals(data, offsets) == 2
    assert core.max_decimals(*packed(["1.2500", "2e-3"])) == 3


@given(st.lists(st.integers(-(10**15), 10**15)), st.integers(0, 3))
def test_written_decimals_come_back(units: list[int], decimals: int) -> None:
    texts = [f"{u // 10**decimals}.{u % 10**decimals:0{decimals}}" for u in map(abs, units)]
    wanted = [abs(u) for u in units]
    if decimals:
        assert ints(texts, decimals) == wanted


@pytest.mark.parametrize("bad", ["", "NaN", "1,5", "1.234", " 1", "99999999999999999999"])
def test_bad_texts_name_row_and_text(bad: str) -> None:
    with pytest.raises(core.DecimalError, match="row 1") as caught:
        ints(["1.5", bad, "x"], 2)
    assert bad[:64] in str(caught.value)


def test_exponents_can_be_refused() -> None:
    with pytest.raises(core.DecimalError, match="1e-05"):
        ints(["1e-05"], 5, exponents=False)


def test_offsets_outside_the_data_are_refused() -> None:
    for offsets in ([0, 9], [2, 1], [-1, 1]):
        with pytest.raises(core.ArgumentError, match="row 0"):
            core.decimals_to_ints(b"1.5", np.array(offsets, dtype=np.int64), 2)


def test_floats_are_exact_or_refused() -> None:
    values = core.floats_to_ints(np.array([109741.5, 1e-5, -3.0]), 5)
    assert values.dtype == np.int64
    assert values.tolist() == [10_974_150_000, 1, -300_000]
    for bad in (float("nan"), float("inf"), 0.1 + 0.2, 1e18):
        with pytest.raises(core.DecimalError, match="row 1"):
            core.floats_to_ints(np.array([0.5, bad]), 5)


def test_decoded_frames_and_their_errors() -> None:
    frame = b'{"channel":"bbo","data":{"coin":"BTC","time":1790358617881,"bbo":[{"px":"2","sz":"1","n":1},null]}}'
    said = core.decode_frame("hyperliquid", frame, 1, 5)
    assert (said["kind"], said["symbol"], said["bids"], said["asks"]) == (
        "book",
        "BTC",
        [(20, 100_000, 1)],
        [],
    )
    assert core.decode_frame("hyperliquid", b'{"channel":"pong"}', 0, 0) == {"kind": "pong"}
    with pytest.raises(core.PayloadError, match="bbo"):
        core.decode_frame("hyperliquid", frame.replace(b'"coin"', b'"con"'), 1, 5)
    with pytest.raises(core.ArgumentError, match="kraken"):
        core.decode_frame("kraken", frame, 1, 5)
    assert core.scan_scales("hyperliquid", frame + b"\n" + frame) == {"BTC": (0, 0)}
    with pytest.raises(core.PayloadError, match="line 1"):
        core.scan_scales("hyperliquid", frame + b"\n{")


def hyperliquid_frames(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every complete WebSocket frame of the payload collection, by name."""
    for path in sorted((folder / "hyperliquid-payloads").glob("ws_*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if isinstance(row["frame"], dict) and "channel" in row["frame"]:
                yield row["name"], json.dumps(row["frame"], separators=(",", ":")).encode()


def test_recorded_hyperliquid_payloads(recordings: Path) -> None:
    kinds = Counter[str]()
    for name, frame in hyperliquid_frames(recordings):
        if b'"CLOID"' in frame and b'"orderUpdates"' in frame:
            with pytest.raises(core.PayloadError, match="CLOID"):
                core.decode_frame("hyperliquid", frame, 6, 8)
            continue
        said = core.decode_frame("hyperliquid", frame, 6, 8)
        kinds[said["kind"]] += 1
        if name.startswith(("l2Book", "bbo", "trades", "activeAssetCtx")):
            assert said["kind"] in {"book", "trades", "context"}, name
        if name == "l2Book_fast_1":
            assert said["frame"] == "Snapshot { depth: 5 }"
            assert len(said["bids"]) == len(said["asks"]) == 5
    assert kinds["book"] >= 8
    assert kinds["trades"] >= 2
    assert kinds["orders"] >= 4
    assert kinds["fills"] >= 1
    assert kinds["refused"] >= 3


def test_recorded_hyperliquid_frames(recordings: Path) -> None:
    kinds = Counter[str]()
    with gzip.open(recordings / "hl_ws_raw" / "btcusd_20250126.gz") as lines:
        for line in lines:
            _, frame = line.rstrip().split(b" ", 1)
            said = core.decode_frame("hyperliquid", frame, 1, 5)
            kinds[said["kind"]] += 1
            if said["kind"] == "book":
                assert len(said["bids"]) == len(said["asks"]) == 20
                assert said["bids"][0][0] < said["asks"][0][0]
    assert kinds["book"] > 20
    assert kinds["trades"] > 2
    assert sum(kinds.values()) <= 38


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("usdm/btcusdt_20230404.dat.gz", (2, 3)),
        ("usdm/ethusdt_20240808.gz", (2, 3)),
        ("cm/btcusd_perp_20240808.gz", (1, 0)),
        ("spot/btcusdt_20240808.gz", (2, 8)),
    ],
)
def test_recorded_binance_streams(recordings: Path, name: str, scales: tuple[int, int]) -> None:
    channels = Counter[str]()
    with gzip.open(recordings / "binance_ws_raw" / name) as lines:
        frames = [
            line.rstrip().split(b" ", 1)[1] for line, _ in zip(lines, range(6_000), strict=False)
        ]
    for frame in frames:
        said = core.decode_frame("binance", frame, *scales)
        channels[said.get("channel", said["kind"])] += 1
    assert channels["depthUpdate"] > 100
    assert channels["trade"] > 100
    assert channels["bookTicker"] > 1_000
    assert channels["ignored"] == 0
    if "spot" not in name:
        assert channels["snapshot"] == 1
    found = core.scan_scales("binance", b"\n".join(frames))
    symbol = max(found)
    assert all(need <= have for need, have in zip(found[symbol], scales, strict=True))


def test_recorded_bybit_session(recordings: Path) -> None:
    path = recordings / "ws_raw_other" / "BYBIT.jsonl.zst"
    with path.open("rb") as packed_file:
        text = zstandard.ZstdDecompressor().stream_reader(packed_file).read().decode()
    rows = [json.loads(line) for line in text.splitlines()]
    frames = [row["data"].encode() for row in rows if row["t"] == "recv"]
    said = [core.decode_frame("bybit", frame, 8, 8) for frame in frames]
    channels = Counter(one.get("channel", one["kind"]) for one in said)
    assert channels["orderbook"] > 2_000
    assert channels["publicTrade"] > 50
    depths = {one["frame"] for one in said if "Snapshot" in one.get("frame", "")}
    assert depths == {"Snapshot { depth: 200 }"}
    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT"} <= set(core.scan_scales("bybit", b"\n".join(frames)))
