//! Lines — verbatim frames as collectors write them: one a line, with a receive time.

use super::table::Times;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::FeedMessage;
use crate::instrument::Venue;
use crate::wire::decode;
use crate::wire::nests_too_deep;
use crate::wire::parse_float_text;
use crate::wire::scan_scales;
use crate::wire::Decoded;
use crate::wire::Scales;
use serde::Deserialize;
use sonic_rs::LazyValue;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

const NS_PER_SECOND: i64 = 1_000_000_000;

/// Receive times may step back by so much where a recorder has several threads; more is damage, or
/// two recordings in one.
const BACKWARD_NS_MAX: i64 = 60 * NS_PER_SECOND;

/// How a line carries its frame and receive time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    /// `<receive time> <frame>`, in nanoseconds, microseconds or milliseconds.
    Stamped,
    /// `{"time": ISO, "ver_num": 1, "raw": frame}`.
    Archive,
    /// The frame alone; its own `ts` is all there is.
    Bare,
    /// `{"t": "recv", "ts": seconds, "data": "frame as text"}` among other kinds of lines.
    Session,
}

/// A format of verbatim lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    venue: Venue,
    wrapping: Wrapping,
}

/// What was met in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Lines that are not empty.
    pub lines: u64,
    /// Lines of other symbols or channels.
    pub other: u64,
}

impl LineCounts {
    pub(super) fn add(&mut self, more: Self) {
        self.lines += more.lines;
        self.other += more.other;
    }
}

/// What a recording says of one symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Decimals that its prices and sizes need.
    pub scales: Scales,
    /// Messages of market data.
    pub messages: u64,
}

/// Messages of one symbol, in the order of the lines.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) times: Times,
    pub(super) messages: Vec<FeedMessage>,
    pub(super) counts: LineCounts,
}

/// Times and streams of messages that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Venue times, 0 where the venue sends none.
    pub exch: Vec<i64>,
    /// Receive times.
    pub recv: Vec<i64>,
    /// See [`crate::event::streams`].
    pub stream: Vec<u8>,
}

impl Found {
    /// What was heard. The last trade of a frame is the freshest.
    pub(super) fn heard(&self) -> Heard {
        let mut heard = Heard { recv: self.times.recv.clone(), ..Heard::default() };
        for message in &self.messages {
            let (exch, stream) = match message {
                FeedMessage::Book(frame) => (frame.ts_exch.0, frame.stream),
                FeedMessage::Trades(prints) => {
                    (prints.last().map_or(0, |print| print.ts_exch.0), streams::TRADES)
                }
                FeedMessage::Context { ts_exch, .. } => (ts_exch.0, streams::CONTEXT),
            };
            heard.exch.push(exch);
            heard.stream.push(stream);
        }
        heard
    }
}

/// What is read from lines, and by which rules.
pub(super) struct Wanted<'s> {
    pub(super) symbol: &'s str,
    pub(super) scales: Scales,
    /// Whether single trades were seen: aggregates then say the same again.
    pub(super) singles: &'s mut bool,
}

#[derive(Deserialize)]
struct ArchiveLine<'a> {
    time: &'a str,
    #[serde(borrow)]
    raw: LazyValue<'a>,
}

#[derive(Deserialize)]
struct SessionLine<'a> {
    t: &'a str,
    #[serde(borrow)]
    ts: Option<LazyValue<'a>>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct BareLine {
    ts: i64,
}

impl Format {
    /// The format of this name.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where there is none.
    pub fn named(name: &str) -> Result<Self, CoreError> {
        let (venue, wrapping) = match name {
            "hl_ws" => (Venue::Hyperliquid, Wrapping::Stamped),
            "hl_archive" => (Venue::Hyperliquid, Wrapping::Archive),
            "binance" => (Venue::Binance, Wrapping::Stamped),
            "bybit" => (Venue::Bybit, Wrapping::Bare),
            "cryptofeed_binance" => (Venue::Binance, Wrapping::Session),
            "cryptofeed_bybit" => (Venue::Bybit, Wrapping::Session),
            "cryptofeed_hyperliquid" => (Venue::Hyperliquid, Wrapping::Session),
            _ => {
                let why = format!(
                    "{name:?} is none of hl_ws, hl_archive, binance, bybit, cryptofeed_binance, \
                     cryptofeed_bybit, cryptofeed_hyperliquid"
                );
                return Err(CoreError::BadArgument { name: "format", why });
            }
        };
        Ok(Self { venue, wrapping })
    }

