//! A randomness beacon and its rounds.

use sha2::{Digest, Sha256};
use std::fmt;

/// The number of a beacon's signature, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round(pub u64);

impl Round {
    /// What the beacon signs in this round, and so the identity that a ciphertext for it names: the SHA-256 of the
    /// number in eight big-endian bytes.
    #[must_use]
    pub fn identity(self) -> [u8; 32] {
        Sha256::digest(self.0.to_be_bytes()).into()
    }
}

impl fmt::Display for Round {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A beacon: whose signatures, and when they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beacon {
    /// The key of its signatures, a compressed point of G2.
    pub public_key: [u8; 96],
    /// When round 1 is published, in milliseconds since 1970.
    pub genesis_ms: u64,
    /// Milliseconds between rounds, not 0.
    pub period_ms: u64,
}

/// The key of drand's quicknet in hex, as its operators publish it.
const QUICKNET_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
                            8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb\
                            5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

impl Beacon {
    /// drand's quicknet, to which the public chain and its stock clients encrypt.
    #[must_use]
    pub fn quicknet() -> Self {
        let mut public_key = [0; 96];
        // The constant is as long as the key, so nothing is left over; a test verifies a signature of the network.
        let _ = hex::decode_to_slice(QUICKNET_KEY, &mut public_key);
        Self {
            public_key,
            genesis_ms: 1_692_803_367_000,
            period_ms: 3_000,
        }
    }

    /// The latest round published at a time, in milliseconds since 1970; round 0, which never exists, before the
    /// first.
    #[must_use]
    pub fn latest(&self, time_ms: u64) -> Round {
        match time_ms.checked_sub(self.genesis_ms) {
            Some(elapsed) => Round((elapsed / self.period_ms.max(1)).saturating_add(1)),
            None => Round(0),
        }
    }

    /// The round that a commit names when it shall open at a time: the count of whole periods since the beginning.
    /// That is the round before [`latest`](Self::latest), so it is published when the time comes.
    #[must_use]
    pub fn opening(&self, time_ms: u64) -> Round {
        Round(time_ms.saturating_sub(self.genesis_ms) / self.period_ms.max(1))
    }

    /// When a round is published, in milliseconds since 1970.
    #[must_use]
    pub fn published_ms(&self, round: Round) -> u64 {
        let periods = round.0.saturating_sub(1);
        self.genesis_ms
            .saturating_add(periods.saturating_mul(self.period_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::{Beacon, Round};

    #[test]
    fn rounds_come_at_their_times() {
        let beacon = Beacon::quicknet();
        let start = beacon.genesis_ms;
        assert_eq!(beacon.latest(start - 1), Round(0));
        assert_eq!(beacon.latest(start), Round(1));
        assert_eq!(beacon.latest(start + 2_999), Round(1));
        assert_eq!(beacon.latest(start + 3_000), Round(2));
        assert_eq!(beacon.published_ms(Round(2)), start + 3_000);
        assert_eq!(beacon.opening(start + 3_000), Round(1));
        assert!(beacon.published_ms(beacon.opening(start + 9_001)) <= start + 9_001);
    }
}
