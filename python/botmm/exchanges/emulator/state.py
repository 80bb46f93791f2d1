"""State — a local exchange in a file: a line of JSON for what stands around the core, then the core."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botmm.core import CoreException, Exchange
from botmm.errors import DataError
from botmm.exchanges.emulator.coins import Coin, Coins
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.purse import Purse

VERSION = 1


def save(path: Path, desk: Desk, purse: Purse) -> None:
    """Write everything to a file, all or nothing."""
    around = {
        "version": VERSION,
        "coins": [_coin_row(coin) for coin in desk.coins],
        "spot": purse.spot,
        "builders": purse.builders,
        "trades": [list(rows) for rows in desk.trades],
        "fundings": [list(rows) for rows in desk.fundings],
        "candles": [candles.saved() for candles in desk.candles],
        "values": {user: list(rows) for user, rows in desk.values.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        out.write(json.dumps(around, separators=(",", ":")).encode() + b"\n")
        out.write(desk.core.save())
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def restore(path: Path, symbols: Sequence[str]) -> tuple[Desk, Purse]:
    """Return the exchange of a file.

    Raises:
        DataError: the file is none, of another version, or of other coins.
    """
    head, _, tail = path.read_bytes().partition(b"\n")
    try:
        around: dict[str, Any] = json.loads(head)
        version = around["version"]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path}: no state of a local exchange") from None
    if version != VERSION:
        raise DataError(
            f"{path}: state of version {version}, this program reads {VERSION}",
            cure="name another file; the local exchange begins anew there",
        )
    coins = Coins(Coin(**row) for row in around["coins"])
    names = [coin.name for coin in coins]
    if names != list(symbols):
        raise DataError(
            f"{path}: holds {' '.join(names)}, not {' '.join(symbols)}",
            cure=f"pass --symbols {' '.join(names)}, or another file",
        )
    try:
        desk = Desk(Exchange.restore(tail), coins)
    except CoreException as error:
        raise DataError(f"{path}: {error}") from None
    for at in range(len(coins)):
        desk.trades[at].extend(around["trades"][at])
        desk.fundings[at].extend(around["fundings"][at])
        desk.candles[at].restore(around["candles"][at])
    for user, rows in around["values"].items():
        desk.keep_values(user, [(at, value) for at, value in rows])
    return desk, Purse(desk, around["spot"], around["builders"])


def _coin_row(coin: Coin) -> dict[str, Any]:
    return {
        "index": coin.index,
        "name": coin.name,
        "size_decimals": coin.size_decimals,
        "max_leverage": coin.max_leverage,
        "only_isolated": coin.only_isolated,
    }
