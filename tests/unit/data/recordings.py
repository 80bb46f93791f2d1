"""Recordings — small files of every format, written from the documented shapes."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

# 2026-02-12 00:00:00 UTC.
DAY = 1_770_854_400
START = DAY + 10 * 3600
START_MS = START * 1000
START_NS = START * 10**9
LEVELS = 3


def prices(step: int) -> tuple[list[float], list[float]]:
    """Return bids and asks of snapshot `step`: the mid walks up a unit a step."""
    mid = 100_000 + step
    return [mid - i for i in range(LEVELS)], [mid + 1 + i for i in range(LEVELS)]


def hl_csv(folder: Path, symbol: str = "BTC", *, rows: int = 40, hole: int | None = None) -> Path:
    """Write a session of orderbooks_, prices_ and trades_ files; `hole` skips 30 s there."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["timestamp", "sequence", "exchange_timestamp"]
    for i in range(LEVELS):
        names += [f"bid_price_{i}", f"bid_size_{i}", f"ask_price_{i}", f"ask_size_{i}"]
    book, bbo, trades = [",".join(names)], ["timestamp,price,size,side,exchange_timestamp"], []
    trades.append("timestamp,price,size,side,trade_id,exchange_timestamp")
    for step in range(rows):
        late = 30_000 if hole is not None and step >= hole else 0
        exch = START_MS + 500 * step + late
        recv = f"{(exch + 400) / 1000:.3f}"
        bids, asks = prices(step)
        cells = [recv, str(exch), str(exch)]
        for bid, ask in zip(bids, asks, strict=True):
            cells += [f"{bid}.0", "1.50001", f"{ask}.0", "0.5"]
        book.append(",".join(cells))
        bbo += [f"{recv},{bids[0]}.0,1.50001,bid,{exch}", f"{recv},{asks[0]}.0,0.5,ask,{exch}"]
        side, px = ("buy", asks[0]) if step % 2 else ("sell", bids[0])
        trades.append(f"{recv},{px}.0,0.00011,{side},{1000 + step},{exch}")
    for kind, lines in (("orderbooks", book), ("prices", bbo), ("trades", trades)):
        with gzip.open(folder / f"{kind}_{symbol}.csv.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    return folder


def hl_parquet(folder: Path, symbol: str = "ETH") -> Path:
    """Write the same session as Parquet, a file a half."""
    source = hl_csv(folder / "csv", symbol)
    from pyarrow import csv

    for kind in ("orderbooks", "prices", "trades"):
        table = csv.read_csv(source / f"{kind}_{symbol}.csv.gz")
        if kind == "trades":
            at = table.schema.get_field_index("trade_id")
            ids = table.column("trade_id").cast(pa.string())
            table = table.set_column(at, "trade_id", ids)
        target = folder / symbol / kind
        target.mkdir(parents=True)
        half = table.num_rows // 4 * 2
        pq.write_table(table.slice(0, half), target / f"{kind}_1770890460000.parquet")
        pq.write_table(table.slice(half), target / f"{kind}_1770890520000.parquet")
    for path in source.iterdir():
        path.unlink()
    source.rmdir()
    return folder


def hl_frame(step: int, coin: str = "BTC") -> dict[str, Any]:
    """Return one l2Book frame."""
    bids, asks = prices(step)
    levels = [[{"px": f"{px}.0", "sz": "0.25", "n": 2} for px in side] for side in (bids, asks)]
    data = {"coin": coin, "time": START_MS + 500 * step, "levels": levels}
    return {"channel": "l2Book", "data": data}


def hl_raw(path: Path, *, rows: int = 20) -> Path:
    """Write verbatim frames, trades among them, the first with the subscribe backlog."""
    lines = []
    for step in range(rows):
        recv = START_NS + step * 500_000_000 + 300_000_000
        lines.append(f"{recv} {_compact(hl_frame(step))}")
        trade = {
            "coin": "BTC",
            "side": "B",
            "px": f"{prices(step)[1][0]}.0",
            "sz": "0.00219",
            "time": START_MS + 500 * step - (60_000 if step == 0 else 0),
            "tid": 77 + step,
            "hash": "0x00",
            "users": ["0x01", "0x02"],
        }
        frame = {"channel": "trades", "data": [trade]}
        lines.append(f"{recv + 1000} {_compact(frame)}")
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines) + "\n")
    return path


