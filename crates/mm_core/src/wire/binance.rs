//! Binance's public frames: USD-M and COIN-M futures, and spot; single or combined streams.

use super::raw::context;
use super::raw::json;
use super::raw::levels;
use super::raw::nested;
use super::raw::wrong;
use super::raw::Pair;
use super::raw::Raw;
use super::raw::RawBook;
use super::raw::RawFeed;
use super::raw::RawLevel;
use super::raw::RawMessage;
use super::raw::RawPrint;
use super::Control;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::ContextKind;
use crate::event::FrameKind;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use sonic_rs::LazyValue;

const FRAME: &str = "binance frame";
const DEPTH: &str = "binance depthUpdate";
const SNAPSHOT: &str = "binance depth snapshot";
const TRADE: &str = "binance trade";
const AGG_TRADE: &str = "binance aggTrade";
const TICKER: &str = "binance bookTicker";
const MARK: &str = "binance markPriceUpdate";

/// Limits that a depth snapshot can be asked with.
const LIMITS: [u16; 8] = [5, 10, 20, 50, 100, 500, 1_000, 5_000];

/// The keys that tell payloads apart.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<LazyValue<'a>>,
    #[serde(borrow, default)]
    e: Option<&'a str>,
    #[serde(rename = "lastUpdateId", default)]
    last_update_id: Option<u64>,
    /// Best bid size: spot's `bookTicker` names itself nowhere.
    #[serde(borrow, rename = "B", default)]
    bid_size: Option<LazyValue<'a>>,
    #[serde(borrow, default)]
    error: Option<LazyValue<'a>>,
    #[serde(borrow, default)]
    msg: Option<LazyValue<'a>>,
    #[serde(default)]
    id: Option<u64>,
}

#[derive(Deserialize)]
struct Depth<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(rename = "E")]
    event_time: i64,
    /// Futures only: the matching engine's time.
    #[serde(rename = "T", default)]
    time: Option<i64>,
    #[serde(rename = "U")]
    first: u64,
    #[serde(rename = "u")]
    last: u64,
    /// Futures only: the last number of the event before.
    #[serde(default)]
    pu: Option<u64>,
    #[serde(borrow)]
    b: Vec<Pair<'a>>,
    #[serde(borrow)]
    a: Vec<Pair<'a>>,
}

#[derive(Deserialize)]
struct Snapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    last_update_id: u64,
    #[serde(rename = "E", default)]
    event_time: Option<i64>,
    #[serde(rename = "T", default)]
    time: Option<i64>,
    #[serde(borrow, default)]
    symbol: Option<&'a str>,
    #[serde(borrow)]
    bids: Vec<Pair<'a>>,
    #[serde(borrow)]
    asks: Vec<Pair<'a>>,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(rename = "T")]
    time: i64,
    #[serde(borrow)]
    p: &'a str,
    #[serde(borrow)]
    q: &'a str,
    /// Whether the buyer was the maker.
    m: bool,
    /// Trade id of `trade`.
    #[serde(default)]
    t: Option<u64>,
    /// Aggregate id of `aggTrade`.
    #[serde(borrow, default)]
    a: Option<LazyValue<'a>>,
    /// Futures `trade` only: how it came about.
    #[serde(borrow, rename = "X", default)]
    origin: Option<&'a str>,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    s: &'a str,
    u: u64,
    #[serde(rename = "E", default)]
    event_time: Option<i64>,
    #[serde(rename = "T", default)]
    time: Option<i64>,
    #[serde(borrow)]
    b: &'a str,
    #[serde(borrow, rename = "B")]
    bid_size: &'a str,
    #[serde(borrow)]
    a: &'a str,
    #[serde(borrow, rename = "A")]
    ask_size: &'a str,
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(rename = "E")]
    event_time: i64,
    #[serde(borrow, rename = "p")]
    mark: &'a str,
    /// The index price; COIN-M sends none in older streams.
    #[serde(borrow, rename = "i", default)]
    index: Option<&'a str>,
    /// The next funding time; 0 for contracts that have none.
    #[serde(rename = "T")]
    next_funding: i64,
}

/// Read a frame.
pub(super) fn read(frame: &[u8]) -> Result<Raw<'_>, CoreError> {
    let outer: Envelope = json(FRAME, frame)?;
    let (envelope, body) = match &outer.data {
        None => (outer, frame),
        Some(data) => {
            let body = nested(FRAME, data)?;
            (json(FRAME, body)?, body)
        }
    };
    Ok(match envelope.e {
        Some("depthUpdate") => Raw::Feed(depth(json(DEPTH, body)?)?),
        Some("trade") => trade(json(TRADE, body)?)?,
        Some("aggTrade") => Raw::Feed(agg_trade(json(AGG_TRADE, body)?)?),
        Some("bookTicker") => Raw::Feed(ticker(json(TICKER, body)?)?),
        Some("markPriceUpdate") => Raw::Feed(mark(json(MARK, body)?)?),
        Some(_) => Raw::Ignored,
        None if envelope.last_update_id.is_some() => Raw::Feed(snapshot(json(SNAPSHOT, body)?)?),
        None if envelope.bid_size.is_some() => Raw::Feed(ticker(json(TICKER, body)?)?),
        None => match envelope.error.or(envelope.msg) {
            Some(words) => Raw::Control(Control::Refused(words.as_raw_str().to_owned())),
            None if envelope.id.is_some() => Raw::Control(Control::Subscribed),
            None => Raw::Ignored,
        },
    })
}

