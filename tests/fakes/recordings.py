"""Recordings — folders as a recorder writes them, from frames that a test makes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from botmm.clock import ManualClock
from botmm.data.capture import Writer
from botmm.data.capture.kinds import Kind

S = 10**9
DAY = 86_400 * S
START = 1_790_000_000 // 86_400 * DAY + 12 * 3_600 * S
"""Noon of a day."""

Told = tuple[int, bytes, int, Kind]
"""When a frame came, the frame, over which line, and its kind."""


def book(at: int, coin: str = "BTC", *, px: int = 100_000, fast: bool = True) -> bytes:
    levels = 5 if fast else 20
    sides = [
        [{"px": f"{px + sign * n}.0", "sz": "1.5", "n": 2} for n in range(1, levels + 1)]
        for sign in (-1, 1)
    ]
    data = {"coin": coin, "time": at // 1_000_000, "levels": sides}
    return frame("l2Book", data | ({"fast": True} if fast else {}))


def bbo(at: int, coin: str = "BTC", *, px: int = 100_000) -> bytes:
    sides = [{"px": f"{px + sign}.0", "sz": "0.5", "n": 1} for sign in (-1, 1)]
    return frame("bbo", {"coin": coin, "time": at // 1_000_000, "bbo": sides})


def trade(at: int, tid: int, coin: str = "BTC", *, px: int = 100_001) -> bytes:
    row = {
        "coin": coin, "side": "B", "px": f"{px}.0", "sz": "0.01", "time": at // 1_000_000,
        "hash": "0x" + "0" * 64, "tid": tid, "users": ["0x" + "1" * 40, "0x" + "2" * 40],
    }  # fmt: skip
    return frame("trades", [row])


def frame(channel: str, data: object) -> bytes:
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":")).encode()


def minute(start: int, *, line: int = 0, late: int = 100_000_000) -> list[Told]:
    """Return a minute of books twice a second, a touch and a trade between them."""
    told: list[Told] = []
    for step in range(120):
        at = start + step * S // 2
        px = 100_000 + step % 7
        told += [
            (at + late, book(at, px=px), line, Kind.FRAME),
            (at + late + S // 8, bbo(at + S // 8, px=px + 1), line, Kind.FRAME),
            (at + late + S // 4, trade(at + S // 4, at // 1_000, px=px + 1), line, Kind.FRAME),
        ]
    return told


def recording(
    folder: Path, told: Iterable[Told], *, symbols: tuple[str, ...] = ("BTC",), closed: bool = True
) -> ManualClock:
    """Write frames as a recorder does, with the clock at their times."""
    rows = sorted(told, key=lambda one: one[0])
    clock = ManualClock(rows[0][0])
    about = {"what": "recording", "venue": "hyperliquid", "symbols": list(symbols)}
    writer = Writer(folder, clock, about=about)
    for number, (at, payload, line, kind) in enumerate(rows):
        clock.ns = at
        writer.append(kind, at, payload, conn=line)
        if number % 50 == 0:
            assert writer.flush()
    writer.close()
    if not closed:
        newest = max(folder.glob("*.seg"))
        newest.rename(newest.with_suffix(".open"))
    return clock
