//! Random numbers by name and counter: the value at a counter depends on the purpose, the seed, the name and the
//! counter alone, never on what was drawn before. Initial values, dropout and sampling are therefore the same in
//! whatever order and on however many threads they are drawn.
//!
//! The key is the first 8 bytes, little endian, of SHA-256 over `purpose ‖ 0 ‖ seed as 8 bytes little endian ‖ name`;
//! the value at a counter is the SplitMix64 output of key + counter · 0x9E3779B97F4A7C15. Not for secrets.

use sha2::{Digest, Sha256};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A generator for one purpose, seed and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CounterRng {
    key: u64,
}

impl CounterRng {
    pub(crate) fn new(purpose: &str, seed: u64, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(purpose.as_bytes())
            .chain_update([0])
            .chain_update(seed.to_le_bytes())
            .chain_update(name.as_bytes())
            .finalize();
        let key = digest
            .iter()
            .take(8)
            .rev()
            .fold(0, |key, byte| (key << 8) | u64::from(*byte));
        Self { key }
    }

    /// The 64 bits at a counter.
    #[inline(always)]
    pub(crate) fn bits(self, counter: u64) -> u64 {
        let mut z = self
            .key
            .wrapping_add(counter.wrapping_add(1).wrapping_mul(GOLDEN));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to below 1 with 24 random bits.
    #[inline(always)]
    pub(crate) fn uniform(self, counter: u64) -> f32 {
        (self.bits(counter) >> 40) as f32 * (1.0 / 16_777_216.0)
    }

    /// Four 16-bit numbers from one counter.
    #[inline(always)]
    pub(crate) fn quarters(self, counter: u64) -> [u16; 4] {
        let bits = self.bits(counter);
        [
            bits as u16,
            (bits >> 16) as u16,
            (bits >> 32) as u16,
            (bits >> 48) as u16,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_depend_on_purpose_seed_name_and_counter() {
        let base = CounterRng::new("a", 1, "x");
        assert_eq!(base, CounterRng::new("a", 1, "x"));
        for other in [
            CounterRng::new("b", 1, "x"),
            CounterRng::new("a", 2, "x"),
            CounterRng::new("a", 1, "y"),
        ] {
            assert_ne!(base.bits(0), other.bits(0));
        }
        assert_ne!(base.bits(0), base.bits(1));
    }

    #[test]
    fn uniforms_fill_the_unit_interval_evenly() {
        let generator = CounterRng::new("test", 7, "even");
        let mut bins = [0_u32; 10];
        for counter in 0..100_000 {
            let value = generator.uniform(counter);
            assert!((0.0..1.0).contains(&value));
            bins[(value * 10.0) as usize] += 1;
        }
        for count in bins {
            assert!((9_600..10_400).contains(&count), "{bins:?}");
        }
    }
}
