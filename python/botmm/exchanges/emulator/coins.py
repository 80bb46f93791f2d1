"""Coins — the perpetuals of the local exchange, in the order of their asset ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botmm.errors import UsageError
from botmm.exchanges.emulator.wire import dec

# Decimals of sizes and the greatest leverage, as the venue lists them in 2026.
_LISTED = {"BTC": (5, 40), "ETH": (4, 25), "SOL": (2, 20), "XRP": (0, 20)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One perpetual; prices are integers of `10^-px_decimals`, sizes of `10^-size_decimals`."""

    index: int
    name: str
    size_decimals: int
    max_leverage: int
    only_isolated: bool = False

    @property
    def px_decimals(self) -> int:
        """Return the decimals of prices."""
        return 6 - self.size_decimals

    def px(self, units: int) -> str:
        """Return a price as text."""
        return dec(units, self.px_decimals)

    def size(self, lots: int) -> str:
        """Return a size as text."""
        return dec(lots, self.size_decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the venue says of a coin from now on; its market goes on in the steps it began with."""

    size_decimals: int
    is_delisted: bool = False


class Coins:
    """All coins, by number and by name."""

    def __init__(self, coins: Iterable[Coin]) -> None:
        """Take the coins in the order of their numbers."""
        self._coins = tuple(coins)
        self._by_name = {coin.name: coin for coin in self._coins}
        self._listings: dict[int, Listing] = {}

    def listing(self, coin: Coin) -> Listing:
        """Return how a coin is listed."""
        return self._listings.get(coin.index, Listing(size_decimals=coin.size_decimals))

    def relist(self, coin: Coin, listing: Listing) -> None:
        """List a coin otherwise."""
        self._listings[coin.index] = listing

    def __iter__(self) -> Iterator[Coin]:
        return iter(self._coins)

    def __len__(self) -> int:
        return len(self._coins)

    def __getitem__(self, index: int) -> Coin:
        return self._coins[index]

    def named(self, name: object) -> Coin | None:
        """Return the coin of a name, None where there is none; names are case-sensitive."""
        return self._by_name.get(name) if isinstance(name, str) else None

    def of_asset(self, asset: int) -> Coin | None:
        """Return the coin of an asset id."""
        return self._coins[asset] if 0 <= asset < len(self._coins) else None


def listed(names: Iterable[str]) -> Coins:
    """Return coins of the names that the synthetic market knows.

    Raises:
        UsageError: a name that it does not know, or one twice.
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in _LISTED]
    if unknown or len(set(wanted)) != len(wanted):
        raise UsageError(
            f"no such set of coins: {' '.join(wanted)}", cure=f"there are {', '.join(_LISTED)}"
        )
    return Coins(
        Coin(index=index, name=name, size_decimals=_LISTED[name][0], max_leverage=_LISTED[name][1])
        for index, name in enumerate(wanted)
    )


def from_meta(meta: dict[str, Any], names: Iterable[str]) -> Coins:
    """Return coins as a venue's `meta` describes them, numbered anew.

    Raises:
        UsageError: a name that the venue does not list.
    """
    rows = {row["name"]: row for row in meta["universe"] if not row.get("isDelisted")}
    wanted = list(names)
    unknown = [name for name in wanted if name not in rows]
    if unknown:
        raise UsageError(f"the venue does not list {', '.join(unknown)}")
    return Coins(
        Coin(
            index=index,
            name=name,
            size_decimals=rows[name]["szDecimals"],
            max_leverage=rows[name]["maxLeverage"],
            only_isolated=bool(rows[name].get("onlyIsolated", False)),
        )
        for index, name in enumerate(wanted)
    )


def meta(coins: Coins) -> dict[str, Any]:
    """Return the reply to `meta`."""
    universe: list[dict[str, Any]] = []
    for coin in coins:
        listing = coins.listing(coin)
        row: dict[str, Any] = {
            "szDecimals": listing.size_decimals,
            "name": coin.name,
            "maxLeverage": coin.max_leverage,
            "marginTableId": coin.max_leverage,  # below 50 the id is the one tier's leverage
        }
        if coin.only_isolated:
            row["onlyIsolated"] = True
        if listing.is_delisted:
            row["isDelisted"] = True
        universe.append(row)
    return {"universe": universe, "marginTables": [], "collateralToken": 0}
