//! Nonces — a signer's highest used ones: each counts once, old ones not at all.

use crate::sim::rules::Refusal;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;

const DAY_MS: i64 = 86_400_000;

/// The nonces that one signer used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Nonces(BTreeSet<u64>);

impl Nonces {
    /// Use a nonce at the time of a block, remembering `kept` of them.
    ///
    /// # Errors
    /// The nonce is outside two days before and one day after, was used, or is below all kept.
    pub fn take(&mut self, nonce: u64, now: UnixNanos, kept: usize) -> Result<(), Refusal> {
        let now_ms = now.0 / 1_000_000;
        let at = i64::try_from(nonce).unwrap_or(i64::MAX);
        if at <= now_ms - 2 * DAY_MS || at >= now_ms + DAY_MS {
            return Err(Refusal::NonceWindow { nonce });
        }
        if self.0.contains(&nonce) {
            return Err(Refusal::DuplicateNonce { nonce });
        }
        if self.0.len() >= kept {
            match self.0.first() {
                Some(&min) if nonce < min => return Err(Refusal::NonceTooLow { nonce, min }),
                _ => self.0.pop_first(),
            };
        }
        self.0.insert(nonce);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixNanos = UnixNanos(1_767_571_200_000_000_000);
    const MS: u64 = 1_767_571_200_000;

    #[test]
    fn a_nonce_counts_once_in_any_order() {
        let mut nonces = Nonces::default();
        for nonce in [MS + 5, MS, MS + 3] {
            assert_eq!(nonces.take(nonce, NOW, 100), Ok(()));
        }
        let again = nonces.take(MS, NOW, 100);
        assert_eq!(again, Err(Refusal::DuplicateNonce { nonce: MS }));
    }

    #[test]
    fn below_the_kept_ones_is_too_low_and_a_gap_above_them_is_free() {
        let mut nonces = Nonces::default();
        for i in 0..100 {
            assert_eq!(nonces.take(MS + 2 * i, NOW, 100), Ok(()));
        }
        let low = nonces.take(MS - 1, NOW, 100);
        assert_eq!(low, Err(Refusal::NonceTooLow { nonce: MS - 1, min: MS }));
        assert_eq!(nonces.take(MS + 1, NOW, 100), Ok(()));
        let dropped = nonces.take(MS, NOW, 100);
        assert_eq!(dropped, Err(Refusal::NonceTooLow { nonce: MS, min: MS + 1 }));
    }

    #[test]
    fn the_window_is_two_days_back_and_one_ahead() {
        let day = 86_400_000;
        for (nonce, holds) in [
            (MS - 2 * day, false),
            (MS - 2 * day + 1, true),
            (MS + day - 1, true),
            (MS + day, false),
            (u64::MAX, false),
        ] {
            let taken = Nonces::default().take(nonce, NOW, 100);
            assert_eq!(taken.is_ok(), holds, "{nonce}: {taken:?}");
        }
    }
}
