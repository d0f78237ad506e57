//! The chain's own randomness beacon: its key, its rounds, and the rounds that something in the state waits for.
//!
//! The public beacon's signatures come over the internet, so what is encrypted to it cannot be opened offline. A chain
//! with a beacon of its own needs nobody. Caveat: the key follows from the genesis seed, which everybody can read, so
//! timelocks of such a chain keep their times and no secrets.

use crate::{
    Runtime,
    pallets::{
        commitments::{CommitmentOf, Data, TimelockedIndex},
        drand::{BeaconConfiguration, Metadata},
        subtensor::TimelockedWeightCommits,
    },
};
use assay_timelock::{Beacon, SecretKey};
use frame_support::BoundedVec;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// What the secret is derived from beside the seed.
const PURPOSE: &[u8] = b"assay devnet beacon";

/// A beacon of a chain's own.
///
/// A round lasts one slot, so with every block at least one is published: reveals happen only at blocks, and coarser
/// rounds would outlast the epochs of a fast chain (50 ms blocks with a tempo of 10 make epochs of half a second), while
/// finer ones would only be more signatures. Round 1 was at the beginning of 1970, so that no clock is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBeacon {
    /// The seed of the genesis.
    pub seed: u64,
    /// Milliseconds between rounds: the slot duration.
    pub period_ms: u64,
}

impl OwnBeacon {
    /// The key that signs the rounds.
    #[must_use]
    pub fn secret(&self) -> SecretKey {
        SecretKey::from_seed(&[PURPOSE, &self.seed.to_le_bytes()].concat())
    }

    /// What clients encrypt to.
    #[must_use]
    pub fn beacon(&self) -> Beacon {
        Beacon {
            public_key: self.secret().public().to_bytes(),
            genesis_ms: 0,
            period_ms: self.period_ms,
        }
    }

    /// As `Drand.BeaconConfig` holds it. Its period is in whole seconds there, rounded up.
    #[must_use]
    pub fn configuration(&self) -> BeaconConfiguration {
        let beacon = self.beacon();
        let digest = sp_io::hashing::sha2_256(&beacon.public_key);
        let bytes = |bytes: &[u8]| BoundedVec::truncate_from(bytes.to_vec());
        BeaconConfiguration {
            public_key: BoundedVec::truncate_from(beacon.public_key.to_vec()),
            period: u32::try_from(beacon.period_ms.div_ceil(1_000)).unwrap_or(u32::MAX),
            genesis_time: 0,
            hash: bytes(&digest),
            group_hash: bytes(&digest),
            scheme_id: bytes(b"bls-unchained-g1-rfc9380"),
            metadata: Metadata {
                beacon_id: bytes(b"assay-devnet"),
            },
        }
    }
}

/// The rounds in this range that a timelocked commit or commitment waits for. After a leap of the clock nobody needs
/// the millions of rounds it passed over, except these. Call it inside externalities.
#[must_use]
pub fn awaited_rounds(range: &RangeInclusive<u64>) -> BTreeSet<u64> {
    let weights = TimelockedWeightCommits::<Runtime>::iter_values()
        .flatten()
        .map(|(_, _, _, round)| round);
    let commitments = TimelockedIndex::<Runtime>::get()
        .into_iter()
        .filter_map(|(netuid, who)| CommitmentOf::<Runtime>::get(netuid, who))
        .flat_map(|registration| registration.info.fields)
        .filter_map(|field| match field {
            Data::TimelockEncrypted { reveal_round, .. } => Some(reveal_round),
            _ => None,
        });
    weights
        .chain(commitments)
        .filter(|round| range.contains(round))
        .collect()
}
