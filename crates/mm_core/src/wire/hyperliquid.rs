//! Hyperliquid's WebSocket frames, `{"channel": ..., "data": ...}`.

mod account;
mod scan;

pub use account::OrderUpdate;
pub use account::UserFill;

use super::raw::context;
use super::raw::json;
use super::raw::levels;
use super::raw::millis;
use super::raw::nested;
use super::raw::scaled;
use super::raw::wrong;
use super::raw::Raw;
use super::raw::RawBook;
use super::raw::RawFeed;
use super::raw::RawLevel;
use super::raw::RawMessage;
use super::raw::RawPrint;
use super::Control;
use super::Decoded;
use super::ScalesOf;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::ContextKind;
use crate::event::FrameKind;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use sonic_rs::LazyValue;

const FRAME: &str = "hyperliquid frame";
const BOOK: &str = "hyperliquid l2Book";
const BBO: &str = "hyperliquid bbo";
const TRADES: &str = "hyperliquid trades";
const CONTEXT: &str = "hyperliquid activeAssetCtx";

/// Levels a side of the default stream and of the fast one.
const DEPTH: u16 = 20;
const FAST_DEPTH: u16 = 5;

/// The plain text that older servers sent after opening.
const GREETING: &[u8] = b"Websocket connection established.";

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    channel: &'a str,
    #[serde(borrow, default)]
    data: Option<LazyValue<'a>>,
}

#[derive(Deserialize)]
struct Book<'a> {
    #[serde(borrow)]
    coin: &'a str,
    time: i64,
    #[serde(borrow)]
    levels: (Vec<Level<'a>>, Vec<Level<'a>>),
    #[serde(default)]
    fast: bool,
    /// Present only in books of merged prices.
    #[serde(borrow, default)]
    spread: Option<LazyValue<'a>>,
}

#[derive(Deserialize)]
struct Level<'a> {
    #[serde(borrow)]
    px: &'a str,
    #[serde(borrow)]
    sz: &'a str,
    n: u32,
}

#[derive(Deserialize)]
struct Bbo<'a> {
    #[serde(borrow)]
    coin: &'a str,
    time: i64,
    #[serde(borrow)]
    bbo: (Option<Level<'a>>, Option<Level<'a>>),
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    coin: &'a str,
    #[serde(borrow)]
    side: &'a str,
    #[serde(borrow)]
    px: &'a str,
    #[serde(borrow)]
    sz: &'a str,
    time: i64,
    tid: u64,
}

#[derive(Deserialize)]
struct AssetCtx<'a> {
    #[serde(borrow)]
    coin: &'a str,
    #[serde(borrow)]
    ctx: Ctx<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ctx<'a> {
    #[serde(borrow)]
    funding: &'a str,
    #[serde(borrow)]
    open_interest: &'a str,
    #[serde(borrow)]
    oracle_px: &'a str,
    #[serde(borrow)]
    mark_px: &'a str,
    /// Null where a side of the book is empty.
    #[serde(borrow)]
    mid_px: Option<&'a str>,
}

impl<'a> From<Level<'a>> for RawLevel<'a> {
    fn from(level: Level<'a>) -> Self {
        Self { px: level.px, qty: level.sz, n: level.n }
    }
}

/// Decode a frame; market data of the usual shapes takes a path of its own with the same result.
pub(super) fn decode<'a>(frame: &'a [u8], scales: &ScalesOf) -> Result<Decoded<'a>, CoreError> {
    match quick(frame, scales) {
        Some(decoded) => Ok(decoded),
        None => decode_general(frame, scales),
    }
}

fn quick<'a>(frame: &'a [u8], scales: &ScalesOf) -> Option<Decoded<'a>> {
    match frame.strip_prefix(b"{\"channel\":\"")?.first()? {
        b'l' => scan::book(frame, scales),
        b'b' => scan::bbo(frame, scales),
        b't' => scan::trades(frame, scales),
        _ => None,
    }
}

fn decode_general<'a>(frame: &'a [u8], scales: &ScalesOf) -> Result<Decoded<'a>, CoreError> {
    if frame == GREETING {
        return Ok(Decoded::Ignored);
    }
    let envelope: Envelope = json(FRAME, frame)?;
    match envelope.channel {
        "orderUpdates" => account::orders(data(account::ORDERS, envelope)?, scales),
        "userFills" => account::fills(data(account::FILLS, envelope)?, scales),
        _ => scaled(public(envelope)?, scales),
    }
}

/// Read a frame of public data.
pub(super) fn read(frame: &[u8]) -> Result<Raw<'_>, CoreError> {
    if frame == GREETING {
        return Ok(Raw::Ignored);
    }
    public(json(FRAME, frame)?)
}

