//! Ids — numbers and hashes that look like the venue's and repeat with the seed.

/// The venue's own order ids are beyond 32 bits.
pub(super) const FIRST_OID: u64 = 600_000_000_000;
/// Trade ids have 50 bits.
const TID_BITS: u32 = 50;

/// SplitMix64.
fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The id of the trade of this number.
pub(super) fn trade(seed: u64, n: u64) -> u64 {
    mix(seed, n) >> (64 - TID_BITS)
}

/// The hash of the transaction of this number.
pub(super) fn transaction(seed: u64, n: u64) -> String {
    let part = |i: u64| mix(seed ^ 0x00C0_FFEE, n.wrapping_mul(4).wrapping_add(i));
    format!("0x{:016x}{:016x}{:016x}{:016x}", part(0), part(1), part(2), part(3))
}
