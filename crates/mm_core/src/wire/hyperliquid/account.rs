//! Our own orders and executions on Hyperliquid.

use super::side;
use crate::error::CoreError;
use crate::event::CancelReason;
use crate::event::Fill;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::fees::Liquidity;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::units::VenueOrderId;
use crate::wire::raw::millis;
use crate::wire::raw::number;
use crate::wire::raw::wrong;
use crate::wire::Decoded;
use crate::wire::Scales;
use crate::wire::ScalesOf;
use serde::de::Error;
use serde::de::Unexpected;
use serde::de::Visitor;
use serde::Deserialize;
use serde::Deserializer;
use std::fmt;

pub(super) const ORDERS: &str = "hyperliquid orderUpdates";
pub(super) const FILLS: &str = "hyperliquid userFills";

/// Fees come in whole micro-dollars.
const FEE_DECIMALS: u32 = 6;

/// What the venue says of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdate<'a> {
    /// The coin.
    pub symbol: &'a str,
    /// Buy or sell.
    pub side: Side,
    /// Limit price.
    pub px: Px,
    /// Size that is left.
    pub left: Lots,
    /// Size when it was placed.
    pub size: Lots,
    /// The venue's id.
    pub oid: VenueOrderId,
    /// Ours, if the order had one.
    pub cloid: Option<Cloid>,
    /// What the status word means.
    pub answer: OrderAnswer,
    /// When the order was made.
    pub ts_made: UnixNanos,
    /// When this status began.
    pub ts_exch: UnixNanos,
}

/// One execution of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFill<'a> {
    /// The coin.
    pub symbol: &'a str,
    /// Buy or sell.
    pub side: Side,
    /// Price.
    pub px: Px,
    /// Size, positive.
    pub size: Lots,
    /// Position before it, signed.
    pub position_before: Lots,
    /// The venue's order id.
    pub oid: VenueOrderId,
    /// Our order id, if the order had one.
    pub cloid: Option<Cloid>,
    /// The venue's trade id.
    pub trade: TradeId,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Fee paid in micro-dollars; negative is a rebate.
    pub fee: Cash,
    /// Venue time.
    pub ts_exch: UnixNanos,
}

impl UserFill<'_> {
    /// The execution as an event's payload; `None` where the order has no id of ours.
    #[must_use]
    pub fn fill(&self, symbol: SymbolIx) -> Option<Fill> {
        Some(Fill {
            symbol,
            cloid: self.cloid?,
            trade: self.trade,
            side: self.side,
            px: self.px,
            size: self.size,
            liquidity: self.liquidity,
            fee: Some(self.fee),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update<'a> {
    #[serde(borrow)]
    order: Order<'a>,
    #[serde(borrow)]
    status: &'a str,
    status_timestamp: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    #[serde(borrow, deserialize_with = "coin")]
    coin: &'a str,
    #[serde(borrow)]
    side: &'a str,
    #[serde(borrow)]
    limit_px: &'a str,
    #[serde(borrow)]
    sz: &'a str,
    #[serde(borrow)]
    orig_sz: &'a str,
    oid: u64,
    timestamp: i64,
    #[serde(borrow, default)]
    cloid: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserFills<'a> {
    #[serde(default)]
    is_snapshot: bool,
    #[serde(borrow)]
    fills: Vec<RawFill<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFill<'a> {
    #[serde(borrow, deserialize_with = "coin")]
    coin: &'a str,
    #[serde(borrow)]
    px: &'a str,
    #[serde(borrow)]
    sz: &'a str,
    #[serde(borrow)]
    side: &'a str,
    time: i64,
    #[serde(borrow)]
    start_position: &'a str,
    oid: u64,
    crossed: bool,
    #[serde(borrow)]
    fee: &'a str,
    #[serde(borrow)]
    fee_token: &'a str,
    tid: u64,
    #[serde(borrow, default)]
    cloid: Option<&'a str>,
}

/// The name of a coin; empty, which none of ours is, where it takes escapes to write it: whoever lists a
/// coin names it.
fn coin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    struct Name;
    impl<'de> Visitor<'de> for Name {
        type Value = &'de str;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a coin")
        }

        fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<&'de str, E> {
            Ok(name)
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<&'de str, E> {
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(E::invalid_value(Unexpected::Str(name), &"a name without escapes"));
            }
            Ok("")
        }
    }
    deserializer.deserialize_str(Name)
}

fn known_scales(coin: &str, scales: &ScalesOf) -> Option<Scales> {
    (!coin.is_empty()).then(|| scales(coin)).flatten()
}