def hl_archive(path: Path, *, rows: int = 20) -> Path:
    """Write lines of the venue's archive as two concatenated LZ4 frames."""
    lines = []
    for step in range(rows):
        ns = START_NS + step * 500_000_000 + 123_456_789
        stamp = f"{np.datetime64(ns, 'ns')}"
        lines.append(_compact({"time": stamp, "ver_num": 1, "raw": hl_frame(step)}) + "\n")
    half = rows // 2
    parts = ["".join(lines[:half]), "".join(lines[half:])]
    path.write_bytes(b"".join(lz4.frame.compress(part.encode()) for part in parts))
    return path


def binance_lines(
    first: int, last: int, *, snapshot: bool, offset_ms: int = -1270, unit: int = 1
) -> list[str]:
    """Return combined-stream lines of USD-M; update ids are 100 a step; `unit` 1000 is us."""
    lines = []
    for step in range(first, last):
        event = START_MS + 100 * step
        stamp = (event + offset_ms + 4) * 1_000_000 + step % 3 * 100_000

        def line(frame: dict[str, Any], plus: int = 0, stamp: int = stamp) -> str:
            return f"{(stamp + plus) // unit} {_compact(frame)}"

        if snapshot and step == first + 2:
            book = {
                "lastUpdateId": 1000 + 100 * step - 50,
                "E": event,
                "T": event,
                "bids": [["61800.20", "2.909"], ["61800.10", "0.696"]],
                "asks": [["61800.30", "1.5"], ["61800.40", "2"]],
            }
            lines.append(line(book))
        depth = {
            "e": "depthUpdate",
            "E": event,
            "T": event,
            "s": "BTCUSDT",
            "U": 901 + 100 * step,
            "u": 1000 + 100 * step,
            "pu": 900 + 100 * step,
            "b": [["61800.20", f"{1 + step}.5"], ["61800.00", "0.000"]],
            "a": [["61800.30", f"{2 + step}.125"]],
        }
        lines.append(line({"stream": "btcusdt@depth@0ms", "data": depth}, 1))
        trade = {
            "e": "trade",
            "E": event,
            "T": event,
            "s": "BTCUSDT",
            "t": 5000 + step,
            "p": "61800.30",
            "q": "0.006",
            "X": "MARKET",
            "m": False,
        }
        lines.append(line({"stream": "btcusdt@trade", "data": trade}, 2))
        ticker = {
            "e": "bookTicker",
            "u": 1000 + 100 * step,
            "s": "BTCUSDT",
            "b": "61800.20",
            "B": f"{1 + step}.5",
            "a": "61800.30",
            "A": f"{2 + step}.125",
            "T": event,
            "E": event,
        }
        lines.append(line({"stream": "btcusdt@bookTicker", "data": ticker}, 3))
    return lines


def write_gz(path: Path, lines: list[str]) -> Path:
    """Write lines, compressed."""
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines) + "\n")
    return path