fn depth(depth: Depth<'_>) -> Result<RawFeed<'_>, CoreError> {
    // Spot has no link to the event before: its first number follows that one's last.
    let prev_seq = match depth.pu {
        Some(pu) => pu,
        None => depth.first.checked_sub(1).ok_or_else(|| wrong(DEPTH, "U is 0"))?,
    };
    let message = RawMessage::Book(RawBook {
        kind: FrameKind::Delta { prev_seq, first_seq: depth.first },
        ts_exch: time(DEPTH, depth.time.unwrap_or(depth.event_time))?,
        seq: depth.last,
        stream: streams::BOOK,
        bids: levels(depth.b),
        asks: levels(depth.a),
    });
    Ok(RawFeed { symbol: depth.s, channel: DEPTH, message })
}

fn snapshot(snapshot: Snapshot<'_>) -> Result<RawFeed<'_>, CoreError> {
    let longest = snapshot.bids.len().max(snapshot.asks.len());
    let limit = LIMITS.into_iter().find(|&limit| usize::from(limit) >= longest);
    let depth = limit.ok_or_else(|| wrong(SNAPSHOT, format!("{longest} levels on a side")))?;
    let ts_exch = match snapshot.time.or(snapshot.event_time) {
        Some(value) => time(SNAPSHOT, value)?,
        None => UnixNanos(0),
    };
    let message = RawMessage::Book(RawBook {
        kind: FrameKind::Snapshot { depth },
        ts_exch,
        seq: snapshot.last_update_id,
        stream: streams::BOOK,
        bids: levels(snapshot.bids),
        asks: levels(snapshot.asks),
    });
    Ok(RawFeed { symbol: snapshot.symbol.unwrap_or(""), channel: SNAPSHOT, message })
}

fn trade(trade: Trade<'_>) -> Result<Raw<'_>, CoreError> {
    match trade.origin {
        None | Some("MARKET") => {}
        // Not made on the book: moved between accounts by the venue, or void.
        Some("INSURANCE_FUND" | "ADL" | "NA") => return Ok(Raw::Ignored),
        Some(word) => return Err(wrong(TRADE, format!("unknown origin {word:?} (X)"))),
    }
    let id = trade.t.ok_or_else(|| wrong(TRADE, "no id (t)"))?;
    Ok(Raw::Feed(print(TRADE, &trade, id)?))
}

fn agg_trade(trade: Trade<'_>) -> Result<RawFeed<'_>, CoreError> {
    let id = trade.a.as_ref().and_then(|value| value.as_raw_str().parse().ok());
    let id = id.ok_or_else(|| wrong(AGG_TRADE, "no id (a)"))?;
    print(AGG_TRADE, &trade, id)
}

fn print<'a>(channel: &'static str, trade: &Trade<'a>, id: u64) -> Result<RawFeed<'a>, CoreError> {
    let print = RawPrint {
        ts_exch: time(channel, trade.time)?,
        side: if trade.m { Side::Ask } else { Side::Bid },
        px: trade.p,
        qty: trade.q,
        id,
    };
    Ok(RawFeed { symbol: trade.s, channel, message: RawMessage::Trades(vec![print]) })
}

fn ticker(ticker: Ticker<'_>) -> Result<RawFeed<'_>, CoreError> {
    let ts_exch = match ticker.time.or(ticker.event_time) {
        Some(value) => time(TICKER, value)?,
        None => UnixNanos(0),
    };
    let message = RawMessage::Book(RawBook {
        kind: FrameKind::Bbo,
        ts_exch,
        seq: ticker.u,
        stream: streams::BBO,
        bids: touch(ticker.b, ticker.bid_size),
        asks: touch(ticker.a, ticker.ask_size),
    });
    Ok(RawFeed { symbol: ticker.s, channel: TICKER, message })
}

/// A side of the touch; an empty side comes as a size of zero.
fn touch<'a>(px: &'a str, qty: &'a str) -> Vec<RawLevel<'a>> {
    if qty.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        return Vec::new();
    }
    vec![RawLevel { px, qty, n: 0 }]
}

/// The rate `r` is left out: it is for an interval that the payload does not name.
fn mark(mark: Mark<'_>) -> Result<RawFeed<'_>, CoreError> {
    let mut values = vec![context(MARK, (ContextKind::Mark, 8), mark.mark)?];
    if let Some(index) = mark.index {
        values.push(context(MARK, (ContextKind::Oracle, 8), index)?);
    }
    if mark.next_funding != 0 {
        values.push((ContextKind::NextFunding, time(MARK, mark.next_funding)?.0));
    }
    let message = RawMessage::Context { ts_exch: time(MARK, mark.event_time)?, values };
    Ok(RawFeed { symbol: mark.s, channel: MARK, message })
}

/// Milliseconds, or microseconds where a stream was asked for them.
fn time(channel: &'static str, value: i64) -> Result<UnixNanos, CoreError> {
    match value {
        1_000_000_000_000..9_000_000_000_000 => Ok(UnixNanos(value * 1_000_000)),
        1_000_000_000_000_000..9_000_000_000_000_000 => Ok(UnixNanos(value * 1_000)),
        _ => Err(wrong(channel, format!("time {value} is in no unit the venue uses"))),
    }
}