    /// Whose frames these are.
    #[must_use]
    pub fn venue(self) -> Venue {
        self.venue
    }

    /// Which symbols a recording has, and the decimals they need.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] with the line, where one cannot be read.
    pub fn scan(
        self,
        data: &[u8],
        first_line: u64,
    ) -> Result<BTreeMap<String, Scanned>, CoreError> {
        let mut seen = BTreeMap::new();
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        let named = RefCell::new(None);
        let note = |symbol: &str| {
            named.replace(Some(symbol.to_owned()));
            None
        };
        each_line(data, first_line, |line| {
            let Some((_, frame)) = self.unwrap(line)? else { return Ok(()) };
            scan_scales(self.venue, frame.as_bytes(), &mut seen)?;
            decode(self.venue, frame.as_bytes(), &note)?;
            if let Some(symbol) = named.take() {
                *counted.entry(symbol).or_default() += 1;
            }
            Ok(())
        })?;
        // Binance's depth snapshot names no symbol: it belongs to the only one there is.
        let nameless = seen.remove("").unwrap_or_default();
        let only = seen.len() == 1;
        let scanned = |(symbol, mut scales): (String, Scales)| {
            if only {
                scales.px_decimals = scales.px_decimals.max(nameless.px_decimals);
                scales.size_decimals = scales.size_decimals.max(nameless.size_decimals);
            }
            let messages = counted.get(&symbol).copied().unwrap_or(0);
            (symbol, Scanned { scales, messages })
        };
        Ok(seen.into_iter().map(scanned).collect())
    }

    /// The messages of one symbol.
    pub(super) fn decode(
        self,
        wanted: &mut Wanted<'_>,
        (data, first_line): (&[u8], u64),
    ) -> Result<Found, CoreError> {
        let mut found = Found::default();
        let mut aggregates = Vec::new();
        let scales = wanted.scales;
        // A frame that names no symbol (Binance's depth snapshot) is of the file's only one.
        let of = |name: &str| (name == wanted.symbol || name.is_empty()).then_some(scales);
        let mut singles = *wanted.singles;
        let mut newest = i64::MIN;
        each_line(data, first_line, |line| {
            found.counts.lines += 1;
            let unwrapped = self.unwrap(line)?;
            let decoded = match &unwrapped {
                Some((_, frame)) => decode(self.venue, frame.as_bytes(), &of)?,
                None => Decoded::Ignored,
            };
            match (decoded, &unwrapped) {
                (Decoded::Feed { channel, message, .. }, Some((recv, _))) => {
                    newest = forward(newest, *recv)?;
                    singles |= channel == "trade";
                    if channel == "aggTrade" {
                        aggregates.push(found.messages.len());
                    }
                    found.times.recv.push(*recv);
                    found.messages.push(message);
                }
                _ => found.counts.other += 1,
            }
            Ok(())
        })?;
        *wanted.singles = singles;
        if singles {
            for at in aggregates.into_iter().rev() {
                found.times.recv.remove(at);
                found.messages.remove(at);
                found.counts.other += 1;
            }
        }
        found.times.exch.clone_from(&found.times.recv); // Messages carry their own venue time.
        Ok(found)
    }

