//! Frames read into borrowed texts, before any decimal has been scaled.

use super::decimal::decimals_of;
use super::decimal::scaled as scaled_decimal;
use super::Control;
use super::Decoded;
use super::ScalesOf;
use crate::error::CoreError;
use crate::event::ContextKind;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use sonic_rs::LazyValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Decimals of a symbol's price and size units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scales {
    /// Price units are `10^-px_decimals`.
    pub px_decimals: u32,
    /// Lots are `10^-size_decimals`.
    pub size_decimals: u32,
}

/// Lists and objects within each other.
pub(crate) const DEPTH_MAX: usize = 32;
/// So many brackets use up no stack, however they nest.
const OPENED_FEW: usize = 256;

/// A frame before scaling.
pub(super) enum Raw<'a> {
    Feed(RawFeed<'a>),
    Control(Control),
    Ignored,
}

/// Market data before scaling.
pub(super) struct RawFeed<'a> {
    pub(super) symbol: &'a str,
    /// Venue and channel, as errors name it.
    pub(super) channel: &'static str,
    pub(super) message: RawMessage<'a>,
}

pub(super) enum RawMessage<'a> {
    Book(RawBook<'a>),
    Trades(Vec<RawPrint<'a>>),
    Context { ts_exch: UnixNanos, values: Vec<(ContextKind, i64)> },
}

pub(super) struct RawBook<'a> {
    pub(super) kind: FrameKind,
    pub(super) ts_exch: UnixNanos,
    pub(super) seq: u64,
    pub(super) stream: u8,
    pub(super) bids: Vec<RawLevel<'a>>,
    pub(super) asks: Vec<RawLevel<'a>>,
}

pub(super) struct RawLevel<'a> {
    pub(super) px: &'a str,
    pub(super) qty: &'a str,
    pub(super) n: u32,
}

pub(super) struct RawPrint<'a> {
    pub(super) ts_exch: UnixNanos,
    pub(super) side: Side,
    pub(super) px: &'a str,
    pub(super) qty: &'a str,
    pub(super) id: u64,
}

/// A level as venues write it without order counts: `["price", "size"]`.
#[derive(Deserialize)]
pub(super) struct Pair<'a>(#[serde(borrow)] &'a str, #[serde(borrow)] &'a str);

impl<'a> From<Pair<'a>> for RawLevel<'a> {
    fn from(pair: Pair<'a>) -> Self {
        Self { px: pair.0, qty: pair.1, n: 0 }
    }
}

/// The levels of one side.
pub(super) fn levels<'a, T: Into<RawLevel<'a>>>(side: Vec<T>) -> Vec<RawLevel<'a>> {
    side.into_iter().map(Into::into).collect()
}

/// Read JSON into a type, naming the channel where it does not fit.
pub(super) fn json<'a, T: Deserialize<'a>>(
    channel: &'static str,
    text: &'a [u8],
) -> Result<T, CoreError> {
    let text = std::str::from_utf8(text).map_err(|error| wrong(channel, error.to_string()))?;
    if nests_too_deep(text) {
        return Err(wrong(channel, format!("nested deeper than {DEPTH_MAX}")));
    }
    sonic_rs::from_str(text).map_err(|error| wrong(channel, one_line(&error.to_string())))
}

