//! The shapes that nearly all Hyperliquid bytes have, read in one pass.
//!
//! Anything unusual (other key order, spaces, escapes, further keys, bad numbers) is left to the
//! general path, which gives the same result or the error.

use super::DEPTH;
use super::FAST_DEPTH;
use crate::event::streams;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::wire::decimal::scaled;
use crate::wire::raw::millis;
use crate::wire::raw::Scales;
use crate::wire::Decoded;
use crate::wire::ScalesOf;

/// An `l2Book` frame of the usual shape; `None` leaves the frame to the general path.
pub(super) fn book<'a>(frame: &'a [u8], scales: &ScalesOf) -> Option<Decoded<'a>> {
    let mut at = Cursor(frame);
    at.eat(br#"{"channel":"l2Book","data":{"coin":""#)?;
    let symbol = std::str::from_utf8(at.text()?).ok()?;
    let scale = scales(symbol)?;
    let (time, sides) = if at.eat(br#","time":"#).is_some() {
        let time = at.integer()?;
        at.eat(br#","levels":"#)?;
        (time, at.sides(scale)?)
    } else {
        at.eat(br#","levels":"#)?;
        let sides = at.sides(scale)?;
        at.eat(br#","time":"#)?;
        (at.integer()?, sides)
    };
    let fast = at.eat(br#","fast":true"#).is_some();
    at.eat(b"}}")?;
    if !at.0.is_empty() {
        return None;
    }
    let (depth, stream) = if fast { (FAST_DEPTH, streams::FAST) } else { (DEPTH, streams::BOOK) };
    let message = FeedMessage::Book(Frame {
        kind: FrameKind::Snapshot { depth },
        ts_exch: millis(super::BOOK, i64::try_from(time).ok()?).ok()?,
        seq: 0,
        stream,
        bids: sides.0,
        asks: sides.1,
    });
    Some(Decoded::Feed { symbol, channel: "l2Book", message })
}

/// A `bbo` frame of the usual shape; `None` leaves the frame to the general path.
pub(super) fn bbo<'a>(frame: &'a [u8], scales: &ScalesOf) -> Option<Decoded<'a>> {
    let mut at = Cursor(frame);
    at.eat(br#"{"channel":"bbo","data":{"coin":"#)?;
    at.eat(b"\"")?;
    let symbol = std::str::from_utf8(at.text()?).ok()?;
    let scale = scales(symbol)?;
    at.eat(br#","time":"#)?;
    let time = at.integer()?;
    at.eat(br#","bbo":["#)?;
    let bids = at.best(scale)?;
    at.eat(b",")?;
    let asks = at.best(scale)?;
    at.eat(b"]}}")?;
    if !at.0.is_empty() {
        return None;
    }
    let message = FeedMessage::Book(Frame {
        kind: FrameKind::Bbo,
        ts_exch: millis(super::BBO, i64::try_from(time).ok()?).ok()?,
        seq: 0,
        stream: streams::BBO,
        bids,
        asks,
    });
    Some(Decoded::Feed { symbol, channel: "bbo", message })
}

/// A `trades` frame of the usual shape; `None` leaves the frame to the general path.
pub(super) fn trades<'a>(frame: &'a [u8], scales: &ScalesOf) -> Option<Decoded<'a>> {
    let mut at = Cursor(frame);
    at.eat(br#"{"channel":"trades","data":["#)?;
    let mut head = Cursor(at.0);
    head.eat(b"{\"coin\":\"")?;
    let symbol = std::str::from_utf8(head.text()?).ok()?;
    let scale = scales(symbol)?;
    let mut prints = Vec::with_capacity(4);
    loop {
        prints.push(at.print(symbol, scale)?);
        if at.eat(b",").is_none() {
            break;
        }
    }
    at.eat(b"]}")?;
    let message = FeedMessage::Trades(prints);
    at.0.is_empty().then_some(Decoded::Feed { symbol, channel: "trades", message })
}

/// What is left of the frame.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// Step over these bytes, if they come next.
    fn eat(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }

    /// The text up to the closing quote.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| byte == b'"')?;
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        let plain = text.iter().all(|&byte| byte != b'\\' && byte >= b' ');
        plain.then_some(text)
    }

    fn integer(&mut self) -> Option<u64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        if end == 0 || end > 18 || (end > 1 && digits[0] == b'0') {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
    }

    fn decimal(&mut self, decimals: u32) -> Option<i64> {
        let text = self.text()?;
        scaled(text, decimals, 0).ok()
    }

    /// One trade.
    fn print(&mut self, symbol: &str, scale: Scales) -> Option<Print> {
        self.eat(b"{\"coin\":\"")?;
        self.eat(symbol.as_bytes())?;
        self.eat(b"\",\"side\":\"")?;
        let side = match self.text()? {
            b"B" => Side::Bid,
            b"A" => Side::Ask,
            _ => return None,
        };
        self.eat(b",\"px\":\"")?;
        let px = Px(self.decimal(scale.px_decimals)?);
        self.eat(b",\"sz\":\"")?;
        let qty = Lots(self.decimal(scale.size_decimals)?);
        self.eat(b",\"time\":")?;
        let ts_exch = millis(super::TRADES, i64::try_from(self.integer()?).ok()?).ok()?;
        self.eat(b",\"hash\":")?;
        self.hex(64)?;
        self.eat(b",\"tid\":")?;
        let id = self.integer()?;
        self.eat(b",\"users\":[")?;
        self.hex(40)?;
        self.eat(b",")?;
        self.hex(40)?;
        self.eat(b"]}")?;
        Some(Print { ts_exch, side, px, qty, id })
    }

    /// A text of `0x` and so many plain characters.
    fn hex(&mut self, digits: usize) -> Option<()> {
        self.eat(b"\"0x")?;
        let text = self.0.get(..digits)?;
        let plain = text.iter().all(u8::is_ascii_alphanumeric);
        self.0 = &self.0[digits..];
        self.eat(b"\"")?;
        plain.then_some(())
    }

    /// One side of a touch: a level, or `null` for none.
    fn best(&mut self, scale: Scales) -> Option<Vec<LevelQty>> {
        if self.eat(b"null").is_some() {
            return Some(Vec::new());
        }
        let level = self.level(scale)?;
        self.eat(b"}")?;
        Some(vec![level])
    }

    /// One level, up to its closing brace.
    fn level(&mut self, scale: Scales) -> Option<LevelQty> {
        self.eat(b"{\"px\":\"")?;
        let px = Px(self.decimal(scale.px_decimals)?);
        self.eat(b",\"sz\":\"")?;
        let qty = Lots(self.decimal(scale.size_decimals)?);
        self.eat(b",\"n\":")?;
        let n = u32::try_from(self.integer()?).ok()?;
        Some(LevelQty { px, qty, n })
    }

    fn sides(&mut self, scale: Scales) -> Option<(Vec<LevelQty>, Vec<LevelQty>)> {
        self.eat(b"[")?;
        let bids = self.side(scale)?;
        self.eat(b",")?;
        let asks = self.side(scale)?;
        self.eat(b"]")?;
        Some((bids, asks))
    }

    fn side(&mut self, scale: Scales) -> Option<Vec<LevelQty>> {
        self.eat(b"[")?;
        let mut levels = Vec::with_capacity(usize::from(DEPTH));
        if self.eat(b"]").is_some() {
            return Some(levels);
        }
        loop {
            levels.push(self.level(scale)?);
            if self.eat(b"},").is_none() {
                self.eat(b"}]")?;
                return Some(levels);
            }
        }
    }
}
