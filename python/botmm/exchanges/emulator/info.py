"""Info — the `/info` endpoint: market questions; those about accounts are in `account_info`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botmm.exchanges.emulator import shapes
from botmm.exchanges.emulator.account_info import ACCOUNT_ANSWERS
from botmm.exchanges.emulator.asking import Asked, MalformedAskError, NullFiveHundredError
from botmm.exchanges.emulator.candles import INTERVALS
from botmm.exchanges.emulator.coins import Coin, meta
from botmm.exchanges.emulator.wire import dec, ms
from botmm.units import SECOND_NS

Row = dict[str, Any]

ROWS_MAX = 500
# Deep enough to fill 20 buckets of an aggregated book.
_DEEP = 2_000
_HOUR_NS = 3_600 * SECOND_NS
_NO_SPOT: Row = {"universe": [], "tokens": []}


def answer(asked: Asked) -> Any:
    """Return the reply to a question.

    Raises:
        MalformedAskError: 422, an unknown type or a missing or malformed field.
        NullFiveHundredError: 500 with `null`.
    """
    kind = asked.text("type")
    if asked.optional_text("dex"):
        raise NullFiveHundredError
    found = _MARKET_ANSWERS.get(kind) or ACCOUNT_ANSWERS.get(kind)
    if found is None:
        raise MalformedAskError(f"unknown type {kind}")
    return found(asked)


def book_of(asked: Asked, coin: Coin, *, fast: bool = False) -> Row:
    """Return the book of a coin, aggregated where that is asked for."""
    figures, mantissa = asked.optional_whole("nSigFigs"), asked.optional_whole("mantissa")
    if figures is None and mantissa is None:
        depth = shapes.FAST_LEVELS if fast else shapes.LEVELS
        return shapes.book(coin, asked.desk.book(coin, depth), depth=depth, fast=fast)
    if not is_aggregation(figures, mantissa):
        raise NullFiveHundredError
    assert figures is not None, "invariant: an aggregation has figures"
    return shapes.aggregated(coin, asked.desk.book(coin, _DEEP), figures=figures, mantissa=mantissa)


def is_aggregation(figures: int | None, mantissa: int | None) -> bool:
    """Whether the venue knows these options of a book."""
    if figures is None:
        return mantissa is None
    if figures not in (2, 3, 4, 5):
        return False
    return mantissa is None or (figures == 5 and mantissa in (1, 2, 5))


def all_mids(asked: Asked) -> dict[str, str]:
    """Return the mid of each coin, the last price where a side is empty."""
    mids: dict[str, str] = {}
    for coin in asked.desk.coins:
        said = asked.desk.context(coin)
        px = said["mid"] or said["last_px"]
        if px:
            mids[coin.name] = shapes.price(px)
    return mids


def context_of(asked: Asked, coin: Coin) -> Row:
    """Return the context of a coin."""
    return shapes.context(coin, asked.desk.context(coin))


def _l2_book(asked: Asked) -> Row | None:
    coin = asked.desk.coins.named(asked.text("coin"))
    return None if coin is None else book_of(asked, coin)


def _meta_and_contexts(asked: Asked) -> list[Any]:
    return [meta(asked.desk.coins), [context_of(asked, coin) for coin in asked.desk.coins]]


def _recent_trades(asked: Asked) -> list[Row] | None:
    coin = asked.desk.coins.named(asked.text("coin"))
    return None if coin is None else list(asked.desk.trades[coin.index])[::-1]


def _candles(asked: Asked) -> list[Row]:
    wanted = asked.inner("req")
    coin = asked.desk.coins.named(wanted.text("coin"))
    interval, start = wanted.text("interval"), wanted.whole("startTime")
    if interval not in INTERVALS:
        raise MalformedAskError("interval")
    end = wanted.optional_whole("endTime")
    if coin is None:
        raise NullFiveHundredError
    return asked.desk.candles[coin.index].between(
        interval, start, ms(asked.desk.now) if end is None else end
    )


def _funding_history(asked: Asked) -> list[Row]:
    coin = asked.desk.coins.named(asked.text("coin"))
    start, end = asked.span()
    if coin is None:
        raise NullFiveHundredError
    rows = [row for row in asked.desk.fundings[coin.index] if start <= ms(row["at"]) <= end]
    return [
        {
            "coin": coin.name,
            "fundingRate": dec(row["rate"], shapes.RATE_DECIMALS),
            # The hour's mean premium is not kept: this is the one that gives the rate.
            "premium": dec(8 * row["rate"], shapes.RATE_DECIMALS),
            "time": ms(row["at"]),
        }
        for row in rows[:ROWS_MAX]
    ]


def _predicted(asked: Asked) -> list[Any]:
    settled = asked.desk.now // _HOUR_NS * _HOUR_NS
    rows: list[Any] = []
    for coin in asked.desk.coins:
        rate = dec(asked.desk.context(coin)["funding_rate"] or 0, shapes.RATE_DECIMALS)
        # The venue stamps its own row with the hour that was just settled.
        own = {"fundingRate": rate, "nextFundingTime": ms(settled), "fundingIntervalHours": 1}
        rows.append([coin.name, [["BinPerp", None], ["HlPerp", own], ["BybitPerp", None]]])
    return rows


def _margin_table(asked: Asked) -> Row:
    leverage = asked.whole("id")
    if not 0 < leverage < 50:
        raise NullFiveHundredError
    tiers = [{"lowerBound": "0.0", "maxLeverage": leverage}]
    return {"description": "", "marginTiers": tiers}


def _status(asked: Asked) -> Row:
    return {"specialStatuses": None, "time": ms(asked.desk.now)}


_MARKET_ANSWERS: dict[str, Callable[[Asked], Any]] = {
    "meta": lambda asked: meta(asked.desk.coins),
    "metaAndAssetCtxs": _meta_and_contexts,
    "allMids": all_mids,
    "l2Book": _l2_book,
    "recentTrades": _recent_trades,
    "candleSnapshot": _candles,
    "fundingHistory": _funding_history,
    "predictedFundings": _predicted,
    "perpDexs": lambda asked: [None],
    "allPerpMetas": lambda asked: [meta(asked.desk.coins)],
    "spotMeta": lambda asked: _NO_SPOT,
    "spotMetaAndAssetCtxs": lambda asked: [_NO_SPOT, []],
    "marginTable": _margin_table,
    "maxMarketOrderNtls": lambda asked: [
        [25, "30000000.0"],
        [20, "5000000.0"],
        [10, "2000000.0"],
        [1, "500000.0"],
    ],
    "perpsAtOpenInterestCap": lambda asked: [],
    "exchangeStatus": _status,
    "perpDeployAuctionStatus": lambda asked: {
        "startTimeSeconds": 0,
        "durationSeconds": 0,
        "startGas": "0.0",
        "currentGas": None,
        "endGas": None,
    },
}
