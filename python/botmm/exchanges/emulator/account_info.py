"""Account info — what `/info` tells of accounts; whoever knows the address may ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from botmm.exchanges.emulator import account_shapes, shapes
from botmm.exchanges.emulator.asking import Asked, MalformedAskError, NullFiveHundredError
from botmm.exchanges.emulator.wire import dec, ms, usd
from botmm.units import DAY_NS, MS_NS

Row = dict[str, Any]

FILLS_MAX = 2_000
FILLS_REACH = 10_000
_ROWS_MAX = 500
_NS_MAX = 2**63 - 1
_CLOID = re.compile(r"0x[0-9a-fA-F]{32}")
_PERIODS = {"day": 1, "week": 7, "month": 30, "allTime": 100_000}
_VIP = [
    ("5000000.0", "0.0004", "0.00012", "0.0006", "0.0003"),
    ("25000000.0", "0.00035", "0.00008", "0.0005", "0.0002"),
    ("100000000.0", "0.0003", "0.00004", "0.0004", "0.0001"),
    ("500000000.0", "0.00028", "0.0", "0.00035", "0.0"),
    ("2000000000.0", "0.00026", "0.0", "0.0003", "0.0"),
    ("7000000000.0", "0.00024", "0.0", "0.00025", "0.0"),
]
_MM = [("0.005", "-0.00001"), ("0.015", "-0.00002"), ("0.03", "-0.00003")]
_STAKING = [
    ("0.0", "0.0"),
    ("0.0001", "0.05"),
    ("0.001", "0.1"),
    ("0.01", "0.15"),
    ("0.1", "0.2"),
    ("1.0", "0.3"),
    ("5.0", "0.4"),
]


def clearinghouse(asked: Asked, user: str) -> Row:
    """Return margin and positions of a user."""
    desk = asked.desk
    return account_shapes.clearinghouse(desk.coins, desk.account(user), desk.now)


def frontend_orders(asked: Asked, user: str) -> list[Row]:
    """Return open orders of a user with every key, the newest first."""
    coins = asked.desk.coins
    return [shapes.frontend_order(coins, row) for row in asked.desk.rows("orders", user)]


def fills(asked: Asked, user: str, *, aggregate: bool) -> list[Row]:
    """Return the latest fills of a user, the newest first."""
    rows = asked.desk.rows("fills", user, 0, FILLS_MAX)
    if aggregate:
        rows = shapes.merged_fills(rows)
    return [shapes.fill(asked.desk.coins, row) for row in reversed(rows)]


def spot_state(asked: Asked, user: str) -> Row:
    """Return the spot side of a user."""
    return {
        "balances": [
            {"coin": coin, "token": 0, "total": usd(amount), "hold": "0.0", "entryNtl": "0.0"}
            for coin, amount in asked.purse.balances(user)
        ]
    }


def active_asset(asked: Asked, user: str, coin_name: str) -> Row:
    """Return leverage and room of a user in a coin."""
    coin = asked.desk.coins.named(coin_name)
    if coin is None:
        raise NullFiveHundredError
    return account_shapes.active_asset(coin, user, asked.desk.account(user), asked.desk.mark(coin))


def _open_orders(asked: Asked) -> list[Row]:
    coins = asked.desk.coins
    return [shapes.basic_order(coins, row) for row in asked.desk.rows("orders", asked.user())]


def _fills_by_time(asked: Asked) -> list[Row]:
    user, (start, end) = asked.user(), asked.span()
    since = min(start * MS_NS, _NS_MAX)
    rows = [
        row for row in asked.desk.rows("fills", user, since, FILLS_REACH) if ms(row["at"]) <= end
    ]
    if asked.flag("aggregateByTime"):
        rows = shapes.merged_fills(rows)
    if asked.flag("reversed"):
        rows.reverse()
    return [shapes.fill(asked.desk.coins, row) for row in rows[:FILLS_MAX]]


def _order_status(asked: Asked) -> Row:
    user, named = asked.user(), asked.fields.get("oid")
    oid, cloid = None, None
    if isinstance(named, str) and _CLOID.fullmatch(named):
        cloid = named.lower()
    else:
        oid = asked.whole("oid")
    found = asked.desk.order(user, oid, cloid)
    if found is None:
        return {"status": "unknownOid"}
    return {"status": "order", "order": shapes.order_status(asked.desk.coins, found)}


def _history(asked: Asked) -> list[Row]:
    rows = asked.desk.rows("history", asked.user(), 2_000)
    return [shapes.order_status(asked.desk.coins, row) for row in rows]


def _payments(asked: Asked, what: str) -> list[Row]:
    user, (start, end) = asked.user(), asked.span()
    rows = asked.desk.rows(what, user, min(start * MS_NS, _NS_MAX))
    return [row for row in rows if ms(row["at"]) <= end][:_ROWS_MAX]


def _fundings(asked: Asked) -> list[Row]:
    coins = asked.desk.coins
    return [shapes.funding_delta(coins, row) for row in _payments(asked, "fundings")]


def _rate_limit(asked: Asked) -> Row:
    user = asked.user()
    if not asked.desk.has(user):
        return {"cumVlm": "0.0", "nRequestsUsed": 0, "nRequestsCap": 10_000, "nRequestsSurplus": 0}
    return account_shapes.rate_limit(json.loads(asked.desk.core.limits(user)))


def _fees(asked: Asked) -> Row:
    asked.user()
    taker, maker = _rate(asked.fees["taker"]), _rate(asked.fees["maker"])
    names = ("ntlCutoff", "cross", "add", "spotCross", "spotAdd")
    return {
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": "0.00045",
            "add": "0.00015",
            "spotCross": "0.0007",
            "spotAdd": "0.0004",
            "tiers": {
                "vip": [dict(zip(names, row, strict=True)) for row in _VIP],
                "mm": [{"makerFractionCutoff": share, "add": add} for share, add in _MM],
            },
            "referralDiscount": "0.04",
            "stakingDiscountTiers": [
                {"bpsOfMaxSupply": stake, "discount": discount} for stake, discount in _STAKING
            ],
        },
        "userCrossRate": taker,
        "userAddRate": maker,
        "userSpotCrossRate": "0.0007",
        "userSpotAddRate": "0.0004",
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialEscrow": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
    }


def _rate(fraction: float) -> str:
    return dec(round(fraction * 10**8), 8)


def _agents(asked: Asked) -> list[Row]:
    return [
        {
            "name": agent["name"],
            "address": agent["address"],
            "validUntil": None if agent["valid_until"] is None else ms(agent["valid_until"]),
        }
        for agent in asked.desk.agents(asked.user())["agents"]
        if agent["name"]
    ]


def _role(asked: Asked) -> Row:
    user = asked.user()
    owner = asked.desk.owner(user)
    if owner is None:
        return {"role": "missing"}
    if owner != user:
        return {"role": "agent", "data": {"user": owner}}
    master = asked.desk.account(user)["master"]
    if master is not None:
        return {"role": "subAccount", "data": {"master": master}}
    return {"role": "user"}


def _sub_accounts(asked: Asked) -> list[Row] | None:
    user = asked.user()
    rows = [
        {
            "name": part["name"],
            "subAccountUser": part["user"],
            "master": user,
            "clearinghouseState": clearinghouse(asked, part["user"]),
            "spotState": spot_state(asked, part["user"]),
        }
        for part in asked.desk.agents(user)["parts"]
    ]
    return rows or None


def _portfolio(asked: Asked) -> list[Any]:
    user = asked.user()
    values = list(asked.desk.values.get(user, ()))
    moved = [(ms(row["at"]), row["delta"]) for row in asked.desk.rows("ledger", user, 0)]
    volume = "0.0"
    if asked.desk.has(user):
        volume = usd(json.loads(asked.desk.core.limits(user))["cum_volume"])
    rows: list[Any] = []
    for prefix in ("", "perp"):
        for period, days in _PERIODS.items():
            since = ms(max(asked.desk.now - days * DAY_NS, 0))
            kept = [(at, value) for at, value in values if at >= since]
            name = f"{prefix}{period[0].upper()}{period[1:]}" if prefix else period
            rows.append([name, _curve(kept, moved, volume)])
    return rows


def _curve(kept: list[tuple[int, int]], moved: list[tuple[int, int]], volume: str) -> Row:
    """Return one period of a portfolio; profit is value less what was paid in since its start."""
    first_at, first = kept[0] if kept else (0, 0)
    profits = []
    for at, value in kept:
        paid_in = sum(delta for when, delta in moved if first_at < when <= at)
        profits.append([at, usd(value - first - paid_in)])
    return {
        "accountValueHistory": [[at, usd(value)] for at, value in kept],
        "pnlHistory": profits,
        "vlm": volume,
    }


def _builder_fee(asked: Asked) -> int:
    """Return what a builder may take, in tenths of a basis point."""
    rate = asked.purse.builders.get(asked.user(), {}).get(asked.user("builder"), "0%")
    try:
        return round(float(rate.removesuffix("%")) * 1_000)
    except ValueError:
        raise MalformedAskError("builder") from None


def _nothing(reply: Any) -> Callable[[Asked], Any]:
    """Return an answer for what the local exchange does not have: stakes, vaults, referrals."""

    def answer(asked: Asked) -> Any:
        """Answer any address alike."""
        asked.user()
        return reply

    return answer


ACCOUNT_ANSWERS: dict[str, Callable[[Asked], Any]] = {
    "clearinghouseState": lambda asked: clearinghouse(asked, asked.user()),
    "spotClearinghouseState": lambda asked: spot_state(asked, asked.user()),
    "openOrders": _open_orders,
    "frontendOpenOrders": lambda asked: frontend_orders(asked, asked.user()),
    "userFills": lambda asked: fills(asked, asked.user(), aggregate=asked.flag("aggregateByTime")),
    "userFillsByTime": _fills_by_time,
    "orderStatus": _order_status,
    "historicalOrders": _history,
    "userFees": _fees,
    "userRateLimit": _rate_limit,
    "userFunding": _fundings,
    "userNonFundingLedgerUpdates": lambda asked: [
        shapes.ledger_delta(row) for row in _payments(asked, "ledger")
    ],
    "activeAssetData": lambda asked: active_asset(asked, asked.user(), asked.text("coin")),
    "extraAgents": _agents,
    "userRole": _role,
    "subAccounts": _sub_accounts,
    "portfolio": _portfolio,
    "maxBuilderFee": _builder_fee,
    "userTwapSliceFills": _nothing([]),
    "twapHistory": _nothing([]),
    "userVaultEquities": _nothing([]),
    "delegations": _nothing([]),
    "delegatorRewards": _nothing([]),
    "delegatorHistory": _nothing([]),
    "delegatorSummary": _nothing(
        {
            "delegated": "0.0",
            "undelegated": "0.0",
            "totalPendingWithdrawal": "0.0",
            "nPendingWithdrawals": 0,
        }
    ),
    "referral": _nothing(
        {
            "referredBy": None,
            "cumVlm": "0.0",
            "unclaimedRewards": "0.0",
            "claimedRewards": "0.0",
            "builderRewards": "0.0",
            "referrerState": None,
            "rewardHistory": [],
        }
    ),
    "userToMultiSigSigners": _nothing(None),
    "userDexAbstraction": _nothing(None),
    "userAbstraction": _nothing("disabled"),
    "spotDeployState": _nothing({"states": [], "gasAuction": None}),
}
