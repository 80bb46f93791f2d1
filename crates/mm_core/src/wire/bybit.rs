//! Bybit's v5 public frames, `{"topic": ..., "type": ..., "data": ...}`.

use super::raw::json;
use super::raw::levels;
use super::raw::millis;
use super::raw::nested;
use super::raw::wrong;
use super::raw::Pair;
use super::raw::Raw;
use super::raw::RawBook;
use super::raw::RawFeed;
use super::raw::RawMessage;
use super::raw::RawPrint;
use super::Control;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::FrameKind;
use crate::units::Side;
use serde::Deserialize;
use sonic_rs::LazyValue;

const FRAME: &str = "bybit frame";
const BOOK: &str = "bybit orderbook";
const TRADES: &str = "bybit publicTrade";

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    topic: Option<&'a str>,
    #[serde(borrow, rename = "type", default)]
    kind: Option<&'a str>,
    #[serde(default)]
    ts: Option<i64>,
    /// The matching engine's time.
    #[serde(default)]
    cts: Option<i64>,
    #[serde(borrow, default)]
    data: Option<LazyValue<'a>>,
    #[serde(borrow, default)]
    op: Option<&'a str>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    ret_msg: Option<String>,
}

#[derive(Deserialize)]
struct Book<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(borrow)]
    b: Vec<Pair<'a>>,
    #[serde(borrow)]
    a: Vec<Pair<'a>>,
    u: u64,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(rename = "T")]
    time: i64,
    #[serde(borrow)]
    s: &'a str,
    #[serde(borrow, rename = "S")]
    side: &'a str,
    #[serde(borrow)]
    v: &'a str,
    #[serde(borrow)]
    p: &'a str,
    #[serde(borrow)]
    i: &'a str,
}

/// Read a frame.
pub(super) fn read(frame: &[u8]) -> Result<Raw<'_>, CoreError> {
    let envelope: Envelope = json(FRAME, frame)?;
    let Some(topic) = envelope.topic else {
        return control(envelope);
    };
    let mut parts = topic.split('.');
    let (name, detail) = (parts.next(), parts.next());
    match (name, detail.and_then(|text| text.parse::<u16>().ok())) {
        (Some("orderbook"), Some(depth)) => {
            let data = data(BOOK, &envelope)?;
            Ok(Raw::Feed(book(&envelope, depth, json(BOOK, data)?)?))
        }
        (Some("publicTrade"), _) => {
            let data = data(TRADES, &envelope)?;
            trades(json(TRADES, data)?)
        }
        // Tickers, candles, and books without a depth (`orderbook.rpi`).
        _ => Ok(Raw::Ignored),
    }
}

fn control(envelope: Envelope<'_>) -> Result<Raw<'_>, CoreError> {
    Ok(match (envelope.op, envelope.success) {
        (Some("pong"), _) => Raw::Control(Control::Pong),
        (Some(op), Some(false)) => {
            let words = envelope.ret_msg.unwrap_or_default();
            Raw::Control(Control::Refused(format!("{op}: {words}")))
        }
        (Some("ping"), Some(true)) => Raw::Control(Control::Pong),
        (Some(_), _) => Raw::Control(Control::Subscribed),
        (None, _) => Raw::Ignored,
    })
}

fn data<'a>(channel: &'static str, envelope: &Envelope<'a>) -> Result<&'a [u8], CoreError> {
    let value = envelope.data.as_ref().ok_or_else(|| wrong(channel, "no data"))?;
    nested(channel, value)
}

fn book<'a>(envelope: &Envelope, depth: u16, book: Book<'a>) -> Result<RawFeed<'a>, CoreError> {
    let time = envelope.cts.or(envelope.ts).ok_or_else(|| wrong(BOOK, "neither cts nor ts"))?;
    let (kind, stream) = match envelope.kind {
        // One level is the touch, which the venue sends whole each time.
        Some("delta") if depth == 1 => return Err(wrong(BOOK, "a delta of depth 1")),
        Some("snapshot") if depth == 1 => (FrameKind::Bbo, streams::BBO),
        Some("snapshot") => (FrameKind::Snapshot { depth }, streams::BOOK),
        Some("delta") => {
            let before = book.u.checked_sub(1).ok_or_else(|| wrong(BOOK, "delta with u 0"))?;
            (FrameKind::Delta { prev_seq: before, first_seq: book.u }, streams::BOOK)
        }
        other => return Err(wrong(BOOK, format!("type {other:?} is no snapshot and no delta"))),
    };
    let message = RawMessage::Book(RawBook {
        kind,
        ts_exch: millis(BOOK, time)?,
        seq: book.u,
        stream,
        bids: levels(book.b),
        asks: levels(book.a),
    });
    Ok(RawFeed { symbol: book.s, channel: BOOK, message })
}

fn trades(trades: Vec<Trade<'_>>) -> Result<Raw<'_>, CoreError> {
    let Some(symbol) = trades.first().map(|trade| trade.s) else {
        return Ok(Raw::Ignored);
    };
    let mut prints = Vec::with_capacity(trades.len());
    for trade in trades {
        if trade.s != symbol {
            let why = format!("one frame with trades of {symbol} and of {}", trade.s);
            return Err(wrong(TRADES, why));
        }
        let side = match trade.side {
            "Buy" => Side::Bid,
            "Sell" => Side::Ask,
            word => return Err(wrong(TRADES, format!("side {word:?} is not Buy or Sell"))),
        };
        prints.push(RawPrint {
            ts_exch: millis(TRADES, trade.time)?,
            side,
            px: trade.p,
            qty: trade.v,
            id: hash(trade.i),
        });
    }
    let message = RawMessage::Trades(prints);
    Ok(Raw::Feed(RawFeed { symbol, channel: TRADES, message }))
}

/// The venue's text id as a number, the same in every run: FNV-1a, never 0.
fn hash(id: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    id.bytes().fold(0xcbf2_9ce4_8422_2325, mix).max(1)
}