def t_depth(folder: Path) -> Path:
    """Write a snapshot file and an update file that continues it."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu"
    snap = [head]
    for side, base, sign in (("b", 20_377, -1), ("a", 20_378, 1)):
        snap += [
            f"BTCUSDT,{START_MS},1000,1000,{side},snap,{base + sign * i}.00,1.770,-1"
            for i in range(3)
        ]
    update = [head]
    for step in range(5):
        low, high = 1001 + 10 * step, 1010 + 10 * step
        stamp = START_MS + 100 * (step + 1)
        update.append(f"BTCUSDT,{stamp},{low},{high},a,set,20378.00,{step}.500,{low - 1}")
        update.append(f"BTCUSDT,{stamp},{low},{high},b,set,20375.00,0.000,{low - 1}")
    (folder / "BTCUSDT_T_DEPTH_2026-02-12_depth_snap.csv").write_text("\n".join(snap) + "\n")
    (folder / "BTCUSDT_T_DEPTH_2026-02-12_depth_update.csv").write_text("\n".join(update) + "\n")
    return folder


def bybit_line(step: int, *, kind: str, topic: str = "orderbook.500.XRPUSDT") -> dict[str, Any]:
    """Return one order book message."""
    bids = [["1.9531", str(6000 + step)], ["1.9530", "2409"]]
    asks = [["1.9532", "10480"], ["1.9533", "0" if kind == "delta" else "13701"]]
    data = {"s": topic.split(".")[-1], "b": bids, "a": asks, "u": 20 + step, "seq": 900 + step}
    stamp = START_MS + 100 * step
    return {"topic": topic, "type": kind, "ts": stamp, "data": data, "cts": stamp - 2}


def bybit_zip(path: Path, *, rows: int = 10) -> Path:
    """Write an archive of one member."""
    lines = [
        _compact(bybit_line(step, kind="delta" if step else "snapshot")) for step in range(rows)
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2026-02-12_XRPUSDT_ob500.data", "\n".join(lines) + "\n")
    return path


def bybit_session(path: Path, *, rows: int = 10) -> Path:
    """Write a session with a linear and a spot connection that share topics."""
    head = {"t": "header", "format": 2, "exchange": "BYBIT", "config": {}}
    base = "wss://stream.bybit.com/v5/public"
    lines = [_compact(head)]
    for conn, market in (("ws.1", "linear"), ("ws.2", "spot")):
        lines.append(
            _compact({"t": "connect", "conn": conn, "ts": START - 1.0, "addr": f"{base}/{market}"})
        )
    topic = "orderbook.200.BTCUSDT"
    for step in range(rows):
        ts = START + 0.1 * step + 0.25
        frame = bybit_line(step, kind="delta" if step else "snapshot", topic=topic)
        lines.append(_recv("ws.1", ts, frame))
        for conn, px in (("ws.1", "1.9532"), ("ws.2", "1.8")):
            trade = {
                "T": START_MS + 100 * step,
                "s": "BTCUSDT",
                "S": "Buy",
                "v": "5",
                "p": px,
                "L": "PlusTick",
                "i": f"2a5a1f0e-0000-0000-{step:04d}-{'1' if conn == 'ws.1' else '2'}00000000000",
                "BT": False,
            }
            lines.append(
                _recv(
                    conn,
                    ts,
                    {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": [trade]},
                )
            )
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(zstandard.ZstdCompressor().compress(data))
    return path


def _recv(conn: str, ts: float, frame: dict[str, Any]) -> str:
    return _compact({"t": "recv", "conn": conn, "ts": ts, "data": _compact(frame)})


def tardis(folder: Path) -> Path:
    """Write one file of each of the four kinds, all of one market."""
    folder.mkdir(parents=True, exist_ok=True)
    us = START * 10**6
    who = "binance-futures,BTCUSDT"
    book = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
    for side, px in (("bid", 9681), ("bid", 9680), ("ask", 9682), ("ask", 9683)):
        book.append(f"{who},{us},{us + 5000},true,{side},{px},1.5")
    for step in range(1, 6):
        ts = us + step * 100_000
        book.append(f"{who},{ts},{ts + 5000},false,bid,9681,{step}.25")
        book.append(f"{who},{ts},{ts + 5000},false,ask,9683,0")
    columns = ["exchange", "symbol", "timestamp", "local_timestamp"]
    for i in range(2):
        for side in ("asks", "bids"):
            columns += [f"{side}[{i}].price", f"{side}[{i}].amount"]
    snaps, quotes, trades = [",".join(columns)], [], []
    quotes.append(
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"
    )
    trades.append("exchange,symbol,timestamp,local_timestamp,id,side,price,amount")
    for step in range(6):
        ts = us + step * 100_000
        ask, bid = 9682 + step, 9681.5 + step
        snaps.append(f"{who},{ts},{ts + 5000},{ask},1,{bid},2,{ask + 1},3,{bid - 1},4")
        quotes.append(f"{who},{ts},{ts + 5000},0.84,{ask},{bid},0.67")
        trades.append(f"{who},{ts},{ts + 5000},{42 + step},buy,{ask},0.132")
    for name, lines in (
        ("incremental_book_L2", book),
        ("book_snapshot_2", snaps),
        ("quotes", quotes),
        ("trades", trades),
    ):
        (folder / f"binance-futures_{name}_2026-02-12_BTCUSDT.csv").write_text(
            "\n".join(lines) + "\n"
        )
    return folder


def aster(folder: Path, *, lists: bool = False) -> Path:
    """Write a book (columns, or a Parquet of lists), prices without sizes, and trades."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["unix_timestamp", "lastUpdateId"]
    names += [f"bid_{what}_{i}" for i in range(LEVELS) for what in ("price", "qty")]
    names += [f"ask_{what}_{i}" for i in range(LEVELS) for what in ("price", "qty")]
    book, quotes, trades = [",".join(names)], ["unix_timestamp,bid,ask,mid"], []
    trades.append("id,unix_timestamp_ms,side,price,quantity")
    stamps, bid_lists, ask_lists = [], [], []
    for step in range(10):
        recv = START + 0.25 * step
        bids, asks = prices(step)
        stamps.append(int(recv * 1000))
        bid_lists.append([[float(px), 0.002] for px in bids])
        ask_lists.append([[float(px), 42.726] for px in asks[: LEVELS - step % 2]])
        cells = [f"{recv:.7f}", str(1000 + step)]
        for side, qty in ((bids, "0.002000"), (asks, "42.726000")):
            for px in side:
                cells += [f"{px}.000000", qty]
        book.append(",".join(cells))
        quotes.append(f"{recv},{bids[0]},{asks[0]},{bids[0] + 0.5}")
        trades.append(f"{500 + step},{int(recv * 1000)},buy,{asks[0]}.000000,0.023000")
    if lists:
        columns = {"unix_timestamp_ms": stamps, "bids": bid_lists, "asks": ask_lists}
        table = pa.table({"lastUpdateId": list(range(10)), **columns})
        pq.write_table(table, folder / "orderbook_BTCUSDT.parquet")
    else:
        write_gz(folder / "orderbook_BTCUSDT.csv.gz", book)
    write_gz(folder / "prices_BTCUSDT.csv.gz", quotes)
    write_gz(folder / "trades_BTCUSDT.csv.gz", trades)
    return folder


