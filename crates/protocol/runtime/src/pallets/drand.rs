//! The randomness beacon as far as this runtime needs it: the storage in which pulses lie.
//!
//! Nothing writes pulses from within the chain: there is no off-chain worker. The node inserts them, so the errors and
//! events keep only their slots.

use crate::hex_literal::hex_literal;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

pub use pallet::*;

/// The randomness of one round.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Pulse {
    /// The round, counted from 1.
    pub round: u64,
    /// The digest of the signature.
    pub randomness: BoundedVec<u8, ConstU32<32>>,
    /// The beacon's signature of the round.
    pub signature: BoundedVec<u8, ConstU32<144>>,
}

/// Which beacon it is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BeaconConfiguration {
    /// The key its signatures are checked with.
    pub public_key: BoundedVec<u8, ConstU32<96>>,
    /// Seconds between rounds.
    pub period: u32,
    /// The Unix second of round 1.
    pub genesis_time: u32,
    /// The digest of all this.
    pub hash: BoundedVec<u8, ConstU32<32>>,
    /// The digest of its group of signers.
    pub group_hash: BoundedVec<u8, ConstU32<32>>,
    /// How it signs.
    pub scheme_id: BoundedVec<u8, ConstU32<32>>,
    /// Its name.
    pub metadata: Metadata,
}

/// The name of a beacon.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Metadata {
    /// The name.
    pub beacon_id: BoundedVec<u8, ConstU32<32>>,
}

impl BeaconConfiguration {
    /// The public beacon that stock clients encrypt to.
    #[must_use]
    pub fn quicknet() -> Self {
        const PUBLIC_KEY: [u8; 96] = hex_literal(
            "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451\
             0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        );
        const HASH: [u8; 32] =
            hex_literal("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971");
        const GROUP: [u8; 32] =
            hex_literal("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e");
        Self {
            public_key: BoundedVec::truncate_from(PUBLIC_KEY.to_vec()),
            period: 3,
            genesis_time: 1_692_803_367,
            hash: BoundedVec::truncate_from(HASH.to_vec()),
            group_hash: BoundedVec::truncate_from(GROUP.to_vec()),
            scheme_id: BoundedVec::truncate_from(b"bls-unchained-g1-rfc9380".to_vec()),
            metadata: Metadata {
                beacon_id: BoundedVec::truncate_from(b"quicknet".to_vec()),
            },
        }
    }
}

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::{BeaconConfiguration, Pulse};
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {}

    /// The public beacon.
    #[derive(Debug)]
    pub struct Quicknet;
    impl Get<BeaconConfiguration> for Quicknet {
        fn get() -> BeaconConfiguration {
            BeaconConfiguration::quicknet()
        }
    }

    /// The beacon whose pulses are stored.
    #[pallet::storage]
    pub type BeaconConfig<T: Config> = StorageValue<_, BeaconConfiguration, ValueQuery, Quicknet>;

    /// The pulses, by round.
    #[pallet::storage]
    pub type Pulses<T: Config> = StorageMap<_, Blake2_128Concat, u64, Pulse, OptionQuery>;

    /// The latest stored round.
    #[pallet::storage]
    pub type LastStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The earliest stored round.
    #[pallet::storage]
    pub type OldestStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The block at which the next pulse may be submitted without a signature.
    #[pallet::storage]
    pub type NextUnsignedAt<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// Which migrations of the chain have run; none here.
    #[pallet::storage]
    pub type HasMigrationRun<T: Config> =
        StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;

    /// What happened.
    #[pallet::event]
    pub enum Event<T: Config> {
        /// The beacon was changed.
        BeaconConfigChanged,
        /// Pulses were stored.
        NewPulse {
            /// Their rounds.
            rounds: Vec<u64>,
        },
        /// The earliest stored round was set.
        SetOldestStoredRound(u64),
    }

    /// Why a pulse was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no value.
        NoneValue,
        /// The number of a round overflowed.
        StorageOverflow,
        /// The beacon could not be reached.
        DrandConnectionFailure,
        /// The pulse is not verified.
        UnverifiedPulse,
        /// The round does not follow the last one.
        InvalidRoundNumber,
        /// The pulse's signature does not verify.
        PulseVerificationError,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}
}

#[cfg(test)]
mod tests {
    use super::BeaconConfiguration;
    use codec::Encode;

    #[test]
    fn the_public_beacon_has_the_size_of_the_originals_default() {
        assert_eq!(BeaconConfiguration::quicknet().encode().len(), 206);
    }
}
