//! Random numbers of the synthetic exchange: xoshiro256++ seeded by SplitMix64.
//!
//! Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021). Logarithms and
//! exponentials come from `libm`, so that two machines agree to the bit.

use serde::Deserialize;
use serde::Serialize;

/// A seeded generator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rng {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Rng {
    /// The generator number `tag` of a seed; different tags are independent.
    pub(super) fn new(seed: u64, tag: u64) -> Self {
        let mut mix = seed ^ tag.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut next = || {
            mix = mix.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let state = [next(), next(), next(), next()];
        Self { state, spare: None }
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in (0, 1].
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in 0..bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.uniform() <= p
    }

    /// +1 or -1.
    pub(super) fn sign(&mut self) -> f64 {
        if self.next() >> 63 == 0 {
            1.0
        } else {
            -1.0
        }
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// Double exponential with scale 1 (variance 2).
    pub(super) fn laplace(&mut self) -> f64 {
        self.sign() * self.exponential()
    }

    /// Standard normal, by the polar method.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Log-normal with median 1.
    pub(super) fn lognormal(&mut self, sigma: f64) -> f64 {
        libm::exp(sigma * self.normal())
    }

    /// Poisson, for the small means of one block; capped at 1,000.
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        let floor = libm::exp(-mean);
        let mut product = self.uniform();
        let mut count = 0;
        while product > floor && count < 1_000 {
            product *= self.uniform();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::flow::random::Rng;

    #[test]
    fn moments_are_those_of_the_laws() {
        let mut rng = Rng::new(7, 1);
        let count = 200_000;
        let (mut sum, mut square, mut events, mut expo) = (0.0, 0.0, 0_u64, 0.0);
        for _ in 0..count {
            let z = rng.normal();
            sum += z;
            square += z * z;
            events += u64::from(rng.poisson(1.7));
            expo += rng.exponential();
        }
        let n = f64::from(count);
        assert!((sum / n).abs() < 0.01);
        assert!((square / n - 1.0).abs() < 0.02);
        assert!((events as f64 / n - 1.7).abs() < 0.02);
        assert!((expo / n - 1.0).abs() < 0.02);
    }

    #[test]
    fn first_output_of_a_known_state() {
        // The reference implementation with state 1, 2, 3, 4 gives these numbers.
        let mut rng = Rng { state: [1, 2, 3, 4], spare: None };
        assert_eq!(
            [rng.next(), rng.next(), rng.next()],
            [41_943_041, 58_720_359, 3_588_806_011_781_223]
        );
    }
}