def standx(folder: Path) -> Path:
    """Write integer snapshots, every other one locked, and trades without a side."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = 12
    columns: dict[str, Any] = {
        "timestamp": np.array([START_MS + 250 * i for i in range(rows)], np.int64),
        "received_at_us": np.array([(START_MS + 250 * i + 390) * 1000 for i in range(rows)]),
    }
    for level in range(LEVELS):
        columns[f"bid_px_{level}"] = np.full(rows, 941_251 - level, np.int32)
        columns[f"bid_sz_{level}"] = np.full(rows, 7811, np.int32)
        ask = 941_251 + level + np.arange(rows) % 2
        columns[f"ask_px_{level}"] = ask.astype(np.int32)
        columns[f"ask_sz_{level}"] = np.full(rows, 171, np.int32)
    last = f"bid_px_{LEVELS - 1}"
    columns[last][3] = 0
    columns[f"bid_sz_{LEVELS - 1}"][3] = 0
    pq.write_table(pa.table(columns), folder / "book_BTC-USD_2026-02-12.parquet")
    at = [START_MS + 100 + 250 * i for i in range(4)]
    trades = {
        "timestamp": np.array(at, np.int64),
        "received_at_us": np.array([(t + 390) * 1000 for t in at]),
        "price": [94_125.29, 94_124.98, 94_125.1, 94_125.1],
        "quantity": [0.0141, 0.0001, 0.5, 0.25],
    }
    pq.write_table(pa.table(trades), folder / "trades_BTC-USD_2026-02-12.parquet")
    return folder


NeutralRow = tuple[int, int, int, float, float]


def neutral(path: Path) -> Path:
    """Write clear, snapshot, changes and trades."""
    rows: list[NeutralRow] = [(0, 3, 0, 0.0, 0.0)]
    for i in range(3):
        rows += [(0, 4, 1, 100.5 - i * 0.5, 1.0 + i), (0, 4, -1, 101.0 + i * 0.5, 2.0)]
    for step in range(1, 8):
        rows += [(step, 1, 1, 100.5, 0.25 * step), (step, 1, -1, 101.5, 0.0 if step % 2 else 3.0)]
        rows.append((step, 2, 1, 101.0, 0.125))
    return neutral_rows(path, rows)


def neutral_snapshots(path: Path) -> Path:
    """Write snapshots of one level a side that rises, each followed by two later trades."""
    rows: list[NeutralRow] = []
    for step in range(0, 30, 3):
        rows += [(step, 3, 0, 0.0, 0.0), (step, 4, 1, 100.0 + step, 1.0)]
        rows += [(step, 4, -1, 101.0 + step, 2.0)]
        rows += [(step + later, 2, 1, 101.0 + step, 0.5) for later in (1, 2)]
    return neutral_rows(path, rows)


def neutral_rows(path: Path, rows: list[NeutralRow]) -> Path:
    """Write rows of (tenths of a second, kind, side, price, size)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exch = np.array([START_NS + step * 10**8 for step, *_ in rows], np.int64)
    columns = {
        "ts_exch": exch,
        "ts_local": exch + 4_000_000,
        "kind": np.array([row[1] for row in rows], np.uint8),
        "side": np.array([row[2] for row in rows], np.int8),
        "px": np.array([row[3] for row in rows]),
        "qty": np.array([row[4] for row in rows]),
    }
    pq.write_table(pa.table(columns), path)
    return path