pub(super) fn orders<'a>(
    updates: Vec<Update<'a>>,
    scales: &ScalesOf,
) -> Result<Decoded<'a>, CoreError> {
    let mut known = Vec::with_capacity(updates.len());
    for Update { order, status, status_timestamp } in updates {
        let Some(scale) = known_scales(order.coin, scales) else {
            continue;
        };
        let oid = VenueOrderId(order.oid);
        let left = Lots(number(ORDERS, "sz", order.sz, scale.size_decimals)?);
        known.push(OrderUpdate {
            symbol: order.coin,
            side: side(ORDERS, order.side)?,
            px: Px(number(ORDERS, "limitPx", order.limit_px, scale.px_decimals)?),
            left,
            size: Lots(number(ORDERS, "origSz", order.orig_sz, scale.size_decimals)?),
            oid,
            cloid: order.cloid.map(|text| cloid(ORDERS, text)).transpose()?,
            answer: answer(status, oid, left)?,
            ts_made: millis(ORDERS, order.timestamp)?,
            ts_exch: millis(ORDERS, status_timestamp)?,
        });
    }
    Ok(Decoded::Orders(known))
}

pub(super) fn fills<'a>(user: UserFills<'a>, scales: &ScalesOf) -> Result<Decoded<'a>, CoreError> {
    let mut known = Vec::with_capacity(user.fills.len());
    for fill in user.fills {
        let Some(scale) = known_scales(fill.coin, scales) else {
            continue;
        };
        if fill.fee_token != "USDC" {
            let why = format!("fee of {} in {}, not in USDC", fill.coin, fill.fee_token);
            return Err(wrong(FILLS, why));
        }
        let size = |field, text| number(FILLS, field, text, scale.size_decimals).map(Lots);
        known.push(UserFill {
            symbol: fill.coin,
            side: side(FILLS, fill.side)?,
            px: Px(number(FILLS, "px", fill.px, scale.px_decimals)?),
            size: size("sz", fill.sz)?,
            position_before: size("startPosition", fill.start_position)?,
            oid: VenueOrderId(fill.oid),
            cloid: fill.cloid.map(|text| cloid(FILLS, text)).transpose()?,
            trade: TradeId(fill.tid),
            liquidity: if fill.crossed { Liquidity::Taker } else { Liquidity::Maker },
            fee: Cash(number(FILLS, "fee", fill.fee, FEE_DECIMALS)?),
            ts_exch: millis(FILLS, fill.time)?,
        });
    }
    Ok(Decoded::Fills { snapshot: user.is_snapshot, fills: known })
}

/// The meaning of a status word. The set grows: unknown words are terminal by their ending.
fn answer(status: &str, oid: VenueOrderId, left: Lots) -> Result<OrderAnswer, CoreError> {
    let rejected = |reason| OrderAnswer::Rejected { reason };
    let cancelled = |reason| OrderAnswer::Cancelled { reason, left: Some(left) };
    Ok(match status {
        "open" | "triggered" => OrderAnswer::Resting { oid, left },
        "filled" => OrderAnswer::Filled,
        "canceled" => cancelled(CancelReason::Asked),
        "selfTradeCanceled" => cancelled(CancelReason::SelfTrade),
        "reduceOnlyCanceled" => cancelled(CancelReason::ReduceOnly),
        "scheduledCancel" => cancelled(CancelReason::Scheduled),
        "badAloPxRejected" => rejected(RejectReason::WouldMatch { bid: Px(0), ask: Px(0) }),
        "tickRejected" | "minTradeNtlRejected" | "badTriggerPxRejected" => {
            rejected(RejectReason::Invalid)
        }
        "perpMarginRejected" | "insufficientSpotBalanceRejected" => rejected(RejectReason::Margin),
        "iocCancelRejected" | "marketOrderNoLiquidityRejected" => {
            rejected(RejectReason::NoLiquidity)
        }
        "rejected" => rejected(RejectReason::Other),
        word if word.ends_with("Rejected") => rejected(RejectReason::Other),
        word if word.ends_with("Canceled") || word.ends_with("Cancel") => {
            cancelled(CancelReason::Venue)
        }
        word => return Err(wrong(ORDERS, format!("unknown order status {word:?}"))),
    })
}

fn cloid(channel: &'static str, text: &str) -> Result<Cloid, CoreError> {
    let digits = text.strip_prefix("0x").filter(|hex| hex.len() == 32);
    let plain = digits.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    plain
        .and_then(|hex| u128::from_str_radix(hex, 16).ok())
        .map(Cloid)
        .ok_or_else(|| wrong(channel, format!("cloid {text:?} is not 0x and 32 hex digits")))
}