fn public(envelope: Envelope<'_>) -> Result<Raw<'_>, CoreError> {
    Ok(match envelope.channel {
        "l2Book" => Raw::Feed(book(data(BOOK, envelope)?)?),
        "bbo" => Raw::Feed(bbo(data(BBO, envelope)?)?),
        "trades" => trades(data(TRADES, envelope)?)?,
        "activeAssetCtx" => Raw::Feed(asset_ctx(data(CONTEXT, envelope)?)?),
        "pong" => Raw::Control(Control::Pong),
        "subscriptionResponse" => Raw::Control(Control::Subscribed),
        "error" => {
            let words = envelope.data.as_ref().map_or("", |value| value.as_raw_str());
            Raw::Control(Control::Refused(words.to_owned()))
        }
        _ => Raw::Ignored,
    })
}

fn data<'a, T: Deserialize<'a>>(
    channel: &'static str,
    envelope: Envelope<'a>,
) -> Result<T, CoreError> {
    let value = envelope.data.ok_or_else(|| wrong(channel, "no data"))?;
    json(channel, nested(channel, &value)?)
}

fn book(book: Book<'_>) -> Result<RawFeed<'_>, CoreError> {
    if book.spread.is_some() {
        return Err(wrong(BOOK, format!("{}: a book of merged prices (nSigFigs)", book.coin)));
    }
    let (depth, stream) =
        if book.fast { (FAST_DEPTH, streams::FAST) } else { (DEPTH, streams::BOOK) };
    let message = RawMessage::Book(RawBook {
        kind: FrameKind::Snapshot { depth },
        ts_exch: millis(BOOK, book.time)?,
        seq: 0,
        stream,
        bids: levels(book.levels.0),
        asks: levels(book.levels.1),
    });
    Ok(RawFeed { symbol: book.coin, channel: BOOK, message })
}

fn bbo(bbo: Bbo<'_>) -> Result<RawFeed<'_>, CoreError> {
    let message = RawMessage::Book(RawBook {
        kind: FrameKind::Bbo,
        ts_exch: millis(BBO, bbo.time)?,
        seq: 0,
        stream: streams::BBO,
        bids: bbo.bbo.0.into_iter().map(Into::into).collect(),
        asks: bbo.bbo.1.into_iter().map(Into::into).collect(),
    });
    Ok(RawFeed { symbol: bbo.coin, channel: BBO, message })
}

fn trades(trades: Vec<Trade<'_>>) -> Result<Raw<'_>, CoreError> {
    let Some(symbol) = trades.first().map(|trade| trade.coin) else {
        return Ok(Raw::Ignored);
    };
    let mut prints = Vec::with_capacity(trades.len());
    for trade in trades {
        if trade.coin != symbol {
            let why = format!("one frame with trades of {symbol} and of {}", trade.coin);
            return Err(wrong(TRADES, why));
        }
        prints.push(RawPrint {
            ts_exch: millis(TRADES, trade.time)?,
            side: side(TRADES, trade.side)?,
            px: trade.px,
            qty: trade.sz,
            id: trade.tid,
        });
    }
    let message = RawMessage::Trades(prints);
    Ok(Raw::Feed(RawFeed { symbol, channel: TRADES, message }))
}

fn asset_ctx(asset: AssetCtx<'_>) -> Result<RawFeed<'_>, CoreError> {
    let ctx = &asset.ctx;
    let mut values = vec![
        context(CONTEXT, (ContextKind::Oracle, 8), ctx.oracle_px)?,
        context(CONTEXT, (ContextKind::Mark, 8), ctx.mark_px)?,
        context(CONTEXT, (ContextKind::FundingRate, 12), ctx.funding)?,
        context(CONTEXT, (ContextKind::OpenInterest, 8), ctx.open_interest)?,
    ];
    if let Some(mid) = ctx.mid_px {
        values.push(context(CONTEXT, (ContextKind::Mid, 8), mid)?);
    }
    let message = RawMessage::Context { ts_exch: UnixNanos(0), values };
    Ok(RawFeed { symbol: asset.coin, channel: CONTEXT, message })
}

/// `B` buys, `A` sells.
fn side(channel: &'static str, text: &str) -> Result<Side, CoreError> {
    match text {
        "B" => Ok(Side::Bid),
        "A" => Ok(Side::Ask),
        _ => Err(wrong(channel, format!("side {text:?} is neither \"B\" nor \"A\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Scales;
    use proptest::prelude::*;

    const SCALES: Scales = Scales { px_decimals: 1, size_decimals: 5 };

    /// Coin, time, both sides, whether fast, whether the time comes last, and a flaw.
    type Shape = (String, i64, [Vec<(i64, i64, u32)>; 2], bool, bool, u8);

    fn shape() -> impl Strategy<Value = Shape> {
        let level = (1_i64..2_000_000, 0_i64..900_000_000, 0_u32..99);
        let side = proptest::collection::vec(level, 0..21);
        let sides = (side.clone(), side).prop_map(|(bids, asks)| [bids, asks]);
        let time = 1_600_000_000_000_i64..1_900_000_000_000;
        ("[A-Zk:]{1,6}", time, sides, any::<bool>(), any::<bool>(), 0_u8..24)
    }

    fn text(shape: &Shape) -> String {
        let (coin, time, sides, fast, time_last, flaw) = shape;
        let level = |&(px, qty, n): &(i64, i64, u32)| {
            let (whole, small) = (qty / 100_000, qty % 100_000);
            format!(r#"{{"px":"{}.{}","sz":"{whole}.{small:05}","n":{n}}}"#, px / 10, px % 10)
        };
        let side = |list: &Vec<_>| list.iter().map(level).collect::<Vec<_>>().join(",");
        let levels = format!("[[{}],[{}]]", side(&sides[0]), side(&sides[1]));
        let body = if *time_last {
            format!(r#""levels":{levels},"time":{time}"#)
        } else {
            format!(r#""time":{time},"levels":{levels}"#)
        };
        let fast = if *fast { r#","fast":true"# } else { "" };
        let frame = format!(r#"{{"channel":"l2Book","data":{{"coin":"{coin}",{body}{fast}}}}}"#);
        match flaw {
            0 => frame.replace("\"n\":", "\"n\":0"),
            1 => frame.replace(",\"sz\"", " ,\"sz\""),
            2 => frame.replacen("\"px\":\"", "\"px\":\"-", 1),
            3 => frame.replace("}}", "},\"more\":1}"),
            4 => frame.replace(".0\"", ".01\""),
            5 => frame.replace("\"time\":", "\"time\":-"),
            6 => frame + "\n",
            7 => frame + "}",
            8 => frame.replace("\"n\"", "\"m\""),
            9 => frame[..frame.len() / 2].to_owned(),
            10 => frame.replace("fast\":true", "fast\":false"),
            11 => frame.replacen("\"coin\":\"", "\"coin\":\"\\u0041", 1),
            12 => frame.replace("\"levels\"", "\"spread\":\"1.0\",\"levels\""),
            13 => frame.replace("\"n\":", "\"n\":4294967296"),
            14 => frame.replacen("\"coin\":\"", "\"coin\":\"\u{7}", 1),
            15 => frame.replace("]]", "],[]]"),
            _ => frame,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn both_paths_say_the_same(shape in shape()) {
            let frame = text(&shape);
            let all = |_: &str| Some(SCALES);
            let general = decode_general(frame.as_bytes(), &all);
            match scan::book(frame.as_bytes(), &all) {
                Some(quick) => prop_assert_eq!(Ok(quick), general),
                None => prop_assert!(shape.5 < 16, "the usual shape takes the quick path"),
            }
            prop_assert_eq!(scan::book(frame.as_bytes(), &|_| None), None);
        }

        #[test]
        fn damaged_frames_mean_the_same_on_both_paths(
            trades in any::<bool>(),
            at in 0_usize..420,
            byte in prop_oneof![Just(b'"'), Just(b'9'), Just(b'}'), Just(b'n'), Just(b' '), Just(b'0')],
        ) {
            let touch = r#"{"channel":"bbo","data":{"coin":"BTC","time":1790232236546,"bbo":[{"px":"84143.0","sz":"0.12","n":3},null]}}"#;
            let hash = "0x7ab608dad75f7ce37c2f044516391f02023a00c072529bb51e7eb42d965356ce";
            let user = "0x9aa589355bf745db9784c8ef3c646360f11b58af";
            let prints = format!(
                r#"{{"channel":"trades","data":[{{"coin":"BTC","side":"A","px":"84143.0","sz":"0.00036","time":1790232216193,"hash":"{hash}","tid":1045359869404765,"users":["{user}","{user}"]}}]}}"#
            );
            let whole = if trades { prints } else { touch.to_owned() };
            let all = |_: &str| Some(SCALES);
            let same = quick(whole.as_bytes(), &all).expect("the usual shapes take the quick path");
            prop_assert_eq!(Ok(same), decode_general(whole.as_bytes(), &all));
            let mut frame = whole.into_bytes();
            let at = at % frame.len();
            frame[at] = byte;
            if let Some(quick) = quick(&frame, &all) {
                prop_assert_eq!(Ok(quick), decode_general(&frame, &all));
            }
        }
    }
}
