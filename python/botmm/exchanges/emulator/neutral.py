"""Neutral — the venue's actions in the words of the core: coins by number, prices and sizes exact."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botmm.exchanges.emulator import actions as hl
from botmm.exchanges.emulator.coins import Coin, Coins, Listing
from botmm.units import MS_NS, to_units

Neutral = dict[str, Any]

_TIFS = {"Alo": "alo", "Ioc": "ioc", "Gtc": "gtc", "FrontendMarket": "ioc"}
_PLAIN = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_UNITS_MAX = 2**62


class UnknownAssetError(Exception):
    """An asset id that nobody lists."""

    def __init__(self, asset: int) -> None:
        """Keep the id."""
        super().__init__(f"no asset {asset}")
        self.asset = asset


def neutral(action: hl.L1Action, coins: Coins) -> Neutral | None:
    """Return what the core is asked to do; None where the core has no part in the action.

    Raises:
        UnknownAssetError: the action names an asset that is not listed.
    """
    translate = _TRANSLATE.get(type(action))
    return None if translate is None else translate(action, coins)


def assets(action: hl.L1Action) -> list[int]:
    """Return the asset of each entry of a batch, in order."""
    match action:
        case hl.OrderAction():
            return [order.a for order in action.orders]
        case hl.CancelAction():
            return [cancel.a for cancel in action.cancels]
        case hl.CancelCloidAction():
            return [cancel.asset for cancel in action.cancels]
        case hl.BatchModifyAction():
            return [modify.order.a for modify in action.modifies]
        case hl.ModifyAction():
            return [action.order.a]
        case _:
            return []


def _coin(asset: int, coins: Coins) -> Coin:
    coin = coins.of_asset(asset)
    if coin is None:
        raise UnknownAssetError(asset)
    return coin


def _order(wire: hl.OrderWire, coins: Coins) -> Neutral:
    """Return one order; what is wrong with its numbers goes along as its flaw."""
    coin = _coin(wire.a, coins)
    px, px_flaw = _units(wire.p, coin.px_decimals, malformed="bad_price", fine="tick")
    size, size_flaw = _units(
        wire.s, coin.size_decimals, malformed="bad_size", fine="bad_size", zero=True
    )
    flaw = px_flaw or size_flaw or _unlisted(wire, coins.listing(coin))
    trigger, trigger_flaw, tif = None, None, "gtc"
    if isinstance(wire.t, hl.TriggerType):
        asked = wire.t.trigger
        at, trigger_flaw = _units(
            asked.trigger_px, coin.px_decimals, malformed="bad_price", fine="tick"
        )
        trigger = {"px": at, "is_market": asked.is_market, "kind": asked.tpsl}
    else:
        tif = _TIFS[wire.t.limit.tif]
    return {
        "coin": coin.index,
        "side": "bid" if wire.b else "ask",
        "px": px,
        "size": size,
        "tif": tif,
        "reduce_only": wire.r,
        "cloid": wire.c,
        "trigger": trigger,
        "flaw": flaw or trigger_flaw,
    }


def _unlisted(wire: hl.OrderWire, listing: Listing) -> str | None:
    """Return what is wrong with an order by the listing of now; its numbers are sound."""
    if listing.is_delisted:
        return "unsupported"
    if _decimals(wire.p) > 6 - listing.size_decimals:
        return "tick"
    return "bad_size" if _decimals(wire.s) > listing.size_decimals else None


def _decimals(text: str) -> int:
    return len(text.partition(".")[2].rstrip("0"))


def _units(
    text: str, decimals: int, *, malformed: str, fine: str, zero: bool = False
) -> tuple[int, str | None]:
    """Return a decimal in units, or what is wrong with it; a zero may be the core's to refuse."""
    if _PLAIN.fullmatch(text) is None:
        return 1, malformed
    try:
        units = to_units(text, decimals)
    except ValueError:
        return 1, fine
    if units > _UNITS_MAX or (units == 0 and not zero):
        return 1, malformed
    return units, None


def _orders(action: hl.OrderAction, coins: Coins) -> Neutral:
    return {"type": "order", "orders": [_order(order, coins) for order in action.orders]}


def _cancel(action: hl.CancelAction, coins: Coins) -> Neutral:
    rows = [{"coin": _coin(c.a, coins).index, "oid": c.o} for c in action.cancels]
    return {"type": "cancel", "cancels": rows}


def _cancel_cloid(action: hl.CancelCloidAction, coins: Coins) -> Neutral:
    rows = [{"coin": _coin(c.asset, coins).index, "cloid": c.cloid} for c in action.cancels]
    return {"type": "cancel", "cancels": rows}


def _modify(oid: int | str, order: hl.OrderWire, coins: Coins) -> Neutral:
    named = {"cloid": oid} if isinstance(oid, str) else {"oid": oid}
    return {**named, "order": _order(order, coins)}


def _one_modify(action: hl.ModifyAction, coins: Coins) -> Neutral:
    rows = [_modify(action.oid, action.order, coins)]
    return {"type": "modify", "modifies": rows, "always_place": bool(action.a)}


def _modifies(action: hl.BatchModifyAction, coins: Coins) -> Neutral:
    rows = [_modify(modify.oid, modify.order, coins) for modify in action.modifies]
    return {"type": "modify", "modifies": rows, "always_place": bool(action.a)}


def _schedule(action: hl.ScheduleCancelAction, coins: Coins) -> Neutral:
    at = None if action.time is None else min(action.time * MS_NS, _UNITS_MAX)
    return {"type": "schedule_cancel", "at": at}


def _leverage(action: hl.UpdateLeverageAction, coins: Coins) -> Neutral:
    return {
        "type": "update_leverage",
        "coin": _coin(action.asset, coins).index,
        "cross": action.is_cross,
        "leverage": action.leverage,
    }


def _margin(action: hl.UpdateIsolatedMarginAction, coins: Coins) -> Neutral:
    coin = _coin(action.asset, coins).index
    return {"type": "update_isolated_margin", "coin": coin, "amount": action.ntli}


def _noop(action: hl.L1Action, coins: Coins) -> Neutral:
    return {"type": "noop"}


def _weight(action: hl.ReserveWeightAction, coins: Coins) -> Neutral:
    return {"type": "reserve_weight", "weight": action.weight}


_TRANSLATE: dict[type, Callable[[Any, Coins], Neutral]] = {
    hl.OrderAction: _orders,
    hl.CancelAction: _cancel,
    hl.CancelCloidAction: _cancel_cloid,
    hl.ModifyAction: _one_modify,
    hl.BatchModifyAction: _modifies,
    hl.ScheduleCancelAction: _schedule,
    hl.UpdateLeverageAction: _leverage,
    hl.UpdateIsolatedMarginAction: _margin,
    hl.NoopAction: _noop,
    hl.ReserveWeightAction: _weight,
}