    /// Receive time and frame of a line; `None` for lines that carry no frame.
    fn unwrap(self, line: &[u8]) -> Result<Option<(i64, Cow<'_, str>)>, CoreError> {
        let text = std::str::from_utf8(line).map_err(|e| bad(format!("not UTF-8: {e}")))?;
        match self.wrapping {
            Wrapping::Stamped => stamped(text).map(Some),
            Wrapping::Archive => {
                let line: ArchiveLine<'_> = json(text)?;
                Ok(Some((iso_nanos(line.time)?, line.raw.as_raw_cow())))
            }
            Wrapping::Bare => {
                let line: BareLine = json(text)?;
                Ok(Some((nanos(line.ts)?, Cow::Borrowed(text))))
            }
            Wrapping::Session => {
                let line: SessionLine<'_> = json(text)?;
                match (line.t, line.ts, line.data) {
                    ("recv", Some(ts), Some(frame)) => {
                        let recv = parse_float_text(ts.as_raw_str().as_bytes(), 9)?;
                        Ok(Some((nanos(recv)?, frame)))
                    }
                    _ => Ok(None),
                }
            }
        }
    }
}

/// Call `read` with every line that is not blank, naming the line in errors.
fn each_line(
    data: &[u8],
    first_line: u64,
    mut read: impl FnMut(&[u8]) -> Result<(), CoreError>,
) -> Result<(), CoreError> {
    for (number, line) in (first_line..).zip(data.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        read(line).map_err(|error| match error {
            CoreError::BadPayload { channel, why } => {
                CoreError::BadPayload { channel, why: format!("line {number}: {why}") }
            }
            other => bad(format!("line {number}: {other}")),
        })?;
    }
    Ok(())
}

/// `<receive time> <frame>`; the unit shows by the number of digits.
fn stamped(text: &str) -> Result<(i64, Cow<'_, str>), CoreError> {
    let (stamp, frame) = text.split_once(' ').ok_or_else(|| bad("no receive time".to_owned()))?;
    let value: i64 = stamp.parse().map_err(|_| bad(format!("receive time {stamp:?}")))?;
    Ok((nanos(value)?, Cow::Borrowed(frame)))
}

/// The later of two receive times.
fn forward(newest: i64, recv: i64) -> Result<i64, CoreError> {
    if recv < newest.saturating_sub(BACKWARD_NS_MAX) {
        let seconds = (newest - recv) / NS_PER_SECOND;
        return Err(bad(format!("receive time {recv} is {seconds} s before an earlier line's")));
    }
    Ok(newest.max(recv))
}

/// Unix nanoseconds of a time in milliseconds, microseconds or nanoseconds, from 1973 to 2255.
fn nanos(value: i64) -> Result<i64, CoreError> {
    match value {
        100_000_000_000..9_000_000_000_000 => Ok(value * 1_000_000),
        100_000_000_000_000..9_000_000_000_000_000 => Ok(value * 1_000),
        100_000_000_000_000_000..9_000_000_000_000_000_000 => Ok(value),
        _ => Err(bad(format!("receive time {value} is in no known unit"))),
    }
}

/// `2023-04-15T00:00:07.705751164`, UTC, to Unix nanoseconds.
fn iso_nanos(text: &str) -> Result<i64, CoreError> {
    let wrong = || bad(format!("time {text:?} is not like 2023-04-15T00:00:07.705751164"));
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = plain.split_once('T').ok_or_else(wrong)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let numbers = |part: &str, mark: char| -> Option<[i64; 3]> {
        let mut parts = part.split(mark).map(|digits| digits.parse().ok());
        let all = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(all)
    };
    let [year, month, day] = numbers(date, '-').ok_or_else(wrong)?;
    let [hour, minute, second] = numbers(clock, ':').ok_or_else(wrong)?;
    let sound = (1970..2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && fraction.len() <= 9
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !sound {
        return Err(wrong());
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
    let days = days_from_civil(year, month, day);
    Ok(((days * 24 + hour) * 60 + minute) * 60 * NS_PER_SECOND + second * NS_PER_SECOND + nanos)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
///
/// Source: Howard Hinnant, chrono-compatible low-level date algorithms, `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CoreError> {
    if nests_too_deep(text) {
        return Err(bad("nested too deep".to_owned()));
    }
    sonic_rs::from_str(text).map_err(|e| {
        // The lines after the first draw the place in the text.
        bad(e.to_string().lines().next().unwrap_or("not JSON").to_owned())
    })
}

fn bad(why: String) -> CoreError {
    CoreError::BadPayload { channel: "recording", why }
}