def zstd_frames(data: bytes, frames: int = 2) -> bytes:
    """Return data as several zstd frames, one after the other."""
    cut = len(data) // frames
    parts = [data[i * cut : (i + 1) * cut if i + 1 < frames else None] for i in range(frames)]
    return b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(p) for p in parts)


def zipped(data: bytes) -> bytes:
    """Return data as a zip of one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member.csv", data)
    return buffer.getvalue()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def binance_session(path: Path, *, rows: int = 20) -> Path:
    """Write a USD-M session of two symbols, whose REST snapshots name their symbol in the URL."""
    lines = [_compact({"t": "header", "format": 2, "exchange": "BINANCE_FUTURES", "config": {}})]
    for symbol, shift in (("BTCUSDT", 0), ("ETHUSDT", 7)):
        book = {
            "lastUpdateId": 1150,
            "bids": [["61800.20", f"{2 + shift}.9"], ["61800.10", "0.7"]],
            "asks": [["61800.30", "1.5"], ["61800.40", f"{2 + shift}"]],
        }
        answer = {
            "t": "http",
            "conn": "http.0",
            "ts": START + 0.25,
            "url": f"https://fapi.binance.com/fapi/v1/depth?symbol={symbol}&limit=1000",
            "data": _compact(book),
        }
        lines.append(_compact(answer))
    for line in binance_lines(0, rows, snapshot=False, offset_ms=0):
        stamp, _, text = line.partition(" ")
        for symbol in ("BTCUSDT", "ETHUSDT"):
            frame = json.loads(text.replace("BTCUSDT", symbol))
            lines.append(_recv("ws.1", int(stamp) / 1e9, frame))
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(zstandard.ZstdCompressor().compress(data))
    return path
