"""Peer — hftbacktest on the benchmark streams, with the fixed quoting rule compiled by numba.

The rule, stepped on multiples of `step_ns`: twice the reservation price is `bid + ask - 2 * skew * clips held`;
the bid stands `half` ticks below it, rounded down, the ask above it, rounded up, neither at or through the other
side of the book; one order a side of one clip, none where it could take the position past the limit; an order
stays while its price is the wanted one, else it is cancelled and the new one is sent in the same step, unless it would
match an own order that still rests.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import hftbacktest as hft
import numpy as np
import numpy.typing as npt
from hftbacktest.order import CANCELED, FILLED, GTX, LIMIT, NEW
from hftbacktest.order import NONE as NO_REQUEST
from hftbacktest.types import event_dtype
from numba import njit

from backtest.bench.rule import CANCELLED, FILL_DTYPE, ORDER_DTYPE, REFUSED, Outcome, Rule
from backtest.bench.rule import FILLED as ENDED_FILLED
from backtest.bench.streams import CLEAR, DEPTH, SNAPSHOT_LEVEL, TRADE, Scale, Stream

BOTH = hft.EXCH_EVENT | hft.LOCAL_EVENT
FILLS_MAX = 2_000_000
FAR_TICK = 1 << 60


def rows_of(stream: Stream) -> npt.NDArray[np.void]:
    """Return the events as the peer reads them: a snapshot is clear rows and level rows."""
    kinds = np.zeros(5, np.uint64)
    kinds[[1, TRADE, SNAPSHOT_LEVEL]] = (
        hft.DEPTH_EVENT,
        hft.TRADE_EVENT,
        hft.DEPTH_SNAPSHOT_EVENT,
    )
    keep = stream.kind != CLEAR
    whole = _columns(stream, keep, kinds[stream.kind[keep]], stream.qty[keep])
    cleared = _clear_rows(stream)
    # A snapshot's clear rows stand before its levels.
    place = np.concatenate([np.flatnonzero(keep), np.repeat(np.flatnonzero(~keep), 2)])
    return np.concatenate([whole, cleared])[np.argsort(place, kind="stable")]


def _columns(stream: Stream, keep: Any, kind: Any, qty: Any) -> npt.NDArray[np.void]:
    rows = np.zeros(int(keep.sum()), event_dtype)
    side = np.where(stream.side[keep] > 0, hft.BUY_EVENT, hft.SELL_EVENT).astype(np.uint64)
    rows["ev"] = np.uint64(BOTH) | side | kind
    rows["exch_ts"], rows["local_ts"] = stream.ts_exch[keep], stream.ts_recv[keep]
    rows["px"], rows["qty"] = stream.px[keep] * stream.scale.tick, qty * stream.scale.lot
    return rows


def _clear_rows(stream: Stream) -> npt.NDArray[np.void]:
    """Return two rows for each clear row: each side of the snapshot before, to its last level."""
    at = np.repeat(np.flatnonzero(stream.kind == CLEAR), 2)
    rows = np.zeros(len(at), event_dtype)
    side = np.tile(np.array([hft.BUY_EVENT, hft.SELL_EVENT], np.uint64), len(at) // 2)
    rows["ev"] = np.uint64(BOTH | hft.DEPTH_CLEAR_EVENT) | side
    rows["exch_ts"], rows["local_ts"] = stream.ts_exch[at], stream.ts_recv[at]
    if len(at) > 2:
        levels = stream.px[stream.kind == SNAPSHOT_LEVEL].reshape(-1, 2 * DEPTH)
        worst = levels[:, [DEPTH - 1, 2 * DEPTH - 1]]
        rows["px"][2:] = worst[:-1].ravel() * stream.scale.tick
    return rows


@njit(cache=False)
def _note(log: Any, order: Any) -> None:
    """Write down what is known of an order."""
    row = log[order.order_id]
    row["side"], row["px"] = order.side, order.price_tick
    if order.status == FILLED:
        row["status"], row["done"] = ENDED_FILLED, order.exch_timestamp
    elif order.status == CANCELED:
        row["status"], row["done"] = CANCELLED, order.exch_timestamp
    elif order.status != NEW and order.req == NO_REQUEST:
        row["status"], row["done"] = REFUSED, order.exch_timestamp


@njit(cache=False)
def _quote(hbt: Any, rule: Any, tick: float, lot: float, fills: Any, log: Any) -> int:
    step, half2, skew2, clip = rule
    count, next_id, wait = 0, 1, False
    hbt.elapse(1)  # its clock starts at the first event
    if hbt.elapse(step - hbt.current_timestamp % step) != 0:
        return count
    while True:
        depth = hbt.depth(0)
        best_bid, best_ask = depth.best_bid_tick, depth.best_ask_tick
        held = round(hbt.position(0) / lot) // clip
        twice = best_bid + best_ask - skew2 * held
        bid = min((twice - half2) // 2, best_ask - 1)
        ask = max(-((-twice - half2) // 2), best_bid + 1)
        want_bid = want_ask = 0 < best_bid < best_ask
        own_bid, own_ask = 0, FAR_TICK
        values = hbt.orders(0).values()
        while values.has_next():
            order = values.get()
            if len(log) > 0:
                _note(log, order)
            if order.status == FILLED:
                fills[count]["ts"] = order.exch_timestamp
                fills[count]["side"] = order.side
                fills[count]["px"] = order.exec_price_tick
                count += 1
            elif order.status == NEW and order.req == NO_REQUEST:
                if order.side == 1:
                    own_bid = max(own_bid, order.price_tick)
                else:
                    own_ask = min(own_ask, order.price_tick)
                if order.side == 1 and want_bid and order.price_tick == bid:
                    want_bid = False
                elif order.side == -1 and want_ask and order.price_tick == ask:
                    want_ask = False
                else:
                    hbt.cancel(0, order.order_id, wait)
        hbt.clear_inactive_orders(0)
        if want_bid and bid < own_ask:
            hbt.submit_buy_order(0, next_id, bid * tick, clip * lot, GTX, LIMIT, wait)
            if len(log) > 0:
                log[next_id]["sent"] = hbt.current_timestamp
            next_id += 1
        if want_ask and ask > own_bid:
            hbt.submit_sell_order(0, next_id, ask * tick, clip * lot, GTX, LIMIT, wait)
            if len(log) > 0:
                log[next_id]["sent"] = hbt.current_timestamp
            next_id += 1
        if hbt.elapse(step) != 0:
            return count


def asset(data: Any, scale: Scale, rule: Rule, bounds: tuple[int, int]) -> hft.BacktestAsset:
    """Return the asset of a run: its venue model is the one that the rule names."""
    made = (
        hft.BacktestAsset()
        .data(data)
        .linear_asset(1.0)
        .constant_order_latency(rule.entry_ns, rule.response_ns)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.00015, 0.00045)
        .tick_size(scale.tick)
        .lot_size(scale.lot)
        .roi_lb(bounds[0] * scale.tick)
        .roi_ub(bounds[1] * scale.tick)
    )
    if rule.queue == "risk-averse":
        return made.risk_adverse_queue_model()
    family, _, power = rule.queue.partition(":")
    assert family == "pow3", f"no counterpart of {rule.queue}"
    return made.power_prob_queue_model3(float(power))


def run(
    data: Any,
    scale: Scale,
    rule: Rule,
    bounds: tuple[int, int],
    depth: str = "hash",
    *,
    orders_max: int = 0,
) -> Outcome:
    """Run the rule over one file or array; `depth` is hash or vector.

    The log of orders is kept where `orders_max` leaves room for it.
    """
    began = time.process_time()
    make = {"hash": hft.HashMapMarketDepthBacktest, "vector": hft.ROIVectorMarketDepthBacktest}
    hbt = make[depth]([asset(data, scale, rule, bounds)])
    fills = np.zeros(FILLS_MAX, FILL_DTYPE)
    numbers = (rule.step_ns, round(2 * rule.half_ticks), 2 * rule.skew_ticks, rule.clip_lots)
    log = np.zeros(orders_max, ORDER_DTYPE)
    count = _quote(hbt, numbers, scale.tick, scale.lot, fills, log)
    hbt.close()
    seconds = time.process_time() - began
    # An order that never answered before the data ended has no side yet.
    orders = np.sort(log[log["side"] != 0], order=["sent", "side"])
    return Outcome(seconds=seconds, fills=fills[:count].copy(), orders=orders)


def save(rows: npt.NDArray[np.void], path: Path) -> None:
    """Write rows as the peer's own compressed file."""
    np.savez_compressed(path, data=rows)