/// Whether JSON nests deeper than any payload of a venue.
///
/// The parser goes down without a bound of its own: a text of brackets alone would use up the stack.
pub(crate) fn nests_too_deep(text: &str) -> bool {
    // Counting alone takes a fraction of the time, and few frames open more.
    let opens = |byte: &u8| matches!(byte, b'[' | b'{');
    if text.as_bytes().iter().filter(|byte| opens(byte)).count() <= OPENED_FEW {
        return false;
    }
    let (mut depth, mut bytes) = (0_usize, text.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b'[' | b'{' if depth == DEPTH_MAX => return true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Go behind the quote that ends a text.
fn skip_text(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// The object or list that a payload carries.
pub(super) fn nested<'a>(
    channel: &'static str,
    value: &LazyValue<'a>,
) -> Result<&'a [u8], CoreError> {
    match value.as_raw_cow() {
        Cow::Borrowed(text) => Ok(text.as_bytes()),
        Cow::Owned(text) => Err(wrong(channel, format!("data is a text: {text}"))),
    }
}

/// An error of a channel.
pub(super) fn wrong(channel: &'static str, why: impl Into<String>) -> CoreError {
    CoreError::BadPayload { channel, why: why.into() }
}

/// Milliseconds of a venue's clock.
pub(super) fn millis(channel: &'static str, ms: i64) -> Result<UnixNanos, CoreError> {
    // Year 2001 to year 2255: what else stands there is not a time in milliseconds.
    if !(1_000_000_000_000..9_000_000_000_000).contains(&ms) {
        return Err(wrong(channel, format!("time {ms} is not in milliseconds since 1970")));
    }
    Ok(UnixNanos(ms * 1_000_000))
}

/// A context value in units of `10^-decimals`.
pub(super) fn context(
    channel: &'static str,
    (kind, decimals): (ContextKind, u32),
    text: &str,
) -> Result<(ContextKind, i64), CoreError> {
    number(channel, "context", text, decimals).map(|value| (kind, value))
}

/// A decimal of a channel's field.
pub(super) fn number(
    channel: &'static str,
    field: &str,
    text: &str,
    decimals: u32,
) -> Result<i64, CoreError> {
    scaled_decimal(text.as_bytes(), decimals, 0)
        .map_err(|why| wrong(channel, format!("{field} {text:?}: {why} ({decimals} decimals)")))
}

/// Scale what was read; symbols without scales are ignored.
pub(super) fn scaled<'a>(said: Raw<'a>, scales: &ScalesOf) -> Result<Decoded<'a>, CoreError> {
    let feed = match said {
        Raw::Feed(feed) => feed,
        Raw::Control(control) => return Ok(Decoded::Control(control)),
        Raw::Ignored => return Ok(Decoded::Ignored),
    };
    let Some(scale) = scales(feed.symbol) else {
        return Ok(Decoded::Ignored);
    };
    let RawFeed { symbol, channel, message } = feed;
    let px = |text: &str| number(channel, "price", text, scale.px_decimals).map(Px);
    let qty = |text: &str| number(channel, "size", text, scale.size_decimals).map(Lots);
    let side = |levels: &[RawLevel]| {
        let level = |l: &RawLevel| Ok(LevelQty { px: px(l.px)?, qty: qty(l.qty)?, n: l.n });
        levels.iter().map(level).collect::<Result<Vec<_>, CoreError>>()
    };
    let message = match message {
        RawMessage::Book(book) => FeedMessage::Book(Frame {
            kind: book.kind,
            ts_exch: book.ts_exch,
            seq: book.seq,
            stream: book.stream,
            bids: side(&book.bids)?,
            asks: side(&book.asks)?,
        }),
        RawMessage::Trades(prints) => {
            let print = |p: &RawPrint| {
                let (px, qty) = (px(p.px)?, qty(p.qty)?);
                Ok(Print { ts_exch: p.ts_exch, side: p.side, px, qty, id: p.id })
            };
            FeedMessage::Trades(prints.iter().map(print).collect::<Result<_, CoreError>>()?)
        }
        RawMessage::Context { ts_exch, values } => FeedMessage::Context { ts_exch, values },
    };
    let channel = channel.rsplit(' ').next().unwrap_or(channel);
    Ok(Decoded::Feed { symbol, channel, message })
}

/// Widen the scales of the frame's symbol to what its prices and sizes need.
pub(super) fn widen(said: &Raw, seen: &mut BTreeMap<String, Scales>) -> Result<(), CoreError> {
    let Raw::Feed(feed) = said else {
        return Ok(());
    };
    let mut need = seen.get(feed.symbol).copied().unwrap_or_default();
    let mut note = |px: &str, qty: &str| -> Result<(), CoreError> {
        need.px_decimals = need.px_decimals.max(decimals_of(px.as_bytes())?);
        need.size_decimals = need.size_decimals.max(decimals_of(qty.as_bytes())?);
        Ok(())
    };
    match &feed.message {
        RawMessage::Book(book) => {
            book.bids.iter().chain(&book.asks).try_for_each(|l| note(l.px, l.qty))?;
        }
        RawMessage::Trades(prints) => prints.iter().try_for_each(|p| note(p.px, p.qty))?,
        RawMessage::Context { .. } => return Ok(()),
    }
    seen.insert(feed.symbol.to_owned(), need);
    Ok(())
}

/// Parser messages quote the text around the error over several lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
