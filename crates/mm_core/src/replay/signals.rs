//! Signals — what a run's signals begin with, and know at its end: a file for another run.
//!
//! A line that names the form and its version, the check sum, then a list of symbols. The number
//! rises whenever anything changes in what signals hold.

use super::drive::Replay;
use super::lane::Lane;
use crate::engine::Warmth;
use crate::error::CoreError;
use crate::signal::Bar;
use crate::tape::read_bytes;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const HEAD: &[u8] = b"botmm signals 1\n";
const SUM: usize = size_of::<u32>();

/// The signals of one symbol.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSignals {
    /// Which symbol.
    pub symbol: String,
    /// Its venue.
    pub venue: String,
    /// When the market was last heard.
    pub at: UnixNanos,
    pub(super) warmth: Warmth,
}

impl Replay {
    /// What the signals know now, as a file holds it.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where it cannot be written down.
    pub fn signals(&self) -> Result<Vec<u8>, CoreError> {
        let all: Vec<SavedSignals> = self.run.parts.iter().map(Lane::signals).collect();
        signals_file(&all)
    }
}

impl SavedSignals {
    /// What one symbol's signals know at a time.
    pub(crate) fn new(symbol: String, venue: String, at: UnixNanos, warmth: Warmth) -> Self {
        Self { symbol, venue, at, warmth }
    }
}

/// Signals as a file holds them.
///
/// # Errors
/// [`CoreError::BadArgument`] where they cannot be written down.
pub(crate) fn signals_file(all: &[SavedSignals]) -> Result<Vec<u8>, CoreError> {
    let bytes = postcard::to_stdvec(all)
        .map_err(|e| CoreError::BadArgument { name: "signals", why: e.to_string() })?;
    let sum = crc32fast::hash(&bytes).to_le_bytes();
    Ok([HEAD, &sum, &bytes].concat())
}

/// What signals begin with: what a file holds of a symbol, else minutes; `path` names the file.
///
/// # Errors
/// [`CoreError::BadArgument`] where the file holds none of the symbol, or minutes are unsound.
pub(crate) fn warmth_of(
    file: Option<(&str, &[SavedSignals])>,
    minutes: &[Minute],
    (symbol, venue): (&str, &str),
) -> Result<Warmth, CoreError> {
    match file {
        Some((path, all)) => signals_of((path, all), symbol, venue),
        None => Ok(Warmth::of_bars(&bars_of(symbol, minutes)?)),
    }
}

/// The signals that a file holds.
///
/// # Errors
/// [`CoreError::BadArgument`] naming the file where it is missing, damaged or of another form.
pub fn read_signals(path: &str) -> Result<Vec<SavedSignals>, CoreError> {
    let bytes = read_bytes(path)
        .map_err(|why| CoreError::BadArgument { name: "signals", why: format!("{path}: {why}") })?;
    parse_signals(path, &bytes)
}

/// The signals that bytes of a file hold; `path` names them in errors.
///
/// # Errors
/// As [`read_signals`].
pub(crate) fn parse_signals(path: &str, bytes: &[u8]) -> Result<Vec<SavedSignals>, CoreError> {
    let bad = |why: &str| CoreError::BadArgument { name: "signals", why: format!("{path}: {why}") };
    let rest = bytes.strip_prefix(HEAD).ok_or_else(|| bad("of another form or version"))?;
    let (sum, rest) = rest.split_at_checked(SUM).ok_or_else(|| bad("truncated"))?;
    if sum != crc32fast::hash(rest).to_le_bytes() {
        return Err(bad("damaged: it differs from its check sum"));
    }
    postcard::from_bytes(rest).map_err(|e| bad(&e.to_string()))
}

/// What the signals of one symbol know, of those that a file holds.
fn signals_of(
    (path, all): (&str, &[SavedSignals]),
    symbol: &str,
    venue: &str,
) -> Result<Warmth, CoreError> {
    let own = all.iter().find(|one| one.symbol == symbol && one.venue == venue);
    let none = || {
        let why = format!("{path}: holds none of {venue} {symbol}");
        CoreError::BadArgument { name: "signals", why }
    };
    Ok(own.ok_or_else(none)?.warmth.clone())
}

/// Open time in Unix ms, open, high, low, close, volume.
pub(crate) type Minute = (i64, f64, f64, f64, f64, f64);

/// Minutes as bars, in order of time.
///
/// # Errors
/// [`CoreError::BadArgument`] for the first that is unsound or out of order.
fn bars_of(symbol: &str, minutes: &[Minute]) -> Result<Vec<Bar>, CoreError> {
    let mut bars: Vec<Bar> = Vec::with_capacity(minutes.len());
    for &(t, open, high, low, close, _) in minutes {
        let bar = Bar { start: UnixNanos(t.saturating_mul(1_000_000)), open, high, low, close };
        if !bar.is_sound() || bars.last().is_some_and(|last| last.end() > bar.start) {
            let why = format!("the minute {t} of {symbol} is unsound or out of order");
            return Err(CoreError::BadArgument { name: "candles", why });
        }
        bars.push(bar);
    }
    Ok(bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_rises_with_what_signals_hold() {
        let minute = |i: i64| (i * 60_000, 100.0, 101.0, 99.0, 100.0 + (i % 7) as f64 * 0.1, 1.0);
        let minutes: Vec<Minute> = (0..100).map(minute).collect();
        let warm = Warmth::of_bars(&bars_of("X", &minutes).expect("sound minutes"));
        let bytes = |warmth: &Warmth| postcard::to_stdvec(warmth).expect("bytes").len();
        // Where these differ, the form of the file does: raise the number in HEAD as well.
        assert_eq!((bytes(&Warmth::default()), bytes(&warm)), (28_598, 28_744));
    }
}
